"""Judge many dossiers, as tables."""
