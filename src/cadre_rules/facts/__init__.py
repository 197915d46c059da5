"""From a dossier to a row of facts."""
