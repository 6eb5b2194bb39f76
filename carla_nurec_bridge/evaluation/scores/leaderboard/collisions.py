"""Collisions by the Leaderboard's rules."""

from __future__ import annotations

import numpy as np

from ....world.object_classes import VEHICLES, ObjectClass
from ..moment import DriveMoment
from ..records import Infraction
from .limits import LeaderboardLimits
from .penalty import COLLISION_PEDESTRIAN, COLLISION_STATIC, COLLISION_VEHICLE


class CollisionCriterion:
    """Contacts of the ego: once for an object within 5 s, once within 5 m, none for who stands."""

    def __init__(self, limits: LeaderboardLimits) -> None:
        self._limits = limits
        self._id: int | None = None
        self._since_s = 0.0
        self._place: tuple[float, float, float] | None = None

    def update(self, moment: DriveMoment) -> list[Infraction]:
        """Return the collisions of the next tick."""
        limits = self._limits
        found = []
        for i in moment.touching:
            actor = moment.others.ids[i]
            if actor == self._id:
                continue
            if self._near(moment) or moment.speed_mps < limits.at_fault_mps:
                continue
            self._id, self._since_s, self._place = actor, moment.time_s, moment.place_m
            speed = float(moment.others.speeds_mps[i])
            figures = {"ego_speed_mps": moment.speed_mps}
            if np.isfinite(speed):
                figures["other_speed_mps"] = speed
            found.append(
                Infraction(
                    kind=_kind(moment.others.classes[i]),
                    stamp_ns=moment.stamp_ns,
                    time_s=moment.time_s,
                    place_m=moment.place_m,
                    actors=(actor,),
                    figures=figures,
                )
            )
        if not self._near(moment):
            self._place = None
        if self._id is not None and moment.time_s - self._since_s > limits.same_object_s:
            self._id = None
        return found

    def _near(self, moment: DriveMoment) -> bool:
        """Say whether the ego is still where the last collision was."""
        if self._place is None:
            return False
        away = np.linalg.norm(np.subtract(moment.place_m, self._place))
        return bool(away <= self._limits.same_place_m)


def _kind(object_class: ObjectClass) -> str:
    if object_class is ObjectClass.PEDESTRIAN:
        return COLLISION_PEDESTRIAN
    return COLLISION_VEHICLE if object_class in VEHICLES else COLLISION_STATIC
