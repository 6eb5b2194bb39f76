"""Driving beside the lanes, or on those of the other direction, by the Leaderboard's rules."""

from __future__ import annotations

import math

import numpy as np

from ...lane_cover import LaneSpot
from ..moment import DriveMoment
from .limits import LeaderboardLimits
from .route import RoutePoints


class OutsideLanes:
    """How much of the driven route was outside of lanes, or against them."""

    def __init__(self, route: RoutePoints, limits: LeaderboardLimits) -> None:
        self._route, self._limits = route, limits
        self._index = 0
        self._last: LaneSpot | None = None
        self._wrong_lane = False
        self.total_m = 0.0
        self.outside_m = 0.0
        self.now = False

    @property
    def percent(self) -> float:
        """The driven share of the route that was off its lanes, 0 to 100."""
        return 100.0 * self.outside_m / self.total_m if self.total_m > 0.0 else 0.0

    def update(self, moment: DriveMoment) -> None:
        """Look at the next tick."""
        if moment.cover is None:
            return
        place = np.append(moment.footprint.centres[0], moment.rear_axle[2])
        spots = moment.lanes[4]
        away = 0.0
        if not spots:
            away = float(moment.cover.outside_m(place[None], "lanes_and_parking")[0])
            nearest = moment.cover.nearest(place)
            spots = () if nearest is None else (nearest[0],)
        if spots:
            self._wrong_lane = self._is_wrong(spots[0], moment)
            self._last = spots[0]
        self.now = away > self._limits.outside_m or self._wrong_lane
        for index in self._route.passed(place[:2], self._index + 1, 2, moment.step_s):
            step = float(self._route.along_m[index] - self._route.along_m[self._index])
            self.total_m += step
            self.outside_m += step if self.now else 0.0
            self._index = index

    def _is_wrong(self, spot: LaneSpot, moment: DriveMoment) -> bool:
        last = self._last
        if spot.in_junction:
            return False
        if last is None or (last.road_id, last.lane_id) == (spot.road_id, spot.lane_id):
            return self._wrong_lane
        if last.in_junction:
            turned = _degrees(spot.heading_rad - moment.heading_rad)
            return turned >= self._limits.vehicle_deg
        if _degrees(last.heading_rad - spot.heading_rad) > self._limits.turned_deg:
            return not self._wrong_lane
        return self._wrong_lane


def _degrees(angle_rad: float) -> float:
    """Return an angle between two directions, 0 to 180 degrees."""
    return abs(math.degrees(math.remainder(angle_rad, 2.0 * math.pi)))
