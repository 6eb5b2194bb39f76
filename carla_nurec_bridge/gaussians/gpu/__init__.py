"""Gaussians drawn on an NVIDIA GPU, or on Warp's processor device: the pictures of ``drawing``."""
