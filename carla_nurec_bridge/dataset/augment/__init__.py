"""Augmentation of data sets: videos of the same scenes in other conditions, and their quality."""
