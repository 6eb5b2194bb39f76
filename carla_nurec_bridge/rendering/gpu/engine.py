"""The engine on an NVIDIA GPU: Warp's trees, our kernels, one copy back a frame."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ..engines.forms import FrameEngine, FrameView, JpegFormat
from ..engines.packet import SURFACE_COLUMNS
from ..kernels.sky import LightTable, light_table
from ..kernels.surfaces import SlotTable, SurfaceTable
from ..lighting import Lighting
from . import kernels
from .device import TURN, GpuError
from .jpeg import JpegEncoder, find_encoder
from .memory import HostMemory, RayTables
from .tables import Light, View, World
from .upload import PlacedMeshes, upload_light, upload_view, upload_world

log = logging.getLogger(__name__)

_CAMERA: dict[str, tuple[Any, int]] = {
    "rgb": (wp.uint8, 3),
    "depth": (wp.float32, 1),
    "normals": (wp.vec3, 1),
    "semantic": (wp.uint8, 1),
    "instance": (wp.int32, 1),
}
_SWEEP: dict[str, Any] = {
    "range_m": wp.float32,
    "intensity": wp.float32,
    "cos_incidence": wp.float32,
    "normals": wp.vec3,
    "instance": wp.int32,
    "tag": wp.uint8,
}
_SHAPES = {"rgb": (3,), "normals": (3,)}
_NUMPY = {wp.uint8: np.uint8, wp.float32: np.float32, wp.vec3: np.float32, wp.int32: np.int32}


class WarpEngine(FrameEngine):
    """Own trees and tables on one device: the first GPU, or Warp's ``cpu``, to test without one."""

    name = "warp"

    def __init__(self, device: str = "cuda:0") -> None:
        """Compile (or fetch) the kernels and prove them; GpuError when the device fails."""
        self._meshes: list[tuple[int, NDArray[np.float64], Any]] = []
        self._placed = PlacedMeshes.of([], [], [])
        self._world: World | None = None
        self._shown: tuple[SurfaceTable, SlotTable, PlacedMeshes] | None = None
        self._light: tuple[LightTable, bool, Light] | None = None
        self._encoder: JpegEncoder | None = None
        with TURN:
            try:
                self._device = wp.get_device(device)
                self._tables = RayTables(self._device)
                self._host = HostMemory()
                kernels.load(self._device)
                self._prove()
            except RuntimeError as error:
                raise GpuError(f"engine warp cannot use {device}: {error}") from error
            if self._device.is_cuda:
                self._encoder = find_encoder(self._device)
        self.encodes_jpeg = self._encoder is not None

    def add_mesh(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> int:
        """Build the tree of a mesh; see ``FrameEngine``."""
        if not len(triangles):
            self._meshes.append((0, np.zeros(6), None))
            return len(self._meshes) - 1
        # cuBQL's trees are the fastest to trace and 13 ms to build for 127,000 triangles.
        builder = "cubql" if self._device.is_cuda else "sah"
        with TURN:
            mesh = wp.Mesh(
                points=wp.array(np.ascontiguousarray(vertices), dtype=wp.vec3, device=self._device),
                indices=wp.array(
                    np.ascontiguousarray(triangles).reshape(-1), dtype=wp.int32, device=self._device
                ),
                bvh_constructor=builder,
            )
        used = vertices[triangles.reshape(-1)]
        box = np.concatenate([used.min(axis=0), used.max(axis=0)]).astype(np.float64)
        self._meshes.append((int(mesh.id), box, mesh))
        return len(self._meshes) - 1

    def place(self, meshes: Sequence[int], transforms: Sequence[NDArray[np.float32]]) -> None:
        """Show exactly these meshes; see ``FrameEngine``."""
        chosen = [self._meshes[mesh] for mesh in meshes]
        self._placed = PlacedMeshes.of([m[0] for m in chosen], [m[1] for m in chosen], transforms)

    def draw(self, view: FrameView, light: Lighting, outputs: frozenset[str]) -> dict[str, NDArray]:
        """Return the outputs of a camera by name; see ``FrameEngine``."""
        with TURN:
            return self._fetch(self._drawn(view, light, outputs), view.rays.shape[:2])

    def draw_jpeg(self, view: FrameView, light: Lighting, form: JpegFormat) -> bytes:
        """Return a camera's picture as JPEG; see ``FrameEngine``."""
        if self._encoder is None:
            raise GpuError("this engine encodes no JPEG; look at encodes_jpeg first")
        with TURN:
            _, arrays = self._drawn(view, light, frozenset({"rgb"}))
            height, width = view.rays.shape[:2]
            return self._encoder.encode(arrays["rgb"].reshape((height, width, 3)), form)

    def sweep(
        self, view: FrameView, origins: NDArray[np.float32] | None, reach_m: float
    ) -> dict[str, NDArray]:
        """Return what beams meet; see ``FrameEngine``."""
        shape = view.rays.shape[:2]
        wanted = {name: (kind, 1) for name, kind in _SWEEP.items()}
        if origins is None:
            del wanted["normals"]
        with TURN:
            seen, world = self._view(view), self._current(view)
            block, arrays = self._outputs(wanted, shape)
            starts = np.zeros((0, 0, 3), np.float32) if origins is None else origins
            starts = wp.array(starts, dtype=wp.vec3, ndim=2, device=self._device)
            none = wp.empty((0, 0), dtype=wp.vec3, device=self._device)
            inputs = [seen, world, starts, float(reach_m)]
            inputs += [arrays.get(name, none) for name in _SWEEP]
            wp.launch(kernels.sweep, dim=shape, inputs=inputs, device=self._device)
            return self._fetch((block, arrays), shape)

    def close(self) -> None:
        """Free everything; calling it again does nothing."""
        with TURN:
            self._meshes, self._world, self._shown, self._light = [], None, None, None

    def _drawn(
        self, view: FrameView, light: Lighting, outputs: frozenset[str]
    ) -> tuple[Any, dict[str, Any]]:
        """Draw into new memory on the device; return it whole and by output."""
        shape = view.rays.shape[:2]
        seen, world, lit = self._view(view), self._current(view), self._lit(light)
        wanted = {name: row for name, row in _CAMERA.items() if name in outputs}
        block, arrays = self._outputs(wanted, shape)
        flags = sum(1 << bit for bit, name in enumerate(_CAMERA) if name in outputs)
        inputs: list[Any] = [seen, world, lit, flags]
        for name, (kind, _) in _CAMERA.items():
            inputs.append(arrays.get(name) or wp.empty((0, 0), dtype=kind, device=self._device))
        wp.launch(kernels.draw, dim=shape, inputs=inputs, device=self._device)
        if light.samples > 1 and "rgb" in outputs:
            count = wp.zeros(1, dtype=wp.int32, device=self._device)
            found = wp.empty(shape[0] * shape[1], dtype=wp.int32, device=self._device)
            listing = [seen, arrays["rgb"], found, count]
            wp.launch(kernels.find_edges, dim=shape, inputs=listing, device=self._device)
            again = [seen, world, lit, found, count, arrays["rgb"]]
            wp.launch(kernels.refine, dim=len(found), inputs=again, device=self._device)
        return block, arrays

    def _view(self, view: FrameView) -> View:
        return upload_view(view, self._tables.upload(view.rays), self._device)

    def _current(self, view: FrameView) -> World:
        """Return the world as it was placed last, uploading what has changed."""
        shown, wanted = self._shown, (view.surface, view.slots, self._placed)
        if self._world is None or shown is None or shown[0] is not view.surface:
            self._world = upload_world(self._placed, view.slots, view.surface, None, self._device)
        elif shown[1] is not view.slots or shown[2] is not self._placed:
            self._world = upload_world(
                self._placed, view.slots, view.surface, self._world, self._device
            )
        self._shown = wanted
        return self._world

    def _lit(self, light: Lighting) -> Light:
        table = light_table(light)
        if (
            self._light is None
            or self._light[0] is not table
            or self._light[1] is not light.shadows
        ):
            self._light = table, light.shadows, upload_light(table, light.shadows, self._device)
        return self._light[2]

    def _outputs(
        self, wanted: dict[str, tuple[Any, int]], shape: tuple[int, ...]
    ) -> tuple[Any, dict[str, Any]]:
        """Return memory for the outputs of a frame (H, W), whole and by name.

        An output of ``times`` values a pixel is (H, times W).
        """
        height, width = shape
        sizes = {
            name: height * width * times * wp.types.type_size_in_bytes(kind)
            for name, (kind, times) in wanted.items()
        }
        # Every output begins at a multiple of 64 bytes.
        begins = np.cumsum([0, *(-(-size // 64) * 64 for size in sizes.values())])
        block = wp.empty(int(begins[-1]), dtype=wp.uint8, device=self._device)
        arrays = {
            name: wp.array(
                ptr=block.ptr + int(begin),
                dtype=kind,
                shape=(height, times * width),
                device=self._device,
            )
            for begin, (name, (kind, times)) in zip(begins, wanted.items(), strict=False)
        }
        return block, arrays

    def _fetch(
        self, drawn: tuple[Any, dict[str, Any]], shape: tuple[int, ...]
    ) -> dict[str, NDArray]:
        """Copy a frame's outputs to the host and wait for them."""
        block, arrays = drawn
        if self._device.is_cuda:
            target, whole = self._host.take(block.size)
            wp.copy(target, block, count=block.size)
            wp.synchronize_stream(self._device.stream)
        else:
            whole = block.numpy().copy()
        found = {}
        for name, array in arrays.items():
            kind = np.dtype(_NUMPY[array.dtype])
            full = (*shape, *_SHAPES.get(name, ()))
            begin = array.ptr - block.ptr
            size = int(np.prod(full)) * kind.itemsize
            found[name] = whole[begin : begin + size].view(kind).reshape(full)
        return found

    def _prove(self) -> None:
        """Trace a known triangle; GpuError when the answer is wrong."""
        mesh = self.add_mesh(
            np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32),
            np.array([[0, 1, 2]], np.int32),
        )
        nothing = self.add_mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
        pose = np.eye(4, dtype=np.float32)[None, :3]
        self.place([nothing, mesh], [pose, pose])
        flat = np.full((1, SURFACE_COLUMNS), -1, np.int32).view(np.float32)  # no corner normals
        view = FrameView(
            rays=np.array([[[0, 0, -1], [0, 0, 1]]], np.float32),
            rotations=np.eye(3, dtype=np.float32)[None],
            origins=np.array([[0.25, 0.25, 2.0]], np.float32),
            times=np.zeros(1, np.float32),
            per_row=False,
            surface=SurfaceTable(flat, np.zeros((0, 9), np.float32)),
            slots=SlotTable(
                np.zeros(2, np.int32),
                np.array([0, 7], np.int32),
                np.tile(np.eye(3, dtype=np.float32), (2, 2, 1, 1)),
                np.zeros((2, 4), np.float32),
            ),
        )
        seen = self.sweep(view, None, 100.0)
        if seen["range_m"].tolist() != [[2.0, np.inf]] or seen["instance"].tolist() != [[7, 0]]:
            raise GpuError("engine warp answered a known triangle wrongly; use engine embree")
