"""Scene packages made from CARLA recordings, trajectories and bags."""
