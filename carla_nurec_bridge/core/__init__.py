"""Poses, time, cameras, lidars, rigs, topics, errors: what all rooms share. It imports no room."""
