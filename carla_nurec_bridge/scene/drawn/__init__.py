"""What this package draws a scene as: its street, and its tracks as meshes."""
