"""Rules as data: read strictly, checked whole, layered."""
