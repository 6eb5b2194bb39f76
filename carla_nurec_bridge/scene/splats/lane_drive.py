"""A drive along a map, for scenes of which one has a map and no drive."""

from __future__ import annotations

import numpy as np

from ...core.errors import InputError
from ...core.frames import rotation_from_rpy
from ...opendrive.geometry import lane_borders, lane_pose
from ...opendrive.model import OpenDriveMap
from ..build.samples import Samples

_SPEED_M_S = 10.0
_MOST_M = 200.0
_STEP_M = 1.0
_MARGIN_M = 8.0
_MIN_WIDTH_M = 2.0
_LEAST_M = 10.0
_START_US = 1_700_000_000_000_000


def drive_along(opendrive: OpenDriveMap, what: str) -> Samples:
    """Return a drive at 10 m/s along the map's longest stretch of one driving lane, 200 m at most.

    InputError when no lane is 10 m long and 2 m wide.
    """
    best = None
    for road, section, lane in opendrive.drivable_lanes():
        begin, end = section.s + _MARGIN_M, min(section.s_end, road.length) - _MARGIN_M
        if road.junction is not None or lane.type != "driving" or end - begin < _LEAST_M:
            continue
        inner, outer = lane_borders(road, section, np.array([begin, end]))[lane.id]
        wide = np.abs(outer - inner).min() >= _MIN_WIDTH_M
        if wide and (best is None or end - begin > best[0]):
            best = (end - begin, road, section, lane, begin, end)
    if best is None:
        raise InputError(f"{what} has no driving lane of {_LEAST_M:g} m; give a --trajectory")
    _, road, section, lane, begin, end = best
    s = np.arange(begin, min(end, begin + _MOST_M), _STEP_M)
    if not road.forward(lane.id):
        s = s[::-1]
    x, y, z, heading, _ = lane_pose(road, section, lane.id, s)
    stamps_us = _START_US + np.round(np.arange(len(s)) * _STEP_M / _SPEED_M_S * 1e6)
    return Samples(
        "map",
        stamps_us.astype(np.int64),
        np.column_stack([x, y, z]),
        np.array([rotation_from_rpy((0.0, 0.0, angle)) for angle in heading]),
        "map",
        True,
        f"the drive along {what}",
        np.arange(len(s), dtype=np.int64),
    )
