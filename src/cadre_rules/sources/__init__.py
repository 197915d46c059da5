"""Read dossiers from outside: files, and later tables."""
