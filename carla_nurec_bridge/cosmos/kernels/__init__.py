"""Per-pixel work of control videos that no library does as fast, compiled by numba."""
