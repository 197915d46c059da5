"""The register of findings over time: what was found and said of it, in a chain that shows any change."""
