"""What one camera saw at one stamp, and who it was: all that a data set's exporter needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.cameras.models import CameraModel
from ..core.frames import Matrix
from ..world.pixel_ids import pixel_id
from ..world.states import ActorState

ByteImage = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class LabelledFrame:
    """What the camera called ``camera`` saw at one stamp, all pictures of the size of its model.

    ``rgb`` (H, W, 3) uint8, ``depth_m`` float32 metres along the optical axis (inf: sky),
    ``tags`` uint8 and ``ids`` int32 as CARLA's semantic tags and the pixel ids of actors,
    ``normals`` (H, W, 3) uint8, None where the source has none. ``map_from_camera`` has optical
    axes; ``actors`` are all others than the ego, seen or not; ``lights`` are states by signal id
    (red, yellow, green, off); ``number`` is the one that the source gave the frame. Of a frame
    that is ``rgb_only`` the others are no images: they have nothing but the actors' boxes.
    """

    camera: str
    model: CameraModel
    stamp_ns: int
    rgb: ByteImage
    depth_m: NDArray[np.float32]
    tags: NDArray[np.uint8]
    ids: NDArray[np.int32]
    normals: ByteImage | None = None
    map_from_camera: Matrix = field(default_factory=lambda: np.eye(4))
    actors: tuple[ActorState, ...] = ()
    lights: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    rgb_only: bool = False

    def mask(self, actor_id: int) -> NDArray[np.bool_]:
        """Return which pixels (H, W) show an actor."""
        mask: NDArray[np.bool_] = self.ids == pixel_id(actor_id)
        return mask
