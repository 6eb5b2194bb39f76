"""Verbs of ``carla-nurec bag``."""
