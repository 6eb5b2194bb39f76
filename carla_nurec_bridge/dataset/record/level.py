"""Parts of the level as objects of a data set: which a camera has, and which pixels are theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from ...core.errors import RunError
from ...core.frames import invert
from ...labels.camera_view import CameraView, view_of
from ...labels.frame import LabelledFrame
from ...world.level_objects import LevelObject
from ...world.pixel_ids import MOST_ID, pixel_id
from ...world.states import Actor, ActorState, Appearance

_LEVEL = 1 << 33
"""Added to the pixel ids of level objects; see ``tracks.BEYOND_CARLA``."""
_GROWN_M = 0.08
_LIGHT_TYPE = "traffic.traffic_light"


def is_level_id(actor_id: int) -> bool:
    """Whether an id is that of a part of the level."""
    return actor_id >= _LEVEL


@final
class LevelLabels:
    """The parts of a level, each with a pixel id of its own from the highest one down.

    ``far_m`` is up to where they count.
    """

    def __init__(self, objects: Sequence[LevelObject], far_m: float) -> None:
        self._objects, self._far_m = objects, far_m
        self._centres = np.array([one.map_from_box[:3, 3] for one in objects]).reshape(-1, 3)
        self._states = [_state(one, MOST_ID - n) for n, one in enumerate(objects)]
        self._lowest = MOST_ID - len(objects) + 1

    def seen_in(self, frame: LabelledFrame, others: Collection[int]) -> LabelledFrame:
        """Return a frame with the parts that its image has among the actors and in the ids.

        A pixel is a part's if it has its tag, lies in its box grown by 8 cm, and is nobody's of
        ``others``, the ids of all actors. RunError when an actor has the pixel id of a part.
        """
        if not self._objects:
            return frame
        for actor_id in others:
            if pixel_id(actor_id) >= self._lowest:
                raise RunError(
                    f"actor {actor_id} has the pixels' id of a part of the level; load the world "
                    "again, so that ids start anew"
                )
        view = view_of(frame)
        table = np.zeros(MOST_ID + 1, np.bool_)
        table[[pixel_id(actor_id) for actor_id in others]] = True
        table[0] = False
        free = ~table[frame.ids]
        ids = np.where(frame.ids < self._lowest, frame.ids, 0)  # else the engine's, of no actor
        shown = []
        for one, state in self._near(view):
            within = view.clipped_rectangle(view.box_outline(one.map_from_box, one.size_m))
            if within is not None:
                shown.append(state)
                _paint(ids, free, frame, one, pixel_id(state.actor.id), within)
        return replace(frame, ids=ids, actors=(*frame.actors, *shown))

    def _near(self, view: CameraView) -> Iterator[tuple[LevelObject, ActorState]]:
        """Yield what may be in the image, the nearest first."""
        away = np.linalg.norm(self._centres - view.position, axis=1)
        ahead = view.points(self._centres)[:, 2] if len(away) else away
        for n in np.argsort(away, kind="stable").tolist():
            one = self._objects[n]
            if away[n] <= self._far_m and ahead[n] > -max(one.size_m):
                yield one, self._states[n]


def _state(one: LevelObject, pixel: int) -> ActorState:
    kind = _LIGHT_TYPE if one.object_class.value == "traffic_light" else ""
    actor = Actor(_LEVEL | pixel, one.name, one.object_class, one.size_m, Appearance(kind, None))
    still = np.zeros(3)
    return ActorState(actor, one.map_from_box, still, still, still)


def _paint(
    ids: NDArray[np.int32],
    free: NDArray[np.bool_],
    frame: LabelledFrame,
    one: LevelObject,
    pixel: int,
    within: NDArray[np.float64],
) -> None:
    """Write a part's id into those of its pixels in ``ids`` (H, W) that are ``free``."""
    left, top = np.floor(within[:2]).astype(int)
    right, bottom = np.ceil(within[2:]).astype(int)
    area = (slice(top, bottom), slice(left, right))
    maybe = free[area] & np.isfinite(frame.depth_m[area])
    if one.tags is not None:
        maybe &= np.isin(frame.tags[area], list(one.tags))
    rows, columns = np.nonzero(maybe)
    if not len(rows):
        return
    rays, _ = frame.model.unproject(np.column_stack([columns + left + 0.5, rows + top + 0.5]))
    depth = frame.depth_m[area][rows, columns].astype(np.float64)
    points = rays / rays[:, 2:] * depth[:, None]
    box_from_camera = invert(one.map_from_box) @ frame.map_from_camera
    in_box = points @ box_from_camera[:3, :3].T + box_from_camera[:3, 3]
    inside = (np.abs(in_box) <= np.array(one.size_m) / 2.0 + _GROWN_M).all(axis=1)
    ids[area][rows[inside], columns[inside]] = pixel
    free[area][rows[inside], columns[inside]] = False
