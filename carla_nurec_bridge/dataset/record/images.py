"""The images of a data set that are made of a labelled frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...cosmos.clip.controls import EdgeEncoding, edges_grey
from ...labels.frame import LabelledFrame
from ..store.class_groups import group_mask

_EDGES = EdgeEncoding()


def images_of(frame: LabelledFrame) -> dict[str, NDArray[Any]]:
    """Return a frame's images by their kind in ``store.IMAGES``, those that its source knows."""
    if frame.rgb_only:
        return {"rgb": frame.rgb}
    found: dict[str, NDArray[Any]] = {
        "rgb": frame.rgb,
        "depth": frame.depth_m,
        "semantic_segmentation": frame.tags,
        "instance_segmentation": frame.ids.astype(np.uint16),
        "edges": edges_grey(frame.rgb, frame.tags, _EDGES),
        "masks": group_mask(frame.tags),
    }
    return found if frame.normals is None else found | {"normals": frame.normals}
