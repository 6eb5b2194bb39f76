"""The verbs of ``carla-nurec dataset``."""
