"""The connection to a CARLA server, and the episode that is open in it."""
