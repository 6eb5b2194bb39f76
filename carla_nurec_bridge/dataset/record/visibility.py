"""How much of an object a camera sees, of what of it lies within the image."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from ...labels.camera_view import CameraView
from ...labels.frame import LabelledFrame
from ...labels.projection import NEAR_M, Array
from ...world.pixel_ids import pixel_id
from ...world.states import ActorState

Visibility = Callable[[LabelledFrame, CameraView, ActorState, int], float]
"""The seen fraction of an actor that has so many pixels in a frame."""

_LATTICE: Array = 0.45 * np.array(list(product((-1.0, 0.0, 1.0), repeat=3)))
_SLACK_M, _SLACK = 0.5, 0.02


def by_lattice(frame: LabelledFrame, view: CameraView, state: ActorState, visible_px: int) -> float:
    """Return the part of a box's 27 lattice points within the image that nobody else hides.

    A point is hidden where another's pixel is nearer by more than 0.5 m + 2 %: the object's own
    near side hides nothing. The lattice is a tenth smaller than the box, which reaches below the
    road and beyond round corners. 0 for an object without pixels.
    """
    if not visible_px:
        return 0.0
    in_map = _LATTICE * state.actor.size_m @ state.map_from_box[:3, :3].T
    points = view.points(in_map + state.map_from_box[:3, 3])
    points = points[points[:, 2] > NEAR_M]
    at = np.floor(view.pixels(points)).astype(np.int64)
    inside = np.all((at >= 0) & (at < (view.width, view.height)), axis=1)
    if not inside.any():
        return 1.0
    columns, rows = at[inside].T
    reach_m = points[inside, 2]
    nearer = frame.depth_m[rows, columns] < reach_m - (_SLACK_M + _SLACK * reach_m)
    hidden = nearer & (frame.ids[rows, columns] != pixel_id(state.actor.id))
    return 1.0 - float(hidden.mean())
