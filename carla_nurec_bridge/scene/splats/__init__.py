"""Gaussians in scene packages: placed, written, summed up, and made of streets."""
