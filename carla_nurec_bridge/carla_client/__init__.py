"""What uses the ``carla`` library, but for scenarios: session, ego, traffic, sensors, replay.

Poses leave this package as right-handed (4, 4) matrices in the map frame; see ``core.frames``.
"""
