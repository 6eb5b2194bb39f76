"""The engine on an NVIDIA GPU: Warp's trees, our kernels, one copy back a frame."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
import warp as wp
from numpy.typing import NDArray

from ..engines.forms import FrameEngine, FrameView, JpegFormat
from ..engines.packet import SURFACE_COLUMNS
from ..kernels.sky import LightTable, light_table
from ..kernels.surfaces import SlotTable, SurfaceTable
from ..lighting import Lighting
from . import kernels
from .device import GpuError, turn_on_gpu
from .jpeg import JpegEncoder, find_encoder
from .launches import (
    CameraLaunches,
    FrameMemory,
    SweepLaunches,
    nothing,
    wanted_of_camera,
    wanted_of_sweep,
)
from .memory import HostMemory, RayTables
from .tables import Light, View, World
from .upload import PlacedMeshes, upload_light, upload_world, view_of

log = logging.getLogger(__name__)

# Sizes of frames whose memory is kept.
_KEPT_SIZES = 12
_PROVEN: set[str] = set()
"""Devices that have answered a known triangle in this process."""

_Launches = TypeVar("_Launches", CameraLaunches, SweepLaunches)


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
        self._cameras: OrderedDict[Hashable, CameraLaunches] = OrderedDict()
        self._sweeps: OrderedDict[Hashable, SweepLaunches] = OrderedDict()
        self._encoder: JpegEncoder | None = None
        with turn_on_gpu():
            self._device = wp.get_device(device)
            self._tables = RayTables(self._device)
            self._no_origins = wp.empty((0, 0), dtype=wp.vec3, device=self._device)
            self._host = HostMemory()
            log.info("the GPU's kernels are loaded; the first time on a machine they are compiled")
            kernels.load(self._device)
            if self._device.alias not in _PROVEN:
                self._prove()
                _PROVEN.add(self._device.alias)
            if self._device.is_cuda:
                self._encoder = find_encoder(self._device.ordinal)
        self.encodes_jpeg = self._encoder is not None

    def add_mesh(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> int:
        """Build the tree of a mesh; see ``FrameEngine``."""
        if not len(triangles):
            self._meshes.append((0, np.zeros(6), None))
            return len(self._meshes) - 1
        # cuBQL's trees are the fastest to trace and 13 ms to build for 127,000 triangles.
        builder = "cubql" if self._device.is_cuda else "sah"
        with turn_on_gpu():
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
        height, width = view.rays.shape[:2]
        if not view.rays.size:
            return nothing(wanted_of_camera(outputs), (height, width))
        with turn_on_gpu():
            return self._fetch(self._drawn(view, light, outputs))

    def draw_jpeg(self, view: FrameView, light: Lighting, form: JpegFormat) -> bytes:
        """Return a camera's picture as JPEG; see ``FrameEngine``."""
        if self._encoder is None:
            raise GpuError("this engine encodes no JPEG; look at encodes_jpeg first")
        height, width = view.rays.shape[:2]
        with turn_on_gpu():
            rgb = self._drawn(view, light, frozenset({"rgb"})).arrays["rgb"]
            return self._encoder.encode(
                rgb.reshape((height, width, 3)), form, int(self._device.stream.cuda_stream)
            )

    def sweep(
        self, view: FrameView, origins: NDArray[np.float32] | None, reach_m: float
    ) -> dict[str, NDArray]:
        """Return what beams meet; see ``FrameEngine``."""
        height, width = view.rays.shape[:2]
        normals = origins is not None
        if not view.rays.size:
            return nothing(wanted_of_sweep(normals=normals), (height, width))
        with turn_on_gpu():
            starts = self._no_origins
            if origins is not None:
                starts = wp.array(origins, dtype=wp.vec3, ndim=2, device=self._device)
            given = [self._seen(view), self._current(view), starts, float(reach_m)]
            launches = self._kept(
                self._sweeps,
                (height, width, normals),
                lambda: SweepLaunches((height, width), list(given), normals=normals),
            )
            launches(*given)
            return self._fetch(launches.memory)

    def close(self) -> None:
        """Free everything; calling it again does nothing."""
        with turn_on_gpu():
            self._meshes, self._world, self._shown, self._light = [], None, None, None
            self._cameras.clear()
            self._sweeps.clear()
            self._tables.clear()
            self._host.clear()

    def _drawn(self, view: FrameView, light: Lighting, outputs: frozenset[str]) -> FrameMemory:
        """Draw on the device; return where the outputs are until the next frame of that size."""
        height, width = view.rays.shape[:2]
        given = [self._seen(view), self._current(view), self._lit(light)]
        launches = self._kept(
            self._cameras,
            (height, width, outputs),
            lambda: CameraLaunches((height, width), outputs, list(given)),
        )
        launches(*given, smooth=light.samples > 1 and "rgb" in outputs)
        return launches.memory

    def _kept(
        self,
        kept: OrderedDict[Hashable, _Launches],
        key: Hashable,
        make: Callable[[], _Launches],
    ) -> _Launches:
        """Return what was made for a size before, or make it and forget what was not used long."""
        if key not in kept:
            kept[key] = make()
            if len(kept) > _KEPT_SIZES:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return kept[key]

    def _seen(self, view: FrameView) -> View:
        return view_of(view, self._tables.rays(view.rays), self._tables.fractions(view.fractions))

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

    def _fetch(self, memory: FrameMemory) -> dict[str, NDArray]:
        """Copy a frame's outputs to the host and wait for them."""
        return memory.split(self._host.fetch([memory.block], self._device)[0])

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
        above = np.eye(4)
        above[:3, 3] = 0.25, 0.25, 2.0
        view = FrameView(
            rays=np.array([[[0, 0, -1], [0, 0, 1]]], np.float32),
            map_from_sensor_start=above,
            map_from_sensor_end=above,
            fractions=np.zeros(1),
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
