"""Whether the outlines of objects lie on edges of an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ....labels.frame import ByteImage
from ...truth.frame import FrameTruth
from ...truth.variant import ObjectOutline
from .edges import BoolImage, beyond_chance
from .limits import ObjectLimits

_BORDER_PX = 4
_AROUND = 0.25
_CROSS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Outline:
    """The outline of an object in an image: pixels (N,), and the box of its surroundings.

    ``box`` is rows and columns, ``others`` (h, w) the pixels in it that are not the outline's.
    """

    track_id: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    box: tuple[slice, slice]
    others: BoolImage

    def on_edges(self, reached: BoolImage) -> tuple[float, float]:
        """Return the share of the outline that is reached, and that of its surroundings."""
        found = float(reached[self.rows, self.columns].mean())
        around = reached[self.box][self.others]
        return found, float(around.mean()) if around.size else 0.0


def outlines_of(
    truth: FrameTruth, size: tuple[int, int], limits: ObjectLimits
) -> Iterator[Outline]:
    """Yield the outlines of a frame's objects that can be judged, in an image of (width, height).

    What lies at the image's border is no outline.
    """
    width, height = size
    for one in truth.kept():
        if one.mask is None or one.box_visible_px is None:
            continue
        small = min(one.box_visible_px[2:]) < limits.least_side_px
        if small or one.visible_fraction < limits.least_visible:
            continue
        mask = one.mask.pixels().view(np.uint8)
        if (truth.width, truth.height) != size:
            mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        outline = (mask - cv2.erode(mask, _CROSS, borderValue=1)).astype(np.bool_)
        for edge in (np.s_[:_BORDER_PX], np.s_[-_BORDER_PX:]):
            outline[edge] = False
            outline[:, edge] = False
        rows, columns = np.nonzero(outline)
        if len(rows) < limits.least_outline_px:
            continue
        box = _surroundings(mask, height, width)
        thick = cv2.dilate(outline.view(np.uint8), _CROSS, iterations=3)
        yield Outline(one.track_id, rows, columns, box, thick[box] == 0)


class OutlineTally:
    """What was found of each object's outline, frame by frame."""

    def __init__(self) -> None:
        self._rows: dict[int, list[tuple[float, float, float, float]]] = {}

    def add(self, outlines: Iterable[Outline], source: BoolImage, variant: BoolImage) -> None:
        """Look at a frame's outlines; the images (H, W) are what edges reach."""
        for outline in outlines:
            row = (*outline.on_edges(source), *outline.on_edges(variant))
            self._rows.setdefault(outline.track_id, []).append(row)

    def objects(self, limits: ObjectLimits) -> tuple[ObjectOutline, ...]:
        """Return the figures of all objects that show an outline in the source."""
        found = []
        for track, rows in sorted(self._rows.items()):
            source, source_chance, variant, chance = np.mean(rows, axis=0).tolist()
            has = beyond_chance(source, source_chance)
            if len(rows) < limits.least_frames or has < limits.least_in_source:
                continue
            kept = min(1.0, beyond_chance(variant, chance) / has)
            found.append(
                ObjectOutline(
                    track_id=track,
                    frames=len(rows),
                    source=source,
                    variant=variant,
                    by_chance=chance,
                    kept=kept,
                )
            )
        return tuple(found)


def _surroundings(mask: ByteImage, height: int, width: int) -> tuple[slice, slice]:
    left, top, w, h = cv2.boundingRect(mask)
    dx, dy = max(4, round(_AROUND * w)), max(4, round(_AROUND * h))
    rows = slice(max(0, top - dy), min(height, top + h + dy))
    return rows, slice(max(0, left - dx), min(width, left + w + dx))
