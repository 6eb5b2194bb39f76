"""Drawing a little of everything once, so that no call waits for the compiler."""

from __future__ import annotations

import numpy as np

from ....core.cameras.models import OpenCVPinholeCamera
from ....core.rig.lidar import lidar_pattern
from ....rendering.camera import render_camera
from ....rendering.lidar import points_at_end, render_lidar
from ..scenes.drawn_scene import DrawnScene
from ..scenes.scene_actors import DrawnActors

RGB = frozenset({"rgb"})


def warm_up(drawn: DrawnScene, actors: DrawnActors) -> None:
    """Draw a few pixels and beams of a scene, on the render thread."""
    pattern = lidar_pattern("AT128").thinned(100)
    rays = OpenCVPinholeCamera.from_fov(16, 8, 90.0).ray_table()
    pose = drawn.map_from(drawn.scene.rig_trajectory.world_from_rig[0])
    start_us = drawn.scene.time_range_us[0]
    drawn.set_time(actors, start_us, start_us + 1, ())
    times = np.linspace(0.0, 1.0, 8)
    render_camera(drawn.render_scene, rays, pose, pose, times, "row", drawn.light, RGB)
    table, fractions = pattern.directions, pattern.column_fraction
    sweep = render_lidar(drawn.render_scene, table, fractions, pose, pose, 10.0)
    points_at_end(sweep, table, fractions, pose, pose)
