"""Places with another grip: ``static.trigger.friction`` boxes and the tyres of who is in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ....core.errors import InputError
from ..attributes import real
from ..physics import contacts
from ..physics.fleet import Fleet
from ..wire.structs import Transform
from .actors import EpisodeActor

CM_PER_M = 100.0


class FrictionTriggers:
    """The boxes of an episode and who is in them.

    The box that a vehicle entered last decides over all of its wheels; outside of all it has the
    friction again that it came with. Boxes turn with their yaw only.
    """

    def __init__(self) -> None:
        self._extents_m: dict[int, tuple[float, float, float]] = {}
        self._frictions: dict[int, float] = {}
        self._entered: dict[int, list[int]] = {}
        self._own: dict[int, list[float]] = {}

    def add(self, actor: EpisodeActor) -> None:
        """Take up a fresh trigger; InputError when its numbers make no sense."""
        x, y, z, friction = (
            real(actor.attributes, name)
            for name in ("extent_x", "extent_y", "extent_z", "friction")
        )
        if min(x, y, z, friction) < 0.0:
            raise InputError(
                f"{actor.description.id} needs a friction and extents in cm that are finite "
                f"numbers from 0 on, not {friction:g} and {x:g}, {y:g}, {z:g}"
            )
        self._extents_m[actor.id] = (x / CM_PER_M, y / CM_PER_M, z / CM_PER_M)
        self._frictions[actor.id] = friction

    def forget(self, actor_id: int) -> None:
        """Drop a trigger or a vehicle that is no more."""
        for table in (self._extents_m, self._frictions, self._entered, self._own):
            table.pop(actor_id, None)

    def act(self, fleet: Fleet, poses: Sequence[tuple[int, Transform]]) -> None:
        """Give every vehicle the friction of where it is; ``poses`` are the triggers' by id."""
        if not poses and not self._entered:
            return
        vehicles = np.zeros((len(fleet), contacts.BOX_COLUMNS))
        contacts.fill_boxes(fleet.state, fleet.extents, vehicles)
        rows = [(trigger, self._box(trigger, pose)) for trigger, pose in poses]
        for vehicle, box in zip(fleet.ids, vehicles, strict=True):
            inside = [trigger for trigger, row in rows if contacts.overlap(box, row)[0] > 0.0]
            self._set(fleet, vehicle, inside)

    def _box(self, trigger: int, pose: Transform) -> np.ndarray:
        x, y, z = pose.location
        extent = self._extents_m[trigger]
        return contacts.box_row(x, y, z - extent[2], math.radians(pose.rotation[1]), extent)

    def _set(self, fleet: Fleet, vehicle: int, inside: Sequence[int]) -> None:
        before = self._entered.get(vehicle, [])
        now = [trigger for trigger in before if trigger in inside]
        now += [trigger for trigger in inside if trigger not in before]
        if now == before:
            return
        if not before:
            self._own[vehicle] = fleet.frictions(vehicle)
        if not now:
            fleet.set_frictions(vehicle, self._own.pop(vehicle))
            del self._entered[vehicle]
            return
        self._entered[vehicle] = now
        if not before or now[-1] != before[-1]:
            own = self._own[vehicle]
            fleet.set_frictions(vehicle, [self._frictions[now[-1]]] * len(own))
