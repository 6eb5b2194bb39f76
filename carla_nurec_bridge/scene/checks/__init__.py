"""Every problem of a scene package."""
