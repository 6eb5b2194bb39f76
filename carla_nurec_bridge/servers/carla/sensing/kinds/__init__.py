"""The kinds of sensors that are served: each module is one, and registers it as ``KIND``."""
