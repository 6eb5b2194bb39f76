"""What is evaluated: the ego and the objects around it, stamp by stamp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix


@dataclass(frozen=True, eq=False)
class Box:
    """An oriented box: ``map_from_box`` (4, 4) of its centre, length, width, height in metres."""

    map_from_box: Matrix
    size_m: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ActorState:
    """An object at one stamp: its id, its class (car, pedestrian, ...) and its box."""

    id: str
    label: str
    box: Box


@dataclass(frozen=True, eq=False)
class State:
    """The world at one stamp (ns).

    ``map_from_base`` (4, 4) is the ego's base_link (rear axle on the ground), ``speed_mps`` its
    speed along x, ``ego`` its box.
    """

    stamp_ns: int
    map_from_base: Matrix
    speed_mps: float
    ego: Box
    objects: tuple[ActorState, ...]
