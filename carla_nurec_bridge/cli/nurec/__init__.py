"""Verbs of ``carla-nurec nurec``: servers and what they render."""
