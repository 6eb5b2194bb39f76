"""Who overtakes whom, found in the paths of two vehicles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from ...evaluation.incidents.actor_paths import ActorPath
from ...evaluation.incidents.incident import DEFAULTS
from .manoeuvres import manoeuvre
from .values import Manoeuvre, ManoeuvreKind

_SAME_WAY_COS = float(np.cos(np.radians(30.0)))
_BESIDE_M = 6.0
_SAME_LEVEL_M = 2.5


def overtakings(paths: Sequence[ActorPath]) -> Iterator[Manoeuvre]:
    """Find where one vehicle goes from behind another moving one to before it, side by side."""
    vehicles = [path for path in paths if path.is_vehicle]
    for path, other in permutations(vehicles, 2):
        if path.actor.id != other.actor.id:
            yield from _past(path, other)


def _past(path: ActorPath, other: ActorPath) -> Iterator[Manoeuvre]:
    _, mine, its = np.intersect1d(
        path.stamps_ns, other.stamps_ns, assume_unique=True, return_indices=True
    )
    if len(mine) < 2:
        return
    away = path.positions[mine] - other.positions[its]
    forward, left = other.poses[its, :3, 0], other.poses[its, :3, 1]
    ahead_m = np.einsum("ij,ij->i", away, forward)
    aside_m = np.einsum("ij,ij->i", away, left)
    clear_m = 0.5 * (path.actor.size_m[0] + other.actor.size_m[0])
    beside = (np.abs(aside_m) < _BESIDE_M) & (np.abs(away[:, 2]) < _SAME_LEVEL_M)
    beside &= np.einsum("ij,ij->i", path.poses[mine, :3, 0], forward) > _SAME_WAY_COS
    behind = np.flatnonzero(ahead_m <= -clear_m)
    for end in np.flatnonzero((ahead_m[1:] >= clear_m) & (ahead_m[:-1] < clear_m)) + 1:
        earlier = behind[behind < end]
        if not len(earlier):
            continue
        start = int(earlier[-1])
        between = slice(start, end + 1)
        moving = other.speeds_mps[its[between]] > DEFAULTS.moving_mps
        if not (beside[between].all() and moving.all()):
            continue
        found = manoeuvre(
            ManoeuvreKind.OVERTAKING,
            path,
            int(mine[start]),
            int(mine[end]),
            aside_m=float(np.abs(aside_m[between]).min()),
        )
        yield found.model_copy(update={"other_track_id": other.actor.id})
