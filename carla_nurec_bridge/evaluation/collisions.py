"""Collisions: the ego's box overlapping another, counted once while the contact lasts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field

from ..core.run_contract.record import Record, Rounded
from ..core.run_contract.timebase import NS_PER_S
from ..world.states import Box, WorldState

SAME_CONTACT_S = 5.0
"""CARLA's leaderboard counts contacts with the same object within this time once."""


class Collision(Record):
    """The first contact of the ego with one object."""

    stamp_ns: int = Field(description="simulation time of the first contact, ns")
    id: str = Field(
        serialization_alias="object",
        validation_alias=AliasChoices("id", "object"),
        description="id of the other in objects",
    )
    label: str = Field(
        serialization_alias="class",
        validation_alias=AliasChoices("label", "class"),
        description="class of the other",
    )
    ego_speed_mps: Rounded = Field(description="speed of the ego then, m/s")


def boxes_overlap(a: Box, b: Box) -> bool:
    """Say whether two oriented boxes share a volume (separating-axis test, 15 axes).

    Boxes that only touch do not overlap.
    """
    half_a, half_b = np.array(a.size_m) / 2, np.array(b.size_m) / 2
    rotation_a, rotation_b = a.map_from_box[:3, :3], b.map_from_box[:3, :3]
    apart: NDArray[np.float64] = b.map_from_box[:3, 3] - a.map_from_box[:3, 3]
    if float(np.linalg.norm(apart)) >= float(np.linalg.norm(half_a) + np.linalg.norm(half_b)):
        return False
    crosses = np.cross(rotation_a.T[:, None, :], rotation_b.T[None, :, :]).reshape(9, 3)
    axes = np.concatenate([rotation_a.T, rotation_b.T, crosses])
    # Parallel edges have no cross product; their faces' normals are tested already.
    axes = axes[np.linalg.norm(axes, axis=1) > 1e-9]
    reach = np.abs(axes @ rotation_a) @ half_a + np.abs(axes @ rotation_b) @ half_b
    return bool(np.all(np.abs(axes @ apart) < reach - 1e-12))


def collisions(states: Iterable[WorldState]) -> tuple[Collision, ...]:
    """Return the collisions of the ego over time.

    A contact with an object counts again only when the last one ended more than 5 s before.
    """
    found: list[Collision] = []
    last_ns: dict[int, int] = {}
    for state in states:
        ego = state.ego.box
        for other in state.actors:
            if not boxes_overlap(ego, other.box):
                continue
            before = last_ns.get(other.actor.id)
            last_ns[other.actor.id] = state.stamp_ns
            if before is None or state.stamp_ns - before > SAME_CONTACT_S * NS_PER_S:
                found.append(
                    Collision(
                        stamp_ns=state.stamp_ns,
                        id=str(other.actor.id),
                        label=other.actor.object_class.value,
                        ego_speed_mps=state.ego.speed_mps,
                    )
                )
    return tuple(found)
