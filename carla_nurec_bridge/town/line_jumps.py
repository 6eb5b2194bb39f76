"""Roads whose line does not hold together: what is built and driven along them jumps with it."""

from __future__ import annotations

import logging

from ..opendrive.model import OpenDriveMap

_log = logging.getLogger(__name__)

_HELD_M = 0.1
"""Maps in use hold to 1 cm; beyond this a wheel feels it."""


def tell_jumps(road_map: OpenDriveMap) -> None:
    """Log how many roads have a piece that begins elsewhere than the one before it ends."""
    jumps = []
    for road in road_map.roads.values():
        apart_m = road.plan.jumps()
        if len(apart_m) and apart_m.max() > _HELD_M:
            worst = int(apart_m.argmax())
            jumps.append((float(apart_m[worst]), float(road.plan.s[worst + 1]), road.id))
    if jumps:
        apart, at, road_id = max(jumps)
        _log.warning(
            "map %s: the lines of %d roads jump, and their lanes with them: a <geometry> begins "
            "where the one before does not end, furthest on road %s, %.2f m at s = %.1f m",
            road_map.name,
            len(jumps),
            road_id,
            apart,
            at,
        )
