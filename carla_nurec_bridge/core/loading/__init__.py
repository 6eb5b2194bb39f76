"""Putting off what takes long to load or compile until something uses it."""
