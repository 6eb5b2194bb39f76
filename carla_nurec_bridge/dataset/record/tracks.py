"""Give every actor of a scenario its track id, and difference how it moves from its poses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...core.frames import rotation_rate
from ...core.run_contract.timebase import NS_PER_S
from ...world.pixel_ids import pixel_id
from ...world.states import TELEPORT_MPS, ActorState, Vector
from ..truth.geometry import RigidTransform, Vector3, vector
from ..truth.scenario import ActorTruth, TrackState
from .level import is_level_id

NO_ID = 0
"""The id of an actor whose source does not tell it: the ego of a bag."""
BEYOND_CARLA = 1 << 32
"""From here on ids are none of CARLA's, whose have 32 bits."""

_UNKNOWN: Vector = np.full(3, np.nan)


@dataclass(frozen=True, eq=False)
class _Before:
    """``dt_s`` is the time over which its velocity was taken."""

    stamp_ns: int
    state: ActorState
    dt_s: float


class Tracks:
    """The actors of a scenario in the order in which they came; ``by_actor`` has them by id."""

    def __init__(self, ego_id: int | None) -> None:
        """Begin without any; ``ego_id`` is who carries cameras, if anybody."""
        self._ego_id = ego_id
        self._before: dict[int, _Before] = {}
        self.by_actor: dict[int, ActorTruth] = {}

    def update(
        self, stamp_ns: int, states: Sequence[ActorState], recorded: Mapping[int, int]
    ) -> tuple[ActorState, ...]:
        """Take the actors of the next frame, and their recorded ids by CARLA's where known.

        Return them with velocity and acceleration as backward differences: nan where an actor has
        just come, or has jumped.
        """
        new = [state for state in states if state.actor.id not in self.by_actor]
        for state in sorted(new, key=lambda one: _order(one, recorded)):
            self.by_actor[state.actor.id] = self._described(state, recorded)
        moved = [self._moved(stamp_ns, state) for state in states]
        self._before = {one.state.actor.id: one for one in moved}
        for actor_id, recorded_id in recorded.items():
            known = self.by_actor.get(actor_id)
            if known is not None and known.recorded_id is None:
                self.by_actor[actor_id] = known.model_copy(update={"recorded_id": recorded_id})
        return tuple(one.state for one in moved)

    def add_level(self, states: Sequence[ActorState]) -> None:
        """Take the parts of the level that a camera has in a frame."""
        for state in states:
            if is_level_id(state.actor.id) and state.actor.id not in self.by_actor:
                self.by_actor[state.actor.id] = self._described(state, {})

    def told(self, states: Sequence[ActorState]) -> tuple[TrackState, ...]:
        """Return what a data set says of actors in a frame, by rising track id."""
        told = [
            TrackState(
                track_id=self.by_actor[state.actor.id].track_id,
                map_from_box=RigidTransform.of(state.map_from_box),
                velocity_map_mps=_known(state.linear_map_mps),
                angular_map_radps=_known(state.angular_map_radps),
                acceleration_map_mps2=_known(state.acceleration_map_mps2),
            )
            for state in states
        ]
        return tuple(sorted(told, key=lambda one: one.track_id))

    def _described(self, state: ActorState, recorded: Mapping[int, int]) -> ActorTruth:
        actor = state.actor
        level = is_level_id(actor.id)
        return ActorTruth(
            track_id=len(self.by_actor) + 1,
            actor_id=None if actor.id == NO_ID or actor.id >= BEYOND_CARLA else actor.id,
            recorded_id=recorded.get(actor.id),
            pixel_id=pixel_id(actor.id),
            object_class=actor.object_class,
            blueprint=actor.blueprint,
            role_name=actor.role_name,
            colour_rgb=None if actor.appearance is None else actor.appearance.colour,
            size_m=actor.size_m,
            is_ego=actor.id == self._ego_id,
            map_from_box=RigidTransform.of(state.map_from_box) if level else None,
        )

    def _moved(self, stamp_ns: int, state: ActorState) -> _Before:
        """Return a state with its motion; velocities are those of the middles of their steps."""
        before = self._before.get(state.actor.id)
        velocity = angular = acceleration = _UNKNOWN
        dt_s = 0.0
        if before is not None:
            dt_s = (stamp_ns - before.stamp_ns) / NS_PER_S
            old, new = before.state.map_from_box, state.map_from_box
            moved_mps = (new[:3, 3] - old[:3, 3]) / dt_s
            if np.linalg.norm(moved_mps) <= TELEPORT_MPS:
                velocity = moved_mps
                angular = new[:3, :3] @ rotation_rate(old, new, dt_s)
                acceleration = (velocity - before.state.linear_map_mps) / (
                    0.5 * (dt_s + before.dt_s)
                )
        moved = replace(
            state,
            linear_map_mps=velocity,
            angular_map_radps=angular,
            acceleration_map_mps2=acceleration,
        )
        return _Before(stamp_ns, moved, dt_s)


def beyond_carla(pixel: int) -> int:
    """Return the id of an actor that CARLA does not know, with so many as its pixels' id."""
    return BEYOND_CARLA + pixel


def _order(state: ActorState, recorded: Mapping[int, int]) -> tuple[bool, int]:
    """Return what new actors are sorted by: recorded ids are the same on every server."""
    known = recorded.get(state.actor.id)
    return known is None, state.actor.id if known is None else known


def _known(values: Vector) -> Vector3 | None:
    return vector(values) if np.isfinite(values).all() else None
