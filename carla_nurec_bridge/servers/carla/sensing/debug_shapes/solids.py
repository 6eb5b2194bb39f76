"""Debug shapes as solids: points, lines, arrows and boxes as they come on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....core.errors import ProtocolError
from .....core.frames import matrix_from_carla, mirror_vector
from .....core.semantic_tag import Tag
from .....rendering.mesh import Mesh
from .....rendering.primitives import box, tube
from ...wire.codecs import FLOAT, VECTOR
from ...wire.structs import BOUNDING_BOX

POINT, LINE, ARROW, BOX = range(4)
THICKNESS_TO_M = 0.1
"""A line's thickness of 1 is drawn 10 cm wide."""
LEAST_WIDTH_M = 0.01
TAG = Tag.OTHER


def solids(kind: int, fields: Sequence[Any], colour: Sequence[int]) -> list[Mesh]:
    """Return a shape's solids in the map frame, metres; ProtocolError for an unknown kind."""
    if kind == POINT:
        side = max(THICKNESS_TO_M * FLOAT.decode(fields[1]), LEAST_WIDTH_M)
        at = mirror_vector(VECTOR.decode(fields[0]))
        return [box(at, (side, side, side), colour=colour, tag=TAG)]
    if kind == LINE:
        return [_line(*_ends(fields), _width(fields[2]), colour)]
    if kind == ARROW:
        start, end = _ends(fields[0])
        width = _width(fields[0][2])
        head_m = max(THICKNESS_TO_M * FLOAT.decode(fields[1]), width)
        way = end - start
        length = float(np.linalg.norm(way))
        if length == 0.0:
            return [_line(start, end, width, colour)]
        neck = end - way / length * min(2.0 * head_m, length)
        head = tube(neck, end, head_m, 1e-3, sides=8, colour=colour, tag=TAG)
        return [_line(start, neck, width, colour), head]
    if kind == BOX:
        around, rotation = BOUNDING_BOX.decode([*fields[0], 0][:4]), VECTOR.decode(fields[1])
        map_from_box = matrix_from_carla(around.location, rotation)
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        corners = (signs * around.extent) @ map_from_box[:3, :3].T + map_from_box[:3, 3]
        width = _width(fields[2])
        edges = [(a, b) for a in range(8) for b in range(a + 1, 8) if (a ^ b) in (1, 2, 4)]
        return [_line(corners[a], corners[b], width, colour) for a, b in edges]
    raise ProtocolError(f"there is no debug shape {kind}")


def _ends(fields: Sequence[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return mirror_vector(VECTOR.decode(fields[0])), mirror_vector(VECTOR.decode(fields[1]))


def _width(thickness: Any) -> float:
    return max(THICKNESS_TO_M * FLOAT.decode(thickness), LEAST_WIDTH_M)


def _line(
    start: NDArray[np.float64], end: NDArray[np.float64], width_m: float, colour: Sequence[int]
) -> Mesh:
    if float(np.linalg.norm(end - start)) < LEAST_WIDTH_M:
        return box(start, (width_m, width_m, width_m), colour=colour, tag=TAG)
    return tube(start, end, 0.5 * width_m, sides=4, colour=colour, tag=TAG)
