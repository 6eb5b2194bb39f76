"""Recordings in CARLA: asked about, made, and played again to the exact moment."""
