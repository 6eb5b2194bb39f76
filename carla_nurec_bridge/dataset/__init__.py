"""Data sets with ground truth: recorded, kept in one layout on disk, exported to other formats."""
