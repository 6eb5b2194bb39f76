"""Closed-loop scenarios: where the ego drives, who gets in its way, and what must come of it.

``file`` is their YAML form, ``live`` runs one beside the ego; ``adversaries`` has a file for each
kind of trouble.
"""
