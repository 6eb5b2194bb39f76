"""Debug shapes: kept for their life time and drawn into the pictures of rgb cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ProtocolError
from ...core.frames import Matrix, matrix_from_carla, mirror_vector
from ...rendering.camera import render_camera
from ...rendering.lighting import Lighting
from ...rendering.mesh import Mesh, concatenate
from ...rendering.primitives import box, tube
from ...rendering.scene import RenderScene
from .structs import BOUNDING_BOX
from .wire import FLOAT, INT, TEXT, VECTOR

POINT, LINE, ARROW, BOX, STRING, HUD_POINT, HUD_LINE, HUD_ARROW, HUD_BOX = range(9)
HEADS_UP = range(HUD_POINT, HUD_BOX + 1)
FOREVER = float("inf")
THICKNESS_TO_M = 0.1
"""A line's thickness of 1 is drawn 10 cm wide."""
LEAST_WIDTH_M = 0.01
MOST_SHAPES = 20_000
TAG = 22
SLACK_S = 1e-6


@dataclass(frozen=True, eq=False)
class Drawing:
    """A shape's solids in the map frame, and when it goes, in simulated seconds."""

    mesh: Mesh
    born_s: float
    ends_s: float


class Drawings:
    """The debug shapes of an episode; texts and shapes of the window's heads-up display show not.

    A shape with a negative life time stays, one with 0 is seen in the next tick's pictures only.
    As in CARLA, the flag for persistent lines does not outlive the life time.
    """

    def __init__(self) -> None:
        self._shapes: list[Drawing] = []
        self._scene: RenderScene | None = None
        self._colours: NDArray[np.uint8] = np.zeros((1, 3), np.uint8)

    def __len__(self) -> int:
        return len(self._shapes)

    def add(self, shape: Any, now_s: float) -> None:
        """Keep a shape as it came on the wire; ProtocolError when it is none."""
        try:
            (kind, fields), colour, life_s = shape[:3]
            paint = tuple(INT.decode(part) for part in colour[:3])
        except (TypeError, ValueError, IndexError) as error:
            raise ProtocolError("a debug shape is [[kind, fields], colour, life, flag]") from error
        if kind == STRING:
            VECTOR.decode(fields[0])
            TEXT.decode(fields[1])
            return
        if kind in HEADS_UP:
            return
        solids = _solids(kind, fields, paint)
        ends_s = now_s + FLOAT.decode(life_s)
        if FLOAT.decode(life_s) < 0.0:
            ends_s = FOREVER
        del self._shapes[: max(0, len(self._shapes) - MOST_SHAPES)]
        self._shapes.append(Drawing(concatenate(solids), now_s, ends_s))
        self._drop_scene()

    def expire(self, now_s: float, delta_s: float) -> None:
        """Forget the shapes whose time is over, but none before its first tick."""
        last_s = now_s - delta_s - SLACK_S
        kept = [s for s in self._shapes if s.ends_s >= now_s - SLACK_S or s.born_s >= last_s]
        if len(kept) < len(self._shapes):
            self._shapes = kept
            self._drop_scene()

    def clear(self) -> None:
        """Forget all shapes; a second call does nothing."""
        self._shapes = []
        self._drop_scene()

    def paint(
        self,
        rgb: NDArray[np.uint8],
        depth: NDArray[np.float32],
        rays: NDArray[np.float32],
        map_from_camera: Matrix,
    ) -> None:
        """Paint the shapes over a picture (H, W, 3) where they are nearer than ``depth`` (H, W).

        ``rays`` (H, W, 3) are the camera's, ``map_from_camera`` is its optical frame; depth is
        in metres along the optical axis. Shapes shine in their own colour.
        """
        if not self._shapes:
            return
        frame = render_camera(
            self._opened(), rays, map_from_camera, map_from_camera, np.zeros(len(rays)), "row",
            Lighting(), frozenset({"depth", "instance"}),
        )  # fmt: skip
        assert frame.depth is not None
        assert frame.instance is not None
        nearer = frame.depth < depth
        rgb[nearer] = self._colours[frame.instance[nearer]]

    def _opened(self) -> RenderScene:
        if self._scene is None:
            meshes = [shape.mesh.with_object(k) for k, shape in enumerate(self._shapes, start=1)]
            self._scene = RenderScene(concatenate(meshes))
            colours = [mesh.colours[0, :3] for mesh in meshes]
            self._colours = np.concatenate([np.zeros((1, 3), np.uint8), colours])
        return self._scene

    def _drop_scene(self) -> None:
        if self._scene is not None:
            self._scene.close()
            self._scene = None


def _solids(kind: int, fields: Sequence[Any], colour: Sequence[int]) -> list[Mesh]:
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
