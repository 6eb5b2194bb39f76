"""Jobs and uploaded files on disk."""
