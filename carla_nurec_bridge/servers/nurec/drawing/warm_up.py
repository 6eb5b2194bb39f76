"""Drawing a little of everything once, so that no call waits for the compiler."""

from __future__ import annotations

from ....core.cameras.models import OpenCVPinholeCamera
from ....core.cameras.shutter import Shutter
from ....core.rig.lidar import lidar_pattern
from ....rendering.lidar import points_at_end
from ..scenes.drawn_scene import DrawnScene
from ..scenes.scene_actors import DrawnActors
from .pictures import draw_image, draw_sweep
from .views import RequestViews


def warm_up(drawn: DrawnScene, actors: DrawnActors) -> None:
    """Draw a few pixels and beams of a scene, on the render thread."""
    pattern = lidar_pattern("AT128").thinned(100)
    views = RequestViews()
    view = views.of(OpenCVPinholeCamera.from_fov(16, 8, 90.0), Shutter.ROLLING_TOP_TO_BOTTOM)
    pose = drawn.map_from(drawn.scene.rig_trajectory.world_from_rig[0])
    start_us = drawn.scene.time_range_us[0]
    drawn.set_time(actors, start_us, start_us + 1, ())
    draw_image(drawn, view, pose, pose)
    table, fractions = pattern.directions, pattern.column_fraction
    sweep = draw_sweep(drawn, pattern, views.sectors(pattern), pose, pose, 10.0)
    points_at_end(sweep.range_m, table, fractions, pose, pose)
