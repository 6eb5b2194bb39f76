"""Verbs of ``carla-nurec scenario``."""
