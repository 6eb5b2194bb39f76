"""The kinds of cameras: each module says what its camera makes of a view, as ``KIND``."""
