"""Files that others may read or write meanwhile: whole or not at all, one writer at a time."""
