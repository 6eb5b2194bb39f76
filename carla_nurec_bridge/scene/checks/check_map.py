"""Whether a scene and its map lie on each other: the rig on lanes, at the road's height."""

from __future__ import annotations

import numpy as np

from ..package.model import Scene
from ..package.problems import Findings
from ..package.reading import MAP

_OFF_M = 1.0


def check_map(scene: Scene, found: Findings) -> None:
    """Note a map whose lanes do not lie under the rig's way.

    InputError when the map is no sound OpenDRIVE.
    """
    if scene.xodr is None or scene.geo_reference is None:
        return
    # Imported here: it brings numba along.
    from ...opendrive import parse
    from ...opendrive.heights import ground_height
    from ..build.ground_snapping import ON_LANES, share_on_lanes

    road = parse(scene.xodr, MAP)
    for note in road.notes:
        found.warn(MAP, "", note)
    trajectory = scene.rig_trajectory.world_from_rig
    points = (scene.map_from_world @ trajectory)[:, :3, 3]
    why = scene.geo_reference.why
    share = share_on_lanes(road, points)
    if share < ON_LANES:
        found.warn(
            MAP,
            "header.geoReference",
            f"only {share:.0%} of the rig's path lies on lanes; "
            "either the drive left them, or the map lies elsewhere (its place is from "
            f"{why})",
        )
    height, _ = ground_height(road, points, points[:, 2])
    off = (points[:, 2] - height)[np.isfinite(height)]
    if share >= ON_LANES and len(off) and abs(float(np.median(off))) > _OFF_M:
        found.warn(
            MAP,
            "header.geoReference",
            f"the rig is {np.median(off):+.2f} m above the road; the map's place is from {why}",
        )
