"""A rig's sensors in CARLA: mounted, queued, and decoded into right-handed SI values."""
