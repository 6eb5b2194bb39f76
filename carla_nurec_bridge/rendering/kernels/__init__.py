"""Compiled kernels: what a ray meets, and how bright and of which colour it is."""
