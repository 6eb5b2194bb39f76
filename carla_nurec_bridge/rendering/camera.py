"""Draw a camera image: a table of rays and one pose per row or column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.frames import Matrix
from .engines.forms import FrameEngine, FrameView, JpegFormat, PacketEngine, RayView
from .engines.packet import page
from .engines.threads import share_blocks
from .kernels.camera_kernel import SIDE, SKY_TAG, draw
from .kernels.edges import edge_pixels
from .kernels.refining import PIXELS
from .kernels.sky import light_table
from .lighting import Lighting
from .scene import RenderScene

__all__ = [
    "ALL_OUTPUTS",
    "SKY_TAG",
    "CameraFrame",
    "JpegFormat",
    "Viewpoint",
    "render_camera",
    "render_cameras",
    "render_jpeg",
]

_OUTPUTS: dict[str, tuple[type, tuple[int, ...]]] = {
    "rgb": (np.uint8, (3,)),
    "depth": (np.float32, ()),
    "normals": (np.float32, (3,)),
    "semantic": (np.uint8, ()),
    "instance": (np.int32, ()),
}
ALL_OUTPUTS = frozenset(_OUTPUTS)


@dataclass(frozen=True, eq=False)
class CameraFrame:
    """Hold the outputs of one exposure; those not asked for are None.

    * rgb: uint8 (H, W, 3), sRGB.
    * depth: float32 (H, W), metres along the optical z axis, inf where nothing was hit.
    * normals: float32 (H, W, 3), unit, map frame, towards the camera; zero where nothing was hit.
    * semantic: uint8 (H, W), CARLA's labels, 11 (sky) where nothing was hit.
    * instance: int32 (H, W), instance id, or the object id of the static mesh, 0 where none.

    Pixels whose ray is the zero vector (outside the lens) are black, inf, zero, 0 and 0.
    """

    rgb: NDArray[np.uint8] | None
    depth: NDArray[np.float32] | None
    normals: NDArray[np.float32] | None
    semantic: NDArray[np.uint8] | None
    instance: NDArray[np.int32] | None


@dataclass(frozen=True, eq=False)
class Viewpoint:
    """What one camera looks along, from where, and when: arguments of ``render_camera``."""

    rays: NDArray[np.float32]
    map_from_camera_start: Matrix
    map_from_camera_end: Matrix
    fractions: NDArray[np.float64]
    axis: Literal["row", "column"]


def render_camera(
    scene: RenderScene,
    rays: NDArray[np.float32],
    map_from_camera_start: Matrix,
    map_from_camera_end: Matrix,
    fractions: NDArray[np.float64],
    axis: Literal["row", "column"],
    light: Lighting,
    outputs: frozenset[str] = ALL_OUTPUTS,
) -> CameraFrame:
    """Draw one image of the scene.

    ``rays`` are float32 (H, W, 3) unit vectors of the optical frame (x right, y down, z forward).
    The camera moves from ``map_from_camera_start`` to ``map_from_camera_end`` (optical frame, 4x4);
    row (or column) k is exposed at ``fractions[k]`` in [0, 1] of that motion, and so are the
    scene's instances. Equal input gives equal bytes, whatever the number of threads. Raises
    InputError for shapes that do not fit or unknown outputs.
    """
    viewpoint = Viewpoint(rays, map_from_camera_start, map_from_camera_end, fractions, axis)
    return render_cameras(scene, [viewpoint], light, outputs)[0]


def render_cameras(
    scene: RenderScene,
    viewpoints: Sequence[Viewpoint],
    light: Lighting,
    outputs: frozenset[str] = ALL_OUTPUTS,
) -> list[CameraFrame]:
    """Draw images of the scene as ``render_camera`` does, on many cores in less time.

    A thread that finds nothing more to do in one image begins with the next.
    """
    views = [_view(scene, viewpoint) for viewpoint in viewpoints]
    unknown = outputs - ALL_OUTPUTS
    if unknown:
        raise InputError(
            f"no camera output {', '.join(sorted(unknown))}; there are {', '.join(_OUTPUTS)}"
        )
    if isinstance(scene.engine, FrameEngine):
        drawn = [dict(scene.engine.draw(view, light, outputs)) for view in views]
    else:
        drawn = _by_packets(scene.engine, views, light, outputs)
    return [CameraFrame(**{name: images.get(name) for name in _OUTPUTS}) for images in drawn]


def colours_along(
    scene: RenderScene,
    origins_m: NDArray[np.float32],
    directions: NDArray[np.float32],
    light: Lighting,
) -> NDArray[np.uint8]:
    """Return sRGB uint8 (N, 3) along rays: origins (N, 3) m and unit directions (N, 3), map frame.

    It is what a camera there would show in the direction; instances are where their motion starts.
    InputError for a scene of the GPU, which draws cameras only.
    """
    if isinstance(scene.engine, FrameEngine):
        raise InputError(
            f"engine {scene.engine.name} draws cameras only; open one of the processor"
        )
    view = RayView(
        np.ascontiguousarray(directions[:, None, :], np.float32),
        np.eye(4),
        np.eye(4),
        np.zeros(1),
        True,
        scene.surface,
        scene.slots,
        np.ascontiguousarray(origins_m, np.float32),
    )
    drawn = _by_packets(scene.engine, [view], light, frozenset({"rgb"}))
    rgb: NDArray[np.uint8] = drawn[0]["rgb"][:, 0]
    return rgb


def render_jpeg(
    scene: RenderScene,
    rays: NDArray[np.float32],
    map_from_camera_start: Matrix,
    map_from_camera_end: Matrix,
    fractions: NDArray[np.float64],
    axis: Literal["row", "column"],
    light: Lighting,
    form: JpegFormat,
) -> bytes:
    """Draw one image of the scene and return it as JPEG, encoded where it was drawn.

    Only scenes that say ``encodes_jpeg`` do this; the others raise InputError. The arguments are
    those of ``render_camera``.
    """
    viewpoint = Viewpoint(rays, map_from_camera_start, map_from_camera_end, fractions, axis)
    view = _view(scene, viewpoint)
    if not isinstance(scene.engine, FrameEngine) or not scene.engine.encodes_jpeg:
        raise InputError(
            f"engine {scene.engine.name} encodes no JPEG; draw with render_camera and encode that"
        )
    return scene.engine.draw_jpeg(view, light, form)


def _view(scene: RenderScene, viewpoint: Viewpoint) -> FrameView:
    _check_size(viewpoint.rays, viewpoint.fractions, viewpoint.axis)
    return FrameView(
        viewpoint.rays,
        viewpoint.map_from_camera_start,
        viewpoint.map_from_camera_end,
        viewpoint.fractions,
        viewpoint.axis == "row",
        scene.surface,
        scene.slots,
    )


def _by_packets(
    engine: PacketEngine, views: Sequence[FrameView], light: Lighting, outputs: frozenset[str]
) -> list[dict[str, NDArray]]:
    """Return the outputs of each view by name, drawn by all threads."""
    table = light_table(light), light.shadows
    pictures = [(_shared(view, table), _empty_images(view, outputs)) for view in views]
    wanted = tuple(name in outputs for name in _OUTPUTS)
    none, functions = np.empty((0, 2), np.int32), engine.functions

    def paint(*taken: NDArray[np.int64]) -> None:
        own = page()
        for (shared, images), blocks in zip(pictures, taken, strict=True):
            draw(functions, blocks, own, none, *shared, wanted, *images.values())

    share_blocks(paint, *(-(-len(shared[0]) // SIDE) for shared, _ in pictures))
    if light.samples > 1 and "rgb" in outputs:
        for shared, images in pictures:
            _smooth(engine, shared, images)
    return [{name: images[name] for name in outputs} for _, images in pictures]


def _smooth(engine: PacketEngine, shared: tuple[Any, ...], images: dict[str, NDArray]) -> None:
    """Draw the pixels on edges anew, of several rays each."""
    edges = edge_pixels(images["rgb"], shared[0])
    colours = tuple(name == "rgb" for name in _OUTPUTS)

    def work(taken: NDArray[np.int64]) -> None:
        draw(engine.functions, taken, page(), edges, *shared, colours, *images.values())

    if len(edges):
        share_blocks(work, -(-len(edges) // PIXELS))


def _shared(view: FrameView, light: tuple[Any, bool]) -> tuple[Any, ...]:
    """Return the arguments of ``draw`` that are the same for all threads, rays first."""
    rays = np.ascontiguousarray(view.rays).view()
    rays.flags.writeable = False  # numba would compile once more for those that are not
    return (rays, *view.lines, view.per_row, view.surface, view.slots, *light)


def _empty_images(view: FrameView, outputs: frozenset[str]) -> dict[str, NDArray]:
    """Return an array for every output, of no pixels for those that are not wanted."""
    images: dict[str, NDArray] = {}
    for name, (dtype, channels) in _OUTPUTS.items():
        shape = view.rays.shape[:2] if name in outputs else (0, 0)
        images[name] = np.empty(shape + channels, dtype)
    return images


def _check_size(rays: NDArray[np.float32], fractions: NDArray[np.float64], axis: str) -> None:
    if rays.ndim != 3 or rays.shape[2] != 3 or rays.dtype != np.float32:
        raise InputError(f"rays are {rays.dtype} {rays.shape}; they must be float32 (H, W, 3)")
    if axis not in ("row", "column"):
        raise InputError(f"shutter axis {axis!r} is neither row nor column")
    height, width = rays.shape[:2]
    expected = height if axis == "row" else width
    if np.shape(fractions) != (expected,):
        raise InputError(
            f"shutter fractions have shape {np.shape(fractions)}; an image of {height} rows and "
            f"{width} columns needs ({expected},) along its {axis}s"
        )
