"""Draw clouds of Gaussians: projected, sorted into tiles, blended along the ray of each pixel."""
