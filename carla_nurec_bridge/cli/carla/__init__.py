"""Verbs of ``carla-nurec carla``."""
