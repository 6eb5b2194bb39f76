"""Embree as an engine: one tree per mesh, one tree of instances over those that move.

Slot 0, which lies where it was made and is most of what rays meet, is traced for itself before the
instances: without the turn into an instance's frame a ray costs about a tenth less.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache

import numpy as np
from numba import carray, cfunc, types
from numpy.typing import NDArray

from .embree import (
    COHERENT,
    EmbreeError,
    address_of,
    process_device,
)
from .native import call_packet, pointer_from_int
from .packet import (
    DIRECTION,
    FAR,
    GEOMETRY,
    HIT_SIZE,
    INSTANCE,
    LANES,
    MASK,
    ORIGIN,
    PRIMITIVE,
    RAY_SIZE,
    VALID,
    Z,
    page,
)

_HALF = 8


class EmbreeEngine:
    """Own scenes on the Embree device of the process."""

    name = "embree"

    def __init__(self) -> None:
        self._device = process_device()
        self._top = self._device.instance_scene()
        self._scenes = [self._top]
        self._still = self._top
        self._slots: list[int] = []
        self._moving = 0
        self._use_packets(self._device.packet_width)
        self._trace_known_triangle()

    @property
    def functions(self) -> tuple[int, int, tuple[int, int], int]:
        """Return the addresses that kernels take; see ``PacketEngine``."""
        still, moving = self._roots()
        scenes = (still, moving if self._moving else 0)
        return self._intersect, self._occluded, scenes, self._arguments

    def add_mesh(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> int:
        """Build the tree of a mesh; see ``PacketEngine``."""
        self._scenes.append(self._device.mesh_scene(vertices, triangles))
        return self._scenes[-1]

    def place(self, meshes: Sequence[int], transforms: Sequence[NDArray[np.float32]]) -> None:
        """Show exactly these meshes; see ``PacketEngine``."""
        self._still, *moving = meshes
        while len(self._slots) < len(moving):
            self._slots.append(self._device.attach_instance(self._top, len(self._slots) + 1))
        for geometry, mesh, poses in zip(self._slots, moving, transforms[1:], strict=False):
            self._device.place_instance(geometry, mesh, np.ascontiguousarray(poses, np.float32))
        for geometry in self._slots[len(moving) :]:
            self._device.hide_instance(geometry)
        self._moving = len(moving)
        self._device.commit(self._top)

    def close(self) -> None:
        """Free the scenes; calling it again does nothing."""
        while self._scenes:
            self._device.release(self._scenes.pop())

    def _use_packets(self, width: int) -> None:
        coherent = ctypes.addressof(COHERENT)
        self._indirection: NDArray[np.intp] | None = None
        if width == LANES:
            self._intersect, self._occluded = (
                address_of("rtcIntersect16"),
                address_of("rtcOccluded16"),
            )
            self._arguments = coherent
            return
        self._intersect, self._occluded = _halving_functions()
        both = [self._top, coherent, address_of("rtcIntersect8"), address_of("rtcOccluded8")]
        self._indirection = np.array([both, both], np.intp)
        self._arguments = 0

    def _roots(self) -> tuple[int, int]:
        """Return what the functions take as scene, of slot 0 and of the instances."""
        if self._indirection is None:
            return self._still, self._top
        self._indirection[0, 0] = self._still
        first = self._indirection.ctypes.data
        return first, first + self._indirection.strides[0]

    def _trace_known_triangle(self) -> None:
        """Prove that structure layout and calling form fit the library."""
        corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
        triangle = np.array([[0, 1, 2]], np.int32)
        mesh = self.add_mesh(corners, triangle)
        lower = self.add_mesh(corners - np.array([0, 0, 1], np.float32), triangle)
        pose = np.eye(4, dtype=np.float32)[None, :3]
        self.place([lower, mesh], [pose, pose])
        floats = page()
        ints = floats.view(np.int32)
        half = LANES // 2
        floats[ORIGIN : ORIGIN + 3 * LANES] = np.repeat([0.25, 0.25, 2.0], LANES)
        floats[ORIGIN + half : ORIGIN + LANES] = 3.0
        floats[DIRECTION + Z : DIRECTION + Z + LANES] = -1.0
        floats[FAR : FAR + LANES] = 100.0
        for row in (VALID, MASK, GEOMETRY, INSTANCE):
            ints[row : row + LANES] = -1
        # rtcIntersect16(const int* valid, scene, packet, arguments)
        function = ctypes.CFUNCTYPE(None, *(ctypes.c_void_p,) * 4)(self._intersect)
        for scene in self._roots():
            function(ints[VALID:].ctypes.data, scene, floats.ctypes.data, self._arguments)
        if not (
            (floats[FAR : FAR + half] == 2.0).all()
            and (ints[INSTANCE : INSTANCE + half] == 1).all()
            and (ints[PRIMITIVE : PRIMITIVE + half] == 0).all()
            and (ints[GEOMETRY + half : GEOMETRY + LANES] == -1).all()
        ):
            self.close()
            raise EmbreeError("Embree answered a known triangle wrongly; use engine numba")


@cache
def _halving_functions() -> tuple[int, int]:
    """Return intersect and occluded for processors whose native packets have 8 rays.

    They take the address of four integers (scene, arguments, the two 8-wide functions) as scene.
    """
    signature = types.void(types.intp, types.intp, types.intp, types.intp)
    functions = []
    for function_index, rows in ((2, HIT_SIZE // LANES), (3, RAY_SIZE // LANES)):
        functions.append(_halving(signature, function_index, rows))
    return functions[0].address, functions[1].address


def _halving(signature, function_index: int, rows: int):  # type: ignore[no-untyped-def]
    @cfunc(signature, cache=True)
    def trace_halves(valid_address, scene_address, packet_address, _arguments):  # type: ignore[no-untyped-def]
        indirection = carray(pointer_from_int(scene_address), (4,), np.intp)
        wide = carray(pointer_from_int(packet_address), (rows, LANES), np.int32)
        valid = carray(pointer_from_int(valid_address), (LANES,), np.int32)
        raw = np.empty((rows + 1) * _HALF + 16, np.int32)
        start = ((-raw.ctypes.data) & 63) // 4
        narrow = raw[start : start + (rows + 1) * _HALF].reshape(rows + 1, _HALF)
        for half in range(2):
            first = half * _HALF
            for row in range(rows):
                for lane in range(_HALF):
                    narrow[row, lane] = wide[row, first + lane]
            for lane in range(_HALF):
                narrow[rows, lane] = valid[first + lane]
            call_packet(
                indirection[function_index],
                narrow[rows].ctypes.data,
                indirection[0],
                narrow.ctypes.data,
                indirection[1],
            )
            for row in range(8, rows):
                for lane in range(_HALF):
                    wide[row, first + lane] = narrow[row, lane]

    return trace_halves
