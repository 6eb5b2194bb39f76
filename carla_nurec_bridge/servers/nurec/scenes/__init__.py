"""The scenes of a server: packages, actors, assets, and streets ready to be drawn."""
