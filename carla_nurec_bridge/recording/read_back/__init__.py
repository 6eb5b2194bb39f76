"""Bags read back: world states, what is told once, and the cameras."""
