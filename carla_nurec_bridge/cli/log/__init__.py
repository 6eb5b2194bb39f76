"""Verbs of ``carla-nurec log``: questions to CARLA recordings."""
