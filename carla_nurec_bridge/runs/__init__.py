"""A run: its configuration, its processes, its recipe, and its end."""
