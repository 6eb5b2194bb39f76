"""Scenes and files of Gaussians in rerun's viewer."""
