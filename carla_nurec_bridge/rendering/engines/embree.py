"""The Embree library inside the ``embreex`` wheel, through ctypes.

Only what scenes need is declared. Numbers are those of Embree 4's public headers; the version
check at opening keeps a library with other numbers out.
"""

from __future__ import annotations

import ctypes
import importlib.util
import threading
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BridgeError

VERSION = 40400

_PROPERTY_VERSION = 0
_PROPERTY_NATIVE = {8: 33, 16: 34}
_TRIANGLE, _INSTANCE = 0, 121
_BUFFER_INDEX, _BUFFER_VERTEX = 0, 1
_FORMAT_UINT3, _FORMAT_FLOAT3, _FORMAT_3X4_ROW_MAJOR = 0x5003, 0x9003, 0x9134
_SCENE_ROBUST = 1 << 2
_QUALITY_MEDIUM = 1
_QUERY_COHERENT = 1 << 16
_FEATURES_ALL = 0xFFFFFFFF

_P, _U, _Z = ctypes.c_void_p, ctypes.c_uint, ctypes.c_size_t
_SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "rtcNewDevice": (_P, [ctypes.c_char_p]),
    "rtcReleaseDevice": (None, [_P]),
    "rtcGetDeviceProperty": (ctypes.c_ssize_t, [_P, ctypes.c_int]),
    "rtcGetDeviceError": (ctypes.c_int, [_P]),
    "rtcNewScene": (_P, [_P]),
    "rtcReleaseScene": (None, [_P]),
    "rtcSetSceneFlags": (None, [_P, ctypes.c_int]),
    "rtcSetSceneBuildQuality": (None, [_P, ctypes.c_int]),
    "rtcCommitScene": (None, [_P]),
    "rtcNewGeometry": (_P, [_P, ctypes.c_int]),
    "rtcReleaseGeometry": (None, [_P]),
    "rtcCommitGeometry": (None, [_P]),
    "rtcEnableGeometry": (None, [_P]),
    "rtcDisableGeometry": (None, [_P]),
    "rtcAttachGeometryByID": (None, [_P, _P, _U]),
    "rtcSetNewGeometryBuffer": (_P, [_P, ctypes.c_int, _U, ctypes.c_int, _Z, _Z]),
    "rtcSetGeometryInstancedScene": (None, [_P, _P]),
    "rtcSetGeometryTimeStepCount": (None, [_P, _U]),
    "rtcSetGeometryTransform": (None, [_P, _U, ctypes.c_int, _P]),
}

_BRIEF = {
    "rtcGetDeviceError",
    "rtcEnableGeometry",
    "rtcDisableGeometry",
    "rtcCommitGeometry",
    "rtcSetGeometryInstancedScene",
    "rtcSetGeometryTimeStepCount",
    "rtcSetGeometryTransform",
}
"""Called many times a frame, and done sooner than Python's lock is handed on and taken again."""


class EmbreeError(BridgeError):
    """Embree cannot be used here, or refused a call."""


class IntersectArguments(ctypes.Structure):
    """Mirror of RTCIntersectArguments and RTCOccludedArguments (the same layout)."""

    _fields_ = [
        ("flags", ctypes.c_int),
        ("feature_mask", ctypes.c_uint),
        ("context", ctypes.c_void_p),
        ("filter", ctypes.c_void_p),
        ("callback", ctypes.c_void_p),
    ]


COHERENT = IntersectArguments(_QUERY_COHERENT, _FEATURES_ALL, None, None, None)


@cache
def library() -> ctypes.CDLL:
    """Load the library, once; EmbreeError when the wheel or the library in it is missing."""
    spec = importlib.util.find_spec("embreex")
    if spec is None or spec.origin is None:
        raise EmbreeError("the package embreex is not installed: pip install 'embreex>=4.4,<4.5'")
    package = Path(spec.origin).parent
    patterns = ("embreex.libs/libembree4*", "embreex/.dylibs/libembree4*", "embreex.libs/embree4*")
    found = [path for pattern in patterns for path in sorted(package.parent.glob(pattern))]
    if not found:
        raise EmbreeError(f"no Embree library beside {package}: reinstall embreex 4.4")
    for companion in sorted(found[0].parent.glob("libtbb*")):
        ctypes.CDLL(str(companion), mode=ctypes.RTLD_GLOBAL)
    try:
        loaded, locked = ctypes.CDLL(str(found[0])), ctypes.PyDLL(str(found[0]))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(locked if name in _BRIEF else loaded, name)
            function.restype, function.argtypes = result, arguments
            setattr(loaded, name, function)
    except (OSError, AttributeError) as error:
        raise EmbreeError(f"cannot use {found[0]}: {error}; reinstall embreex 4.4") from error
    return loaded


