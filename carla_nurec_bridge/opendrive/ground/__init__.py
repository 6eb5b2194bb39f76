"""The triangles of a map's ground in a grid, built once and kept on disk."""
