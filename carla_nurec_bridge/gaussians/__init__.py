"""Scenes of 3D Gaussians as values: read from files, written, made of meshes, and posed."""
