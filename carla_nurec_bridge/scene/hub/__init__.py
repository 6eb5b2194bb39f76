"""NVIDIA's published scenes: found and fetched."""
