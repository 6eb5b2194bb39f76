"""The world that the embedded servers share: maps, ground, signals and the scene to draw."""
