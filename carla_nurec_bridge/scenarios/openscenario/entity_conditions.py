"""Conditions of an OpenSCENARIO file about entities, each kind by its element."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ...core.frames import Matrix
from ...evaluation.conditions import Mover, Observed, Tick, Watch, condition_of
from ...evaluation.conditions.watched import Watched, two_movers
from .document import Element
from .positions import read_position
from .watching import WatchContext, named_entity, rule_of

EntityWatch = Callable[[str, WatchContext], Watch]


def _own(context: WatchContext, **fields: object) -> Watch:
    """Watch one of our own conditions."""
    return condition_of(fields).watch(context.course)


def _standstill(kind: Element) -> EntityWatch:
    for_s = kind.number("duration")
    return lambda name, context: _own(context, type="standstill", of=name, for_s=for_s)


def _travelled(kind: Element) -> EntityWatch:
    metres = max(kind.number("value"), 1e-6)
    return lambda name, context: _own(context, type="travelled", of=name, at_least_m=metres)


def _off_road(kind: Element) -> EntityWatch:
    for_s = kind.number("duration")
    return lambda name, context: _own(context, type="off_road", of=name, for_s=for_s)


def _end_of_road(kind: Element) -> EntityWatch:
    if kind.number("duration") > 0.0:
        raise kind.refuse("with a duration is not supported")
    return lambda name, context: _own(context, type="end_of_road", of=name)


def _collision(kind: Element) -> EntityWatch:
    target = kind.only()
    if target.tag not in ("EntityRef", "ByType"):
        raise target.refuse()

    def watch(name: str, context: WatchContext) -> Watch:
        if target.tag == "EntityRef":
            whom = named_entity(target, target.text("entityRef"), context)
        else:
            whom = target.choice("type", ("vehicle", "pedestrian"))
        return _own(context, type="collision", of=name, **{"with": (whom,)})

    return watch


def _mover_number(of: Callable[[Mover], float]) -> Callable[[Element], EntityWatch]:
    def read(kind: Element) -> EntityWatch:
        compare = rule_of(kind)

        def watch(name: str, _: WatchContext) -> Watch:
            def look(tick: Tick) -> Observed:
                mover = tick.mover(name)
                return Observed(None if mover is None else compare(of(mover)))

            return Watched(kind.tag, look)

        return watch

    return read


def _pair_number(
    read: Callable[[Element], Callable[[Mover, Mover], float]],
) -> Callable[[Element], EntityWatch]:
    def of_kind(kind: Element) -> EntityWatch:
        compare, of = rule_of(kind), read(kind)
        other = _other_name(kind)

        def watch(name: str, context: WatchContext) -> Watch:
            def look(_: Tick, one: Mover, two: Mover) -> Observed:
                return Observed(compare(of(one, two)))

            return Watched(kind.tag, two_movers(name, named_entity(kind, other, context), look))

        return watch

    return of_kind


def _other_name(kind: Element) -> str:
    target = kind.find("TimeToCollisionConditionTarget")
    return kind.text("entityRef") if target is None else target.child("EntityRef").text("entityRef")


def _distance(kind: Element) -> Callable[[Mover, Mover], float]:
    free = kind.choice("freespace", ("true", "false")) == "true"
    along = kind.choice(
        "relativeDistanceType",
        ("cartesianDistance", "euclidianDistance", "longitudinal", "lateral"),
    )
    return partial(_apart_m, free=free, along=along)


def _apart_m(one: Mover, two: Mover, *, free: bool, along: str) -> float:
    """Return how far two are apart, over all or along one's heading or across it."""
    if along in ("cartesianDistance", "euclidianDistance"):
        return one.gap_m(two) if free else float(np.linalg.norm(two.centre - one.centre))
    heading = one.heading_rad
    axis = np.array([np.cos(heading), np.sin(heading)])
    if along == "lateral":
        axis = np.array([-axis[1], axis[0]])
    apart = abs(float((two.centre[:2] - one.centre[:2]) @ axis))
    if not free:
        return apart
    reach = sum(float(np.ptp(m.footprint.corners[0] @ axis)) / 2.0 for m in (one, two))
    return max(apart - reach, 0.0)


def _faster_mps(one: Mover, two: Mover) -> float:
    return one.speed_mps - two.speed_mps


def _headway(kind: Element) -> Callable[[Mover, Mover], float]:
    free = kind.choice("freespace", ("true", "false")) == "true"
    return lambda one, two: (
        _apart_m(one, two, free=free, along="longitudinal") / max(one.speed_mps, 1e-3)
    )


def _reach_position(kind: Element) -> EntityWatch:
    tolerance_m = kind.number("tolerance")
    position = read_position(kind.child("Position"))

    def watch(name: str, context: WatchContext) -> Watch:
        assert context.course.opendrive is not None
        place: Matrix = position.pose(context.course.opendrive, context.pose_of)

        def look(tick: Tick) -> Observed:
            mover = tick.mover(name)
            if mover is None:
                return Observed(None)
            away = np.linalg.norm(mover.centre[:2] - place[:2, 3])
            return Observed(bool(away <= tolerance_m))

        return Watched(kind.tag, look)

    return watch


BY_ENTITY: dict[str, Callable[[Element], EntityWatch]] = {
    "StandStillCondition": _standstill,
    "TraveledDistanceCondition": _travelled,
    "OffroadCondition": _off_road,
    "EndOfRoadCondition": _end_of_road,
    "CollisionCondition": _collision,
    "ReachPositionCondition": _reach_position,
    "SpeedCondition": _mover_number(lambda mover: mover.speed_mps),
    "AccelerationCondition": _mover_number(lambda mover: mover.forward_mps2),
    "RelativeDistanceCondition": _pair_number(_distance),
    "RelativeSpeedCondition": _pair_number(
        lambda _: lambda one, two: one.speed_mps - two.speed_mps
    ),
    "TimeToCollisionCondition": _pair_number(lambda _: Mover.time_to_touch_s),
    "TimeHeadwayCondition": _pair_number(_headway),
}
"""The kinds that are read."""
