"""Where somebody is: in a box of the map, on a lane, off it, along the route."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ...core.errors import InputError
from ...core.frames import Matrix, invert, rigid, rotation_from_rpy
from ...opendrive.geometry import lane_pose
from ..route import RouteTracker
from .base import Condition, Course, Observed, Watch
from .tick import EGO_NAME, Mover, Tick
from .watched import Watched, named_words, one_mover


class _Place(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class PlaceOnLane(_Place):
    """A place on a lane of the map."""

    type: Literal["lane"]
    road: str = Field(description="OpenDRIVE's id of the road")
    lane: int = Field(description="OpenDRIVE's id of the lane")
    s_m: float = Field(ge=0, description="distance along the road's reference line, m")
    left_m: float = Field(0.0, ge=-50, le=50, description="to the left of the lane's middle, m")

    def pose(self, course: Course) -> Matrix:
        """Return map_from_place, x in driving direction; InputError for a lane that is none."""
        opendrive = course.opendrive
        road = None if opendrive is None else opendrive.roads.get(self.road)
        section = (
            None
            if road is None
            else next((s for s in reversed(road.sections) if s.s <= self.s_m <= road.length), None)
        )
        if road is None or section is None or self.lane not in section.lanes:
            raise InputError(
                f"the map has no lane {self.lane} of road {self.road} at s={self.s_m:g} m"
            )
        x, y, z, heading, _ = (float(v[0]) for v in lane_pose(road, section, self.lane, [self.s_m]))
        return _posed((x, y, z), heading, self.left_m)


class PlaceInMap(_Place):
    """A place by its position in the map."""

    type: Literal["position"]
    x_m: float = Field(description="x in the right-handed map, m")
    y_m: float = Field(description="y in the right-handed map, m")
    z_m: float = Field(0.0, description="z in the map, m")
    heading_deg: float = Field(0.0, description="heading, from x towards y, degrees")

    def pose(self, course: Course) -> Matrix:
        """Return map_from_place (4, 4)."""
        return _posed((self.x_m, self.y_m, self.z_m), math.radians(self.heading_deg), 0.0)


class PlaceOnRoute(_Place):
    """A place along the ego's route."""

    type: Literal["route"]
    at_m: float = Field(ge=0, description="distance from the route's beginning, m")
    left_m: float = Field(0.0, ge=-50, le=50, description="to the left of the route, m")

    def pose(self, course: Course) -> Matrix:
        """Return map_from_place, x along the route; InputError behind the route's end."""
        if course.route is None:
            raise InputError("a place along the route needs a route")
        points = np.asarray(course.route)
        along = np.concatenate(
            [[0.0], np.cumsum(np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1))]
        )
        if self.at_m > along[-1]:
            raise InputError(
                f"a place is {self.at_m:g} m along the route, which has {along[-1]:.1f} m"
            )
        index = min(int(np.searchsorted(along, self.at_m, side="right")), len(points) - 1)
        step = points[index] - points[index - 1]
        share = (self.at_m - along[index - 1]) / (along[index] - along[index - 1])
        at = points[index - 1] + share * step
        z = float(at[2]) if len(at) > 2 else 0.0
        return _posed((float(at[0]), float(at[1]), z), math.atan2(step[1], step[0]), self.left_m)


Place = Annotated[PlaceOnLane | PlaceInMap | PlaceOnRoute, Field(discriminator="type")]


def _posed(at: tuple[float, float, float], heading_rad: float, left_m: float) -> Matrix:
    x, y, z = at
    x -= left_m * math.sin(heading_rad)
    y += left_m * math.cos(heading_rad)
    return rigid(rotation_from_rpy((0.0, 0.0, heading_rad)), (x, y, z))


class InBoxCondition(Condition):
    """The middle of somebody is in a box on the ground."""

    type: Literal["in_box"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    place: Place = Field(description="the middle of the box; its length lies along its heading")
    length_m: float = Field(gt=0, le=1e4, description="length of the box, m")
    width_m: float = Field(gt=0, le=1e4, description="width of the box, m")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it; InputError for a place that the map does not have."""
        map_from_place = self.place.pose(course)
        place_from_map = invert(map_from_place)
        half = np.array([0.5 * self.length_m, 0.5 * self.width_m])
        x, y = map_from_place[:2, 3].tolist()

        def look(_tick: Tick, mover: Mover) -> Observed:
            flat = place_from_map[:2, :2] @ (mover.centre[:2] - map_from_place[:2, 3])
            margin = float((half - np.abs(flat)).min())
            away_m = float(np.hypot(flat[0], flat[1]))
            words = f"{mover.words} was {away_m:.1f} m from the box's middle"
            figures = {"distance_m": away_m, "speed_mps": mover.speed_mps}
            return Observed(margin >= 0.0, words, mover.centre, mover.ids, figures, margin)

        size = f"{self.length_m:g} m by {self.width_m:g} m"
        claim = f"{named_words(self.of)} is in the box of {size} at ({x:.1f}, {y:.1f})"
        return Watched(claim, one_mover(self.of, look))


class RouteEndCondition(Condition):
    """The ego is at the end of its route."""

    type: Literal["route_end"]
    within_m: float = Field(5.0, gt=0, le=1000, description="so near to the end along it, m")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it; InputError without a route."""
        return _AlongRoute(course, self.within_m, None)


class RouteAtCondition(Condition):
    """The ego has come so far along its route."""

    type: Literal["route_at"]
    at_least_m: float = Field(gt=0, le=1e6, description="from the route's beginning, m")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it; InputError without a route."""
        return _AlongRoute(course, 0.0, self.at_least_m)


class _AlongRoute:
    def __init__(self, course: Course, within_m: float, at_m: float | None) -> None:
        if course.route is None:
            raise InputError("the end of the route is waited for, and there is no route")
        self._tracker = RouteTracker(np.asarray(course.route))
        self._goal_m = self._tracker.line.length_m - within_m if at_m is None else at_m
        where = "the end of its route" if at_m is None else f"{at_m:g} m of its route"
        self.claim = f"the ego reaches {where}"
        self._where = where

    def look(self, tick: Tick) -> Observed:
        """Look at the next tick; the ego's front is what arrives."""
        half_m = float(tick.moment.footprint.halves_m[0][0])
        along_m = self._tracker.update(tick.ego.centre) + half_m
        margin = along_m - self._goal_m
        left_m = max(self._tracker.line.length_m - along_m, 0.0)
        words = f"the ego was {left_m:.1f} m before the end of its route"
        figures = {"along_m": along_m, "left_m": left_m}
        return Observed(margin >= 0.0, words, tick.ego.centre, (), figures, margin)


KINDS = (InBoxCondition, RouteEndCondition, RouteAtCondition)
