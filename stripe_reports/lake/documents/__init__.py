"""Documents: the small files beside the tables, which people and other programs read as text."""
