"""The connection to a CARLA server, and what an episode is set up with."""
