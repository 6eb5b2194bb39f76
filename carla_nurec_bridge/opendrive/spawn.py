"""Places where a vehicle can be put on a map."""

from __future__ import annotations

import numpy as np

from .geometry import lane_borders, lane_pose
from .model import OpenDriveMap

_SPACING_M = 15.0
_MARGIN_M = 8.0
_MIN_WIDTH_M = 2.5


def spawn_points(opendrive: OpenDriveMap) -> list[tuple[float, float, float, float]]:
    """Return (x, y, z, heading) in the map frame on the middle of driving lanes.

    Points lie on the road surface, 15 m apart, at least 8 m from the ends of their road, outside
    junctions, on lanes at least 2.5 m wide; the order follows the file. Heading is that of travel
    in radians. Whoever spawns there adds the clearance it wants in z.
    """
    points: list[tuple[float, float, float, float]] = []
    for road, section, lane in opendrive.drivable_lanes():
        if road.junction is not None or lane.type != "driving":
            continue
        begin = max(section.s, _MARGIN_M)
        end = min(section.s_end, road.length - _MARGIN_M)
        if end <= begin:
            continue
        s = np.arange(begin, end + 1e-9, _SPACING_M)
        inner, outer = lane_borders(road, section, s)[lane.id]
        x, y, z, heading, _ = lane_pose(road, section, lane.id, s)
        rows = np.flatnonzero(np.abs(outer - inner) >= _MIN_WIDTH_M)
        heading = heading % (2.0 * np.pi)
        points += [(float(x[i]), float(y[i]), float(z[i]), float(heading[i])) for i in rows]
    return points
