"""Drawings from above: a lidar sweep with the objects' boxes, and the map with the drive."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.frames import Matrix, invert
from ..evaluation import Collision
from ..recording.read_back.drive import BagDrive
from ..rendering.mesh import Mesh
from ..world.states import WorldState
from . import paint

_SWEEP_RANGE_M = 45.0
_GROUND: dict[int, paint.Rgb] = {
    10: (31, 40, 37),
    9: (36, 54, 42),
    2: (78, 84, 92),
    1: (52, 57, 66),
    24: (170, 172, 168),
    3: (42, 45, 54),
}
"""Colours of CARLA's semantic tags on the map: terrain, vegetation, sidewalk, road, road lines,
buildings, in the order in which they cover each other."""

_SMALLEST_M = 70.0
_MARGIN_M = 12.0


def sweep(
    points: NDArray[np.float32], base_from_lidar: Matrix, state: WorldState, width: int, height: int
) -> Image.Image:
    """Draw points (N, 3) of a lidar around the ego, forward up, coloured by height."""
    canvas = paint.Canvas(width, height, (0.0, 0.0), 2 * _SWEEP_RANGE_M / height)
    if len(points):  # of none OpenCV makes None
        # Not by a product of matrices, whose threads take 80 ms for so many rows of three.
        base = cv2.transform(points[None].astype(np.float64), base_from_lidar[:3])[0]
        base = base[np.argsort(base[:, 2])]
        canvas.points(_forward_up(base), _height_colours(base[:, 2]))
    base_from_map = invert(state.ego.map_from_base)
    for other in state.actors:
        corners = paint.footprint(base_from_map @ other.map_from_box, other.actor.size_m)
        canvas.polygon(_forward_up(corners), paint.colour_of(other.actor.object_class), None)
    box = state.ego.box
    ego = paint.footprint(base_from_map @ box.map_from_box, box.size_m)
    canvas.polygon(_forward_up(ego), paint.EGO, paint.EGO)
    return canvas.image()


def _forward_up(base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn base x forward, y left into x right, y up."""
    return np.stack([-base[:, 1], base[:, 0]], axis=1)


def _height_colours(z: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the colour (N, 3) of heights over the ground: dark blue road, bright yellow top."""
    anchors = np.array([-0.5, 0.3, 1.5, 4.0, 10.0])
    colours = np.array(
        [(44, 58, 92), (70, 120, 160), (90, 190, 160), (200, 215, 90), (255, 236, 150)]
    )
    return np.stack([np.interp(z, anchors, colours[:, c]) for c in range(3)], axis=1).astype(
        np.uint8
    )


def drive_map(
    drive: BagDrive,
    street: Mesh | None,
    stamps_ns: list[int],
    crashes: tuple[Collision, ...],
    width: int,
    height: int,
    *,
    whole: bool,
) -> Image.Image:
    """Draw the map with the route and the driven path, the whole of it or what was driven."""
    path = np.array([state.ego.map_from_base[:2, 3] for state in drive.states])
    roads = _seen_from_above(street, 1) if street is not None else None
    shown = roads.reshape(-1, 2) if whole and roads is not None and len(roads) else path
    low, high = shown.min(axis=0) - _MARGIN_M, shown.max(axis=0) + _MARGIN_M
    per_pixel = max((high[0] - low[0]) / width, (high[1] - low[1]) / height, _SMALLEST_M / width)
    middle = (low + high) / 2
    canvas = paint.Canvas(width, height, (float(middle[0]), float(middle[1])), per_pixel)
    for tag, colour in _GROUND.items() if street is not None else ():
        canvas.triangles(_seen_from_above(street, tag), colour)  # type: ignore[arg-type]
    if drive.route is not None:
        canvas.line(drive.route, paint.ROUTE, 3.0)
    for track in _paths(drive).values():
        canvas.line(track, paint.OTHER, 1.5)
    canvas.line(path, paint.EGO, 3.5)
    for other in drive.states[-1].actors:
        corners = paint.footprint(other.map_from_box, other.actor.size_m)
        colour = paint.colour_of(other.actor.object_class)
        canvas.polygon(corners, colour, colour, 1.0)
    by_stamp = {state.stamp_ns: state for state in drive.states}
    canvas.dot(path[0], paint.INK, 5.0)
    for number, stamp_ns in enumerate(stamps_ns, 1):
        if stamp_ns in by_stamp:
            at = by_stamp[stamp_ns].ego.map_from_base[:2, 3]
            canvas.dot(at, paint.EGO, 8.0)
            canvas.label(at, str(number), 12, paint.BACKGROUND)
    for crash in crashes:
        canvas.dot(by_stamp[crash.stamp_ns].ego.map_from_base[:2, 3], paint.CRASH, 6.0)
    return canvas.image()


def _seen_from_above(street: Mesh, tag: int) -> NDArray[np.float64]:
    """Return the triangles (T, 3, 2) of a semantic tag that face up."""
    corners = street.vertices[street.triangles[street.tags == tag]][:, :, :2].astype(np.float64)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return corners[a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] > 1e-3]


def _paths(drive: BagDrive) -> dict[int, NDArray[np.float64]]:
    """Return the path (N, 2) of every object in order of time."""
    tracks: dict[int, list[NDArray[np.float64]]] = {}
    for state in drive.states:
        for other in state.actors:
            tracks.setdefault(other.actor.id, []).append(other.map_from_box[:2, 3])
    return {name: np.array(points) for name, points in tracks.items()}
