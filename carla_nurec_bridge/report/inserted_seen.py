"""Where the inserted actors of a run are: their boxes by stamp, and as cameras should see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.frames import Matrix, invert
from ..core.run_contract.timebase import NS_PER_S
from ..recording.read_back.cameras import RecordedCamera
from ..recording.read_back.drive import BagDrive
from ..world.states import ActorState, Box

_MOVES_MPS = 0.5


def seen_by(camera: RecordedCamera, box: Box, map_from_rig: Matrix) -> NDArray[np.float64] | None:
    """Return the pixels (8, 2) of a box's corners, None unless all of them are in the image."""
    camera_from_map = invert(map_from_rig @ camera.rig_from_camera)
    points = box.corners() @ camera_from_map[:3, :3].T + camera_from_map[:3, 3]
    pixels, valid = camera.model.project(points)
    return pixels if bool(valid.all()) else None


def inserted_by_stamp(drive: BagDrive, names: Sequence[str]) -> dict[int, dict[str, ActorState]]:
    """Return by stamp (ns) the actors that were bound to the tracks ``names``, by track."""
    bound = {actor: track for actor, track in drive.tracks.items() if track in names}
    return {
        state.stamp_ns: {
            str(bound[other.actor.id]): other for other in state.actors if other.actor.id in bound
        }
        for state in drive.states
    }


def moments(boxes: Mapping[int, Mapping[str, ActorState]], count: int) -> list[int]:
    """Return ``count`` stamps over the time in which one of them moves, the last one when all rest.

    InputError when there is none in the bag.
    """
    stamps = sorted(stamp for stamp, found in boxes.items() if found)
    if len(stamps) < count:
        raise InputError(
            f"inserted actors are in {len(stamps)} frames of the bag; {count} are needed"
        )
    moving = [
        after
        for before, after in pairwise(stamps)
        if any(
            _speed_mps(boxes[before].get(name), box, after - before) > _MOVES_MPS
            for name, box in boxes[after].items()
        )
    ]
    chosen = moving if len(moving) >= count else stamps
    return [chosen[int(k)] for k in np.linspace(0, len(chosen) - 1, count + 1)[1:]]


def _speed_mps(before: ActorState | None, after: ActorState, passed_ns: int) -> float:
    if before is None:
        return 0.0
    moved = after.map_from_box[:2, 3] - before.map_from_box[:2, 3]
    return float(np.linalg.norm(moved)) * NS_PER_S / passed_ns
