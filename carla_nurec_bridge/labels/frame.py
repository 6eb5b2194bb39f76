"""What one camera saw at one stamp: the raw material of every stream of a clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix

Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class LabelBox:
    """A road user's box: its centre's pose in the map and (length, width, height) in metres.

    ``id`` is the id of its pixels in the instance picture, ``label`` its class (car, pedestrian).
    """

    id: int
    label: str
    size_m: tuple[float, float, float]
    map_from_box: Matrix


@dataclass(frozen=True, eq=False)
class ControlFrame:
    """What one camera saw at one stamp, all pictures of the same size (H, W).

    ``rgb`` (H, W, 3) uint8, ``depth_m`` float32 metres along the optical axis (inf: sky),
    ``tags`` uint8 and ``ids`` int32 as CARLA's semantic tags and actor ids, ``normals``
    (H, W, 3) uint8, None where the source has none. ``map_from_camera`` has optical axes;
    ``lights`` are states by signal id (red, yellow, green, off); ``source_frame`` is the number
    that the source gave the frame.
    """

    stamp_ns: int
    rgb: Picture
    depth_m: NDArray[np.float32]
    tags: NDArray[np.uint8]
    ids: NDArray[np.int32]
    normals: Picture | None = None
    map_from_camera: Matrix = field(default_factory=lambda: np.eye(4))
    boxes: tuple[LabelBox, ...] = ()
    lights: Mapping[str, str] = field(default_factory=dict)
    source_frame: int = 0
