"""Debug shapes: kept for their life time and drawn into the images of rgb cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....core.errors import ProtocolError
from .....core.frames import Matrix
from .....rendering.camera import render_camera
from .....rendering.lighting import Lighting
from .....rendering.mesh import Mesh, concatenate
from .....rendering.scene import RenderScene
from ...wire.codecs import BYTE, FLOAT
from ..optics.lens import Optics
from .solids import solids
from .texts import Text, write

STRING, FIRST_OF_DISPLAY, LAST_OF_DISPLAY = 4, 5, 8
"""Kinds on the wire: four solids, texts, and the solids again on the heads-up display."""
FOREVER = float("inf")
MOST_SHAPES = 20_000
SLACK_S = 1e-6


@dataclass(frozen=True, eq=False)
class DebugShape:
    """A solid in the map frame, or a text, and when it goes, in simulated seconds."""

    what: Mesh | Text
    born_s: float
    ends_s: float


class Layer:
    """Drawings that are seen together, and the scene of their solids."""

    def __init__(self) -> None:
        self.drawings: list[DebugShape] = []
        self._scene: RenderScene | None = None
        self._colours: NDArray[np.uint8] = np.zeros((1, 3), np.uint8)

    def keep(self, drawings: list[DebugShape]) -> None:
        """Show these drawings from now on."""
        if self._scene is not None:
            self._scene.close()
            self._scene = None
        self.drawings = drawings[-MOST_SHAPES:]

    def paint(
        self,
        rgb: NDArray[np.uint8],
        depth: NDArray[np.float32] | None,
        rays: NDArray[np.float32],
        map_from_camera: Matrix,
    ) -> None:
        """Paint the solids over an image (H, W, 3) where they are nearer than ``depth``, if given.

        ``depth`` (H, W) is in metres along the optical axis, ``map_from_camera`` the optical frame.
        """
        if self._scene is None:
            meshes = [d.what for d in self.drawings if isinstance(d.what, Mesh)]
            if not meshes:
                return
            numbered = [mesh.with_object(k) for k, mesh in enumerate(meshes, start=1)]
            self._scene = RenderScene(concatenate(numbered))
            colours = [mesh.colours[0, :3] for mesh in meshes]
            self._colours = np.concatenate([np.zeros((1, 3), np.uint8), colours])
        frame = render_camera(
            self._scene,
            rays,
            map_from_camera,
            map_from_camera,
            np.zeros(len(rays)),
            "row",
            Lighting(),
            frozenset({"depth", "instance"}),
        )
        assert frame.depth is not None
        assert frame.instance is not None
        nearer = frame.depth < (np.inf if depth is None else depth)
        rgb[nearer] = self._colours[frame.instance[nearer]]


class Drawings:
    """The debug shapes of an episode.

    Shapes of the heads-up display and texts are seen through whatever stands before them. A shape
    with a negative life time stays, one with 0 is seen in the next tick's images only. As in
    CARLA, the flag for persistent lines does not outlive the life time.
    """

    def __init__(self) -> None:
        self._world, self._display, self._texts = Layer(), Layer(), Layer()

    def __len__(self) -> int:
        return sum(len(layer.drawings) for layer in self._layers)

    @property
    def _layers(self) -> tuple[Layer, Layer, Layer]:
        return self._world, self._display, self._texts

    def add(self, shape: Any, now_s: float) -> None:
        """Keep a shape as it came on the wire; ProtocolError when it is none."""
        try:
            (kind, fields), colour, life_s = shape[:3]
            red, green, blue = (BYTE.decode(part) for part in colour[:3])
            seconds = FLOAT.decode(life_s)
            layer, what = self._made(kind, fields, (red, green, blue))
        except (TypeError, ValueError, IndexError) as error:
            raise ProtocolError("a debug shape is [[kind, fields], colour, life, flag]") from error
        ends_s = FOREVER if seconds < 0.0 else now_s + seconds
        layer.keep([*layer.drawings, DebugShape(what, now_s, ends_s)])

    def expire(self, now_s: float, delta_s: float) -> None:
        """Forget the shapes whose time is over, but none before its first tick."""
        last_s = now_s - delta_s - SLACK_S
        for layer in self._layers:
            kept = [
                drawing
                for drawing in layer.drawings
                if drawing.ends_s >= now_s - SLACK_S or drawing.born_s >= last_s
            ]
            if len(kept) < len(layer.drawings):
                layer.keep(kept)

    def clear_texts(self) -> None:
        """Forget all texts."""
        self._texts.keep([])

    def clear(self) -> None:
        """Forget all shapes; a second call does nothing."""
        for layer in self._layers:
            layer.keep([])

    def paint(
        self,
        rgb: NDArray[np.uint8],
        depth: NDArray[np.float32],
        rays: NDArray[np.float32],
        optics: Optics,
        map_from_camera: Matrix,
    ) -> None:
        """Paint the shapes over an image (H, W, 3), those of the world behind what is nearer.

        ``rays`` (H, W, 3) are those of ``optics``, ``map_from_camera`` is its optical frame;
        ``depth`` (H, W) is in metres along the optical axis. Shapes shine in their own colour.
        """
        self._world.paint(rgb, depth, rays, map_from_camera)
        self._display.paint(rgb, None, rays, map_from_camera)
        for drawing in self._texts.drawings:
            if isinstance(drawing.what, Text):
                write(drawing.what, rgb, optics, map_from_camera)

    def _made(
        self, kind: Any, fields: Any, colour: tuple[int, int, int]
    ) -> tuple[Layer, Mesh | Text]:
        if kind == STRING:
            return self._texts, Text.of(fields, colour)
        if FIRST_OF_DISPLAY <= kind <= LAST_OF_DISPLAY:
            return self._display, concatenate(solids(kind - FIRST_OF_DISPLAY, fields, colour))
        return self._world, concatenate(solids(kind, fields, colour))
