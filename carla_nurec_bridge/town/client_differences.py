"""Where CARLA's client, which reads a map by itself, sees it elsewhere than it lies."""

from __future__ import annotations

import logging

import numpy as np

from ..opendrive.geo_reference import client_place
from ..opendrive.geometry import lane_borders
from ..opendrive.model import OpenDriveMap

_log = logging.getLogger(__name__)

_SAME_M = 0.02
_STEP_M = 5.0


def tell_differences(road_map: OpenDriveMap) -> None:
    """Log what clients of a map get wrong about its place on earth and its heights."""
    place = road_map.geo_reference
    theirs = client_place(road_map.geo_reference_text)
    if not np.allclose(theirs, (place.latitude_deg, place.longitude_deg), atol=1e-6):
        _log.warning(
            "map %s lies at %s; CARLA's client and so the GNSS sensor read %.7f N, %.7f E",
            road_map.name,
            place.words(),
            *theirs,
        )
    apart_m, road_id = bank_unseen(road_map)
    if apart_m > _SAME_M:
        _log.warning(
            "map %s has banked roads (superelevation), which CARLA's client takes for level: "
            "its way points lie up to %.2f m above or below them, furthest on road %s",
            road_map.name,
            apart_m,
            road_id,
        )


def bank_unseen(road_map: OpenDriveMap) -> tuple[float, str]:
    """Return how far in height (m) banking takes the middle of a lane at most, and on which road.

    (0, "") where no road of vehicles is banked.
    """
    furthest, where = 0.0, ""
    for road, section, lane in road_map.drivable_lanes():
        if not np.any(road.superelevation.coefficients):
            continue
        s = np.arange(section.s, min(section.s_end, road.length), _STEP_M)
        inner, outer = lane_borders(road, section, s)[lane.id]
        lifted = np.abs(0.5 * (inner + outer) * np.sin(road.superelevation.value(s)))
        if len(s) and np.max(lifted) > furthest:
            furthest, where = float(np.max(lifted)), road.id
    return furthest, where
