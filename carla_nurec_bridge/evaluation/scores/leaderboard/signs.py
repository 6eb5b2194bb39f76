"""Red lights and stop signs by the Leaderboard's rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....core.frames import Matrix, invert, matrix_from_xyz_rpy
from ....opendrive.stops import StopArea
from ..moment import DriveMoment
from ..records import Infraction
from .limits import LeaderboardLimits
from .penalty import RED_LIGHT, STOP

_LINE_SHARE = 0.6
_TAIL_SHARE = 0.8
_TAIL_BEYOND_M = 1.0
_SAME_LEVEL_M = 2.5
_AREA_GROWN = 1.2
_BACKWARDS_COS = -0.17


class RedLights:
    """A line is run when the ego's tail is over it while its light is red; each once in a row."""

    def __init__(self, limits: LeaderboardLimits) -> None:
        self._limits = limits
        self._last: str | None = None

    def update(self, moment: DriveMoment) -> list[Infraction]:
        """Return the lights that were run in the next tick."""
        half_m = float(moment.footprint.halves_m[0][0])
        centre, forward = moment.centre, moment.box.map_from_box[:3, 0]
        found = []
        for light in moment.lights:
            if light.shows != "red" or light.signal_id == self._last:
                continue
            area_from_map = invert(light.map_from_area)
            middle = area_from_map[:3, :3] @ centre + area_from_map[:3, 3]
            ahead = area_from_map[:3, :3] @ forward
            if np.linalg.norm(middle) > self._limits.light_m or ahead[0] <= 0.0:
                continue
            near = middle - _TAIL_SHARE * half_m * ahead
            far = middle - (half_m + _TAIL_BEYOND_M) * ahead
            line_m = 0.5 * light.size_m[0]
            if (
                not far[0] <= line_m <= near[0]
                or abs(moment.rear_axle[2] - light.stop[2]) > _SAME_LEVEL_M
            ):
                continue
            share = (line_m - far[0]) / max(near[0] - far[0], 1e-9)
            if abs(far[1] + share * (near[1] - far[1])) > _LINE_SHARE * light.size_m[1]:
                continue
            self._last = light.signal_id
            x, y, z = light.stop.tolist()
            found.append(
                Infraction(
                    kind=RED_LIGHT,
                    stamp_ns=moment.stamp_ns,
                    time_s=moment.time_s,
                    place_m=(x, y, z),
                    actors=(),
                    figures={"ego_speed_mps": moment.speed_mps},
                )
            )
        return found


class StopSigns:
    """Whether the ego stood at each stop sign before it left the ground in front of its line."""

    def __init__(self, signs: Sequence[StopArea], limits: LeaderboardLimits) -> None:
        self._signs, self._limits = signs, limits
        self._area_from_map: list[Matrix] = [
            invert(matrix_from_xyz_rpy(sign.position, (0.0, 0.0, sign.heading))) for sign in signs
        ]
        self._target: int | None = None
        self._stood = False
        self._last: str | None = None

    def update(self, moment: DriveMoment) -> list[Infraction]:
        """Return the stop signs that were run in the next tick."""
        if self._target is None:
            self._target = self._holding(moment)
            return []
        if moment.speed_mps < self._limits.stopped_mps:
            self._stood = True
        if self._holds(self._target, moment):
            return []
        sign = self._signs[self._target]
        ran = not self._stood and sign.line.signal_id != self._last
        self._target, self._stood = None, False
        if not ran:
            return []
        self._last = sign.line.signal_id
        return [
            Infraction(
                kind=STOP,
                stamp_ns=moment.stamp_ns,
                time_s=moment.time_s,
                place_m=sign.line.position,
                actors=(),
                figures={"ego_speed_mps": moment.speed_mps},
            )
        ]

    def _holding(self, moment: DriveMoment) -> int | None:
        ahead = np.array([np.cos(moment.heading_rad), np.sin(moment.heading_rad)])
        if float(moment.velocity @ ahead) < _BACKWARDS_COS:
            return None
        return next((k for k in range(len(self._signs)) if self._holds(k, moment)), None)

    def _holds(self, number: int, moment: DriveMoment) -> bool:
        """Say whether the ego, or a place up to 4 m ahead on its lane, is on a sign's ground."""
        sign, limits = self._signs[number], self._limits
        away = np.subtract(sign.position, moment.centre)
        if np.hypot(away[0], away[1]) > limits.stop_m or abs(away[2]) > _SAME_LEVEL_M:
            return False
        if np.cos(sign.heading - moment.heading_rad) < _BACKWARDS_COS:
            return False
        area = self._area_from_map[number]
        x, y, _ = area[:3, :3] @ moment.centre + area[:3, 3]
        reach = _AREA_GROWN * 0.5 * sign.length_m
        across = _AREA_GROWN * 0.5 * sign.line.width_m
        return bool(-reach - limits.stop_m < x < reach and abs(y) < across)
