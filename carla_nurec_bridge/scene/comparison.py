"""How far a drive is from the one that a scene was recorded from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..core.frames import Matrix
from .package.model import Scene


@dataclass(frozen=True)
class RecordingDistance:
    """Distance of base_link to the recording, over the compared stamps."""

    compared: int
    mean_m: float
    max_m: float
    max_deg: float

    def to_json(self) -> dict[str, float | int]:
        """Return the figures by name, rounded to tenths of a millimetre and of a hundredth deg."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def distance_to_recording(
    scene: Scene, stamps_us: ArrayLike, map_from_base: Matrix
) -> RecordingDistance | None:
    """Compare poses (N, 4, 4) with the recorded way at the same stamps (N,), in microseconds.

    Between two recorded poses the way is interpolated in time, linear in place and by slerp in
    rotation. Stamps outside the recording are left out; None when no stamp lies inside.
    """
    stamps = np.asarray(stamps_us, np.int64)
    start_us, end_us = scene.time_range_us
    inside = np.flatnonzero((stamps >= start_us) & (stamps < end_us))
    if not len(inside):
        return None
    recorded = np.array(
        [scene.map_from_world @ scene.rig_trajectory.at(int(stamps[i])) for i in inside]
    )
    driven = map_from_base[inside]
    metres = np.linalg.norm(driven[:, :3, 3] - recorded[:, :3, 3], axis=1)
    turn = np.swapaxes(recorded[:, :3, :3], 1, 2) @ driven[:, :3, :3]
    # The chord of a turn stays exact near zero, where the arc cosine of its trace does not.
    chord = np.linalg.norm(turn - np.eye(3), axis=(1, 2)) / np.sqrt(8.0)
    degrees = 2.0 * np.degrees(np.arcsin(np.minimum(chord, 1.0)))
    return RecordingDistance(
        len(inside), float(metres.mean()), float(metres.max()), float(degrees.max())
    )
