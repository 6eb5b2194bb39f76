"""Verbs of ``carla-nurec nurec assets``: who is drawn in a scene, and as what."""
