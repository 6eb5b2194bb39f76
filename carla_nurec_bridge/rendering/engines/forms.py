"""The two forms of an engine: one traces packets of rays for our kernels, one draws frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix
from ..kernels.motion import lines_between
from ..kernels.surfaces import SlotTable, SurfaceTable
from ..lighting import Lighting


class PacketEngine(Protocol):
    """Trace packets of 16 rays (see ``packet``) against instances of meshes."""

    name: str

    @property
    def functions(self) -> tuple[int, int, tuple[int, int], int]:
        """Return the addresses that kernels take; they may change with ``place``.

        They are intersect and occluded, in the form of Embree's ``rtcIntersect16`` and
        ``rtcOccluded16``, then two scenes to pass these one after the other, the second 0 where
        there is none, and the arguments. A hit may tell slot 0 as instance 0 or -1.
        """
        ...

    def add_mesh(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> int:
        """Build the tree of (V, 3) vertices and (T, 3) triangles; return a handle."""
        ...

    def place(self, meshes: Sequence[int], transforms: Sequence[NDArray[np.float32]]) -> None:
        """Show exactly these meshes, slot k at the poses transforms[k].

        Each is float32 (K, 3, 4), K poses evenly spread over the ray time 0 to 1. Slot 0 lies where
        its mesh was made: its pose is the identity.
        """
        ...

    def close(self) -> None:
        """Free everything; calling it again does nothing."""
        ...


@dataclass(frozen=True, eq=False)
class FrameView:
    """Hold what a frame is drawn of.

    * rays: float32 (H, W, 3), sensor frame; the zero vector sees nothing.
    * map_from_sensor_start, map_from_sensor_end: (4, 4), the sensor's motion.
    * fractions: float64 (K,), shares of that motion by row or, without ``per_row``, by column (one
      for all when K is 1); so are the instances' poses.
    """

    rays: NDArray[np.float32]
    map_from_sensor_start: Matrix
    map_from_sensor_end: Matrix
    fractions: NDArray[np.float64]
    per_row: bool
    surface: SurfaceTable
    slots: SlotTable

    @property
    def lines(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return rotations (K, 3, 3), origins (K, 3) and fractions (K,) of the lines, float32."""
        start, end = self.map_from_sensor_start, self.map_from_sensor_end
        return *lines_between(start, end, self.fractions), np.asarray(self.fractions, np.float32)


@dataclass(frozen=True, eq=False)
class RayView(FrameView):
    """Hold rays in the map frame (N, 1, 3), each of an origin of its own, float32 (N, 3)."""

    origins: NDArray[np.float32]

    @property
    def lines(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return no turns (N, 3, 3), the origins, and the start of the motion (N,)."""
        count = len(self.origins)
        turns = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
        return turns, self.origins, np.zeros(count, np.float32)


@dataclass(frozen=True)
class JpegFormat:
    """Quality 1 to 100, and whether colours keep their full resolution (4:4:4, else 4:2:0)."""

    quality: int
    full_colour: bool


class FrameEngine(ABC):
    """Draw whole frames on a device of its own."""

    name: str
    encodes_jpeg: bool

    @abstractmethod
    def add_mesh(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> int:
        """Build the tree of a mesh; see ``PacketEngine``."""

    @abstractmethod
    def place(self, meshes: Sequence[int], transforms: Sequence[NDArray[np.float32]]) -> None:
        """Show exactly these meshes; see ``PacketEngine``."""

    @abstractmethod
    def draw(self, view: FrameView, light: Lighting, outputs: frozenset[str]) -> dict[str, NDArray]:
        """Return the outputs of a camera by name, as ``CameraFrame`` has them."""

    @abstractmethod
    def draw_jpeg(self, view: FrameView, light: Lighting, form: JpegFormat) -> bytes:
        """Return a camera's picture as JPEG; only where ``encodes_jpeg``."""

    @abstractmethod
    def sweep(
        self, view: FrameView, origins: NDArray[np.float32] | None, reach_m: float
    ) -> dict[str, NDArray]:
        """Return what beams meet, as ``RayHits`` has it, in the shape of the table.

        ``origins`` (H, W, 3), when given, replace those of the poses; only then there are normals.
        """

    @abstractmethod
    def close(self) -> None:
        """Free everything; calling it again does nothing."""


Engine = PacketEngine | FrameEngine
