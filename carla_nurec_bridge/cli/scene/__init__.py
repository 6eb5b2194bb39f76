"""Verbs of ``carla-nurec scene``: packages built, looked at, checked and fetched."""
