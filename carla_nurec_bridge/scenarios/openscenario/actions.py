"""Actions of an OpenSCENARIO file: what is read of them, and how an actor does them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from ...carla_client.driving.paths import MapPath
from .document import Element
from .positions import OscPosition, read_position

Steps = Generator[None, None, None]
_NEAR_MPS = 0.3
_NEAR_M = 2.0


class OscActor(Protocol):
    """An actor that does actions: what it is told holds from the next frame on."""

    target_mps: float

    @property
    def speed_mps(self) -> float:
        """Its speed."""

    @property
    def time_s(self) -> float:
        """Time of the drive."""

    @property
    def travelled_m(self) -> float:
        """How far it has come since the drive began."""

    def speed_of(self, entity: str) -> float:
        """Return the speed of another entity."""

    def change_lane(self, element: Element, lane: int, over_m: float, *, relative: bool) -> None:
        """Move over to another lane: so many to the left, or the one with that id."""

    def place(self, position: OscPosition) -> np.ndarray:
        """Return a position (3,) in the map."""

    def drive_along(self, path: MapPath) -> None:
        """Follow a path in the map, metre by metre."""

    def drive_to(self, places: list[np.ndarray]) -> MapPath:
        """Follow the lanes to places, and return the path."""

    def away_m(self, place: np.ndarray) -> float:
        """Return how far it is from a place."""


Action = Callable[[OscActor], Steps]
"""Does an action: its steps end when the action has."""


@dataclass(frozen=True)
class _Dynamics:
    """How a value is changed: at once or in a ramp, over a time, a way, or at a rate."""

    shape: str
    value: float
    dimension: str

    def share(self, actor: OscActor, began_s: float, began_m: float) -> float:
        """Return how much of it is done, 1 at its end."""
        done = actor.time_s - began_s if self.dimension == "time" else actor.travelled_m - began_m
        return 1.0 if self.value <= 0.0 else min((done + 1e-9) / self.value, 1.0)


def _dynamics(element: Element) -> _Dynamics:
    shape = element.choice("dynamicsShape", ("step", "linear", "sinusoidal", "cubic"))
    dimension = element.choice("dynamicsDimension", ("time", "distance", "rate"))
    return _Dynamics(shape, element.number("value", 0.0), dimension)


def speed_action(element: Element) -> Action:
    """Read a <SpeedAction>.

    As scenario_runner does, a step is made at once and the action lasts for the value of its
    dynamics; with a rate it ends at the speed that is wanted.
    """
    dynamics = _dynamics(element.child("SpeedActionDynamics"))
    target = element.child("SpeedActionTarget").only()
    if target.tag == "AbsoluteTargetSpeed":
        absolute_mps = target.number("value")

        def wanted(actor: OscActor) -> float:
            return absolute_mps

    elif target.tag == "RelativeTargetSpeed":
        if target.choice("continuous", ("true", "false"), "false") == "true":
            raise target.refuse("that goes on for ever is not supported")
        entity, value = target.text("entityRef"), target.number("value")
        factor = target.choice("speedTargetValueType", ("delta", "factor")) == "factor"

        def wanted(actor: OscActor) -> float:
            other = actor.speed_of(entity)
            return other * value if factor else other + value
    else:
        raise target.refuse()

    def do(actor: OscActor) -> Steps:
        begin_mps, goal_mps = actor.speed_mps, wanted(actor)
        began_s, began_m = actor.time_s, actor.travelled_m
        while True:
            if dynamics.dimension == "rate":
                way_mps = goal_mps - begin_mps
                moved = dynamics.value * (actor.time_s - began_s)
                share = 1.0 if moved >= abs(way_mps) else moved / abs(way_mps)
                done = share >= 1.0 and abs(actor.speed_mps - goal_mps) < _NEAR_MPS
            else:
                share = dynamics.share(actor, began_s, began_m)
                done = share >= 1.0
            ramp = 1.0 if dynamics.shape == "step" else share
            actor.target_mps = begin_mps + ramp * (goal_mps - begin_mps)
            if done:
                return
            yield

    return do


def lane_change_action(element: Element) -> Action:
    """Read a <LaneChangeAction>; it ends when its way is done."""
    if element.number("targetLaneOffset", 0.0) != 0.0:
        raise element.refuse("with targetLaneOffset is not supported")
    dynamics = _dynamics(element.child("LaneChangeActionDynamics"))
    if dynamics.dimension == "rate":
        raise element.refuse("with a rate is not supported; give time or distance")
    target = element.child("LaneChangeTarget").only()
    relative = target.tag == "RelativeTargetLane"
    if not relative and target.tag != "AbsoluteTargetLane":
        raise target.refuse()
    lane = int(target.number("value"))

    def do(actor: OscActor) -> Steps:
        began_m = actor.travelled_m
        over_m = dynamics.value
        if dynamics.dimension == "time":
            over_m *= max(actor.speed_mps, 1.0)
        over_m = max(over_m, 5.0)
        actor.change_lane(element, lane, over_m, relative=relative)
        while actor.travelled_m - began_m < over_m:
            yield

    return do


def trajectory_action(element: Element) -> Action:
    """Read a <FollowTrajectoryAction> with a polyline; its times, if it has any, set the speed."""
    holder = element.find("TrajectoryRef") or element
    shape = holder.child("Trajectory").child("Shape").only()
    if shape.tag != "Polyline":
        raise shape.refuse()
    vertices = shape.all("Vertex")
    if len(vertices) < 2:
        raise shape.refuse("needs two vertices")
    positions = [read_position(vertex.child("Position")) for vertex in vertices]
    times = [vertex.number("time", 0.0) for vertex in vertices]
    reference = element.find("TimeReference")
    timed = reference is not None and reference.find("Timing") is not None
    if timed and not all(a < b for a, b in pairwise(times)):
        raise shape.refuse("needs vertices with rising times")

    def do(actor: OscActor) -> Steps:
        points = np.array([actor.place(position) for position in positions])
        lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        actor.drive_along(points)
        began_s, began_m = actor.time_s, actor.travelled_m
        while True:
            come_m = actor.travelled_m - began_m
            if come_m >= along[-1] - _NEAR_M or actor.away_m(points[-1]) < _NEAR_M:
                return
            if timed:
                due_m = float(np.interp(actor.time_s - began_s, np.array(times) - times[0], along))
                piece = min(int(np.searchsorted(along, come_m, side="right")), len(lengths))
                planned = lengths[piece - 1] / (times[piece] - times[piece - 1])
                actor.target_mps = max(float(planned) + (due_m - come_m), 0.0)
            yield

    return do


def route_action(element: Element) -> Action:
    """Read an <AssignRouteAction> or <AcquirePositionAction>; it ends at the last place."""
    if element.tag == "AcquirePositionAction":
        holders = [element]
    else:
        holders = element.child("Route").all("Waypoint")
    positions = [read_position(holder.child("Position")) for holder in holders]
    if not positions:
        raise element.refuse("needs a waypoint")

    def do(actor: OscActor) -> Steps:
        places = [actor.place(position) for position in positions]
        actor.drive_to(places)
        while actor.away_m(places[-1]) > _NEAR_M:
            yield

    return do


def route_places(element: Element) -> list[OscPosition]:
    """Return the places of a <RoutingAction> that gives the ego its way."""
    held = element.only()
    if held.tag == "AcquirePositionAction":
        return [read_position(held.child("Position"))]
    if held.tag == "AssignRouteAction":
        return [read_position(w.child("Position")) for w in held.child("Route").all("Waypoint")]
    raise held.innermost.refuse()


def _controller(element: Element) -> Action:
    """Read a <ControllerAction> that leaves driving to who drives anyhow."""
    override = element.find("OverrideControllerValueAction")
    for value in override.children if override is not None else []:
        if value.text("active") == "true":
            raise value.refuse("that is active is not supported")

    def do(_: OscActor) -> Steps:
        return
        yield

    return do


_PRIVATE: dict[str, dict[str, Callable[[Element], Action]]] = {
    "LongitudinalAction": {"SpeedAction": speed_action},
    "LateralAction": {"LaneChangeAction": lane_change_action},
    "RoutingAction": {
        "FollowTrajectoryAction": trajectory_action,
        "AssignRouteAction": route_action,
        "AcquirePositionAction": route_action,
    },
}
"""The kinds that are read, by the element that sorts them."""


def read_action(element: Element) -> Action:
    """Read what a <PrivateAction> holds; InputError for a kind that is not supported."""
    held = element.only()
    if held.tag == "ControllerAction":
        return _controller(held)
    kinds = _PRIVATE.get(held.tag)
    if kinds is None:
        raise held.innermost.refuse()
    kind = held.only()
    if kind.tag not in kinds:
        raise kind.refuse()
    return kinds[kind.tag](kind)
