"""Labelled frames: what a camera saw, whose pixels they are, and which classes count."""
