"""The images of a data set that are made of a labelled frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...cosmos.clip.controls import EdgeEncoding, edges_grey
from ...labels.frame import LabelledFrame
from ..store.class_groups import group_mask

_EDGES = EdgeEncoding()


def images_of(
    frame: LabelledFrame, classes: frozenset[int] | None = None
) -> dict[str, NDArray[Any]]:
    """Return a frame's images by their kind in ``store.IMAGES``, those that its source knows.

    Edges and masks have the semantic tags in ``classes``; None: all, edges but the sky.
    """
    if frame.rgb_only:
        return {"rgb": frame.rgb}
    edges = _EDGES if classes is None else EdgeEncoding(classes=classes)
    found: dict[str, NDArray[Any]] = {
        "rgb": frame.rgb,
        "depth": frame.depth_m,
        "semantic_segmentation": frame.tags,
        "instance_segmentation": frame.ids.astype(np.uint16),
        "edges": edges_grey(frame.rgb, frame.tags, edges),
        "masks": group_mask(frame.tags, classes),
    }
    return found if frame.normals is None else found | {"normals": frame.normals}
