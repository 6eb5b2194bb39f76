"""The run of ``carla_ego``: its handles, its state, the order of a frame, its begin and end."""
