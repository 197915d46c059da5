"""What the caller hands over: typed, normalised, with every gap kept a gap."""