def address_of(name: str) -> int:
    """Return the address of one of the library's functions."""
    address = ctypes.cast(getattr(library(), name), ctypes.c_void_p).value
    assert address is not None
    return address


_opening = threading.Lock()


def process_device() -> EmbreeDevice:
    """Return the one device of the process, opened by the first call; it is never released.

    A second device, also after the first was released, costs a core for good: the wheel's TBB then
    starts a worker that finds itself needed but not allowed, and yields for ever.
    """
    with _opening:
        return _device()


@cache
def _device() -> EmbreeDevice:
    return EmbreeDevice()


class EmbreeDevice:
    """Own one Embree device; builds are serial, so equal input gives equal trees and hits."""

    def __init__(self) -> None:
        self._lib = library()
        self.handle = self._lib.rtcNewDevice(b"threads=1")
        if not self.handle:
            raise EmbreeError("Embree made no device; its library may not fit this processor")
        version = self._lib.rtcGetDeviceProperty(self.handle, _PROPERTY_VERSION)
        if version != VERSION:
            self._lib.rtcReleaseDevice(self.handle)
            raise EmbreeError(f"Embree reports version {version}, {VERSION} is needed")

    @property
    def packet_width(self) -> int:
        """Return 16 or 8: the widest packet the processor traces natively (8 at least)."""
        native = self._lib.rtcGetDeviceProperty(self.handle, _PROPERTY_NATIVE[16])
        return 16 if native else 8

    def check(self, doing: str) -> None:
        """Raise EmbreeError when a call since the last check failed."""
        code = self._lib.rtcGetDeviceError(self.handle)
        if code:
            raise EmbreeError(f"Embree failed with error {code} while {doing}")

    def mesh_scene(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> int:
        """Build the tree of (V, 3) vertices and (T, 3) triangles; return the scene's handle."""
        lib = self._lib
        scene = self._new_scene()
        geometry = lib.rtcNewGeometry(self.handle, _TRIANGLE)
        for kind, form, array in (
            (_BUFFER_VERTEX, _FORMAT_FLOAT3, vertices),
            (_BUFFER_INDEX, _FORMAT_UINT3, triangles),
        ):
            # Embree allocates, because it reads 16 bytes at a vertex and so past a foreign end.
            target = lib.rtcSetNewGeometryBuffer(geometry, kind, 0, form, 12, len(array))
            data = np.ascontiguousarray(array)
            ctypes.memmove(target, data.ctypes.data, data.nbytes)
        lib.rtcCommitGeometry(geometry)
        lib.rtcAttachGeometryByID(scene, geometry, 0)
        lib.rtcReleaseGeometry(geometry)
        lib.rtcCommitScene(scene)
        self.check(f"building the tree of {len(triangles)} triangles")
        return int(scene)

    def instance_scene(self) -> int:
        """Return the handle of an empty scene for instances."""
        return self._new_scene()

    def attach_instance(self, scene: int, slot: int) -> int:
        """Add an instance geometry to a scene as number ``slot``; return its handle."""
        geometry = self._lib.rtcNewGeometry(self.handle, _INSTANCE)
        self._lib.rtcAttachGeometryByID(scene, geometry, slot)
        self._lib.rtcReleaseGeometry(geometry)
        return int(geometry)

    def place_instance(
        self, geometry: int, mesh_scene: int, transforms: NDArray[np.float32]
    ) -> None:
        """Show a mesh scene at (K, 3, 4) poses, evenly spread over the ray time 0 to 1."""
        lib = self._lib
        lib.rtcSetGeometryInstancedScene(geometry, mesh_scene)
        lib.rtcSetGeometryTimeStepCount(geometry, len(transforms))
        first = transforms.ctypes.data
        for step in range(len(transforms)):
            lib.rtcSetGeometryTransform(geometry, step, _FORMAT_3X4_ROW_MAJOR, first + 48 * step)
        lib.rtcEnableGeometry(geometry)
        lib.rtcCommitGeometry(geometry)

    def hide_instance(self, geometry: int) -> None:
        """Leave an instance out of the next commit."""
        self._lib.rtcDisableGeometry(geometry)

    def commit(self, scene: int) -> None:
        """Rebuild the tree over a scene's instances."""
        self._lib.rtcCommitScene(scene)
        self.check("placing instances")

    def release(self, scene: int) -> None:
        """Free a scene."""
        self._lib.rtcReleaseScene(scene)

    def _new_scene(self) -> int:
        scene = self._lib.rtcNewScene(self.handle)
        self._lib.rtcSetSceneFlags(scene, _SCENE_ROBUST)
        self._lib.rtcSetSceneBuildQuality(scene, _QUALITY_MEDIUM)
        return int(scene)
