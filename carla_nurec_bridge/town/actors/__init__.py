"""Meshes of everything that moves: vehicles, riders, walkers, signal heads."""
