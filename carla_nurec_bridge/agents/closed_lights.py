"""For which red and yellow lights on its route a driver stops, and how far it is to their lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..world.states import TrafficLight
from .corridor import Corridor

BEFORE_LINE_M = 1.0
"""Where the front comes to stand before a stop line."""
_LOOK_M = 100.0
_SAME_LEVEL_M = 2.5
_ALONG_COS = 0.5
_BEYOND_M = 2.0
"""Who can come to stand with the front so far behind a line that is red does so."""
_REACTION_S = 0.3
"""How long a command takes to act: the way until then is lost for braking."""

_LightKey = tuple[str, str]


@dataclass(frozen=True)
class StopLimits:
    """How hard one brakes at most (m/s^2) for a light that is yellow, and for one that is red."""

    yellow_mps2: float = 4.0
    red_mps2: float = 7.0


class ClosedLights:
    """The closed lights of a route (N, 3) in the map, for a vehicle that reaches ``front_m`` ahead.

    A light holds for the route where its line lies across it: in the route's direction, not beside
    it, and at the height to which the route leads from where the vehicle is, so that a route whose
    own heights are unknown (all 0) serves as well where the road is even. Whoever could stop for a
    light once stops for it until it opens, however late the brakes act; who could not drives on,
    until it could.
    """

    def __init__(
        self, route: NDArray[np.float64], front_m: float, limits: StopLimits | None = None
    ) -> None:
        self._route = route
        self._corridor = Corridor(route[:, :2])
        steps = np.linalg.norm(np.diff(route[:, :2], axis=0), axis=1)
        self._along_m = np.concatenate([[0.0], np.cumsum(steps)])
        self._front_m, self._limits = front_m, limits or StopLimits()
        self._stops_for: set[_LightKey] = set()

    def room_m(
        self, lights: Sequence[TrafficLight], here_m: float, height_m: float, speed_mps: float
    ) -> float | None:
        """Return how far the front is before the next line to stop at; None where there is none.

        * here_m, height_m, speed_mps: how far base_link is along the route, its z in the map, and
          how fast it is.

        It is negative once the front is over the line.
        """
        closed = [light for light in lights if light.stops_traffic]
        self._stops_for &= {_key(light) for light in closed}
        ahead = [
            (float(room_m), light)
            for light, room_m in zip(closed, self._rooms(closed, here_m, height_m), strict=True)
            if room_m >= -_BEYOND_M
        ]
        for room_m, light in ahead:
            if self._can_stop(light, room_m, speed_mps):
                self._stops_for.add(_key(light))
        return min((room for room, light in ahead if _key(light) in self._stops_for), default=None)

    def _rooms(
        self, closed: Sequence[TrafficLight], here_m: float, height_m: float
    ) -> NDArray[np.float64]:
        """Return how far the front is before each line (K,); nan for those not on the route."""
        if not closed:
            return np.zeros(0)
        stops = np.array([light.stop for light in closed])
        along_m, left_m = self._corridor.places(stops[:, :2], here_m, _LOOK_M)
        on_route = np.abs(left_m) < [0.5 * light.size_m[1] for light in closed]
        climbs_m = self._height_m(along_m) - self._height_m(here_m)
        on_route &= np.abs(height_m + climbs_m - stops[:, 2]) < _SAME_LEVEL_M
        on_route &= [
            self._corridor.heading(at_m) @ light.map_from_area[:2, 0] > _ALONG_COS
            for at_m, light in zip(along_m, closed, strict=True)
        ]
        return np.where(on_route, along_m - here_m - self._front_m, np.nan)

    def _height_m(self, along_m: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return the route's own z at places along it."""
        return np.asarray(np.interp(along_m, self._along_m, self._route[:, 2]))

    def _can_stop(self, light: TrafficLight, room_m: float, speed_mps: float) -> bool:
        red = light.shows == "red"
        brake_mps2 = self._limits.red_mps2 if red else self._limits.yellow_mps2
        needs_m = speed_mps * _REACTION_S + speed_mps**2 / (2.0 * brake_mps2)
        return room_m + (_BEYOND_M if red else 0.0) >= needs_m


def stop_speed(room_m: float, speed_mps: float, brake_mps2: float) -> float:
    """Return the speed from which one stands after ``room_m``, the brakes acting a little late."""
    left_m = room_m - _REACTION_S * speed_mps
    return float(np.sqrt(2.0 * brake_mps2 * max(0.0, left_m)))


def _key(light: TrafficLight) -> _LightKey:
    return light.signal_id, light.lane
