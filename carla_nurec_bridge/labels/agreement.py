"""How well masks and boxes agree: a clip's own check that pictures and poses belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ..world.pixel_ids import pixel_id
from ..world.states import ActorState
from .class_filter import class_filter
from .frame import LabelledFrame
from .kernels import extents
from .projection import PinholeView

Array = NDArray[np.float64]

_SMALL_PX = 100
_VEHICLES = class_filter(["vehicle"]).tags


@dataclass(frozen=True)
class Sighting:
    """One road user in one frame.

    ``pixels`` are its mask's, ``iou`` compares the mask's upright rectangle with that of the
    projected box (both within the image), ``inside`` is the part of the mask within the outline
    of the projected box grown by a pixel, ``visible`` the part of the box's points that nothing
    hides.
    """

    frame: int
    pixels: int
    iou: float
    inside: float
    visible: float


@dataclass
class InstanceBox:
    """An id of the instance pictures: frames in which it has pixels, how many, since when.

    ``tag`` is the semantic tag of its first pixel.
    """

    first_frame: int
    tag: int
    frames: int = 0
    pixels: int = 0
    label: str = ""
    sightings: list[Sighting] = field(default_factory=list)


class Agreement:
    """Compares every frame's instance picture with the projected boxes."""

    def __init__(self, model: OpenCVPinholeCamera) -> None:
        self._model = model
        self._frames = 0
        self._boxes = 0
        self.instances: dict[int, InstanceBox] = {}

    def add(self, frame: LabelledFrame) -> None:
        """Take the next frame."""
        view = PinholeView(self._model, frame.map_from_camera)
        seen = extents(frame.ids)
        for number, (pixels, *_) in seen.items():
            if number not in self.instances:
                tag = int(frame.tags.flat[int(np.argmax(frame.ids == number))])
                self.instances[number] = InstanceBox(self._frames, tag)
            instance = self.instances[number]
            instance.frames += 1
            instance.pixels += pixels
        self._boxes += len(frame.actors)
        shown = [state for state in frame.actors if pixel_id(state.actor.id) in seen]
        boxes = [(state.map_from_box, state.actor.size_m) for state in shown]
        shares = view.visible_shares(frame.depth_m, boxes)
        for state, visible in zip(shown, shares, strict=True):
            number = pixel_id(state.actor.id)
            self.instances[number].label = state.actor.object_class.value
            sighting = self._compare(view, frame, state, seen[number], visible)
            self.instances[number].sightings.append(sighting)
        self._frames += 1

    def _compare(
        self,
        view: PinholeView,
        frame: LabelledFrame,
        state: ActorState,
        seen: Sequence[int],
        visible: float,
    ) -> Sighting:
        pixels, *edges = seen
        outline = view.box_outline(state.map_from_box, state.actor.size_m)
        projected = view.clipped_rectangle(outline)
        iou = 0.0 if projected is None else _iou(projected, np.array(edges, np.float64))
        inside = _inside(frame.ids, pixel_id(state.actor.id), edges, outline) / pixels
        return Sighting(self._frames, pixels, round(iou, 4), round(inside, 4), round(visible, 3))

    def without_box(self) -> frozenset[int]:
        """Return the vehicles that never had a box where others had: the ego's own bodywork."""
        if not self._boxes:
            return frozenset()
        seen = self.instances.items()
        return frozenset(n for n, i in seen if not i.label and i.tag in _VEHICLES)

    def report(self) -> list[dict[str, Any]]:
        """Return, by id, the lowest and the middle agreement and every frame's numbers.

        ``iou_min`` and ``inside_min`` leave out masks of less than 100 pixels.
        """
        rows = []
        for number, instance in sorted(self.instances.items()):
            counted = [s for s in instance.sightings if s.pixels >= _SMALL_PX]
            if not counted:
                continue
            rows.append(
                {
                    "id": number,
                    "label": instance.label,
                    "frames": len(instance.sightings),
                    "iou_min": min(s.iou for s in counted),
                    "iou_median": round(float(np.median([s.iou for s in counted])), 4),
                    "inside_min": min(s.inside for s in counted),
                    "by_frame": [
                        [s.frame, s.pixels, s.iou, s.inside, s.visible] for s in instance.sightings
                    ],
                }
            )
        return rows


def _iou(one: Array, other: Array) -> float:
    """Return the intersection over union of two rectangles (left, top, right, bottom)."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    common = float(np.prod(np.maximum(high - low, 0.0)))
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return common / (areas - common)


def _inside(ids: NDArray[np.int32], number: int, edges: Sequence[int], outline: Array) -> int:
    """Return how many of an id's pixels lie within the convex outline grown by a pixel."""
    if len(outline) < 3:
        return 0
    left, top, right, bottom = edges
    mask = (ids[top:bottom, left:right] == number).astype(np.uint8)
    hull = cv2.convexHull((outline - (left, top) - 0.5).astype(np.float32))
    limited = np.clip(np.round(hull), -20_000, 20_000).astype(np.int32)
    cover = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(cover, limited, 1)
    cv2.polylines(cover, [limited], True, 1, 3)
    return int(np.count_nonzero(mask & cover))
