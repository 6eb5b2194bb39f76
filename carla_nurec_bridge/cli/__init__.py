"""The command line ``carla-nurec``: one file a verb, one table of verbs in ``main``."""
