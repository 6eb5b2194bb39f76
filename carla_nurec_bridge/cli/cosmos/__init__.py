"""Verbs of ``carla-nurec cosmos``, and the options that they share."""
