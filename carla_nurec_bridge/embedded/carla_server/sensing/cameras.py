"""Cameras: sensors that look from one place with one lens share one trace of the scene."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from ....core.frames import BODY_FROM_OPTICAL, Matrix
from ....core.opencv_pinhole import OpenCVPinholeCamera
from ....rendering.camera import CameraFrame, render_camera
from ....rendering.lighting import Lighting
from ....rendering.scene import RenderScene
from ..actors import Actor
from ..drawings import Drawings
from ..registry import CallFailure

FARTHEST_M = 1000.0
DEPTH_STEPS = (1 << 24) - 1
LARGEST_SIDE = 16384
_IMAGE_HEADER = struct.Struct("<IIf")


@dataclass(frozen=True)
class CameraKind:
    """What a camera blueprint sends: type index of its messages, outputs it needs."""

    index: int
    outputs: frozenset[str]


KINDS = {
    "sensor.camera.rgb": CameraKind(13, frozenset({"rgb"})),
    "sensor.camera.depth": CameraKind(1, frozenset({"depth"})),
    "sensor.camera.normals": CameraKind(2, frozenset({"normals"})),
    "sensor.camera.semantic_segmentation": CameraKind(14, frozenset({"semantic"})),
    "sensor.camera.instance_segmentation": CameraKind(15, frozenset({"semantic", "instance"})),
}


@dataclass(frozen=True)
class Optics:
    """Image size in pixels and horizontal field of view in degrees."""

    width: int
    height: int
    fov_deg: float

    @staticmethod
    def of(actor: Actor) -> Optics:
        """Read a camera's attributes; CallFailure when they make no image."""
        values = actor.attributes
        try:
            optics = Optics(
                int(values["image_size_x"]), int(values["image_size_y"]), float(values["fov"])
            )
        except (KeyError, ValueError) as error:
            raise CallFailure(f"camera attributes are not usable: {error}") from error
        if not (0 < optics.width <= LARGEST_SIDE and 0 < optics.height <= LARGEST_SIDE):
            raise CallFailure(f"a camera image cannot be {optics.width} x {optics.height} pixels")
        if not 0.0 < optics.fov_deg < 180.0:
            raise CallFailure(f"a camera's fov must be within 0..180 degrees, not {optics.fov_deg}")
        return optics


@lru_cache(maxsize=16)
def _rays(optics: Optics) -> NDArray[np.float32]:
    model = OpenCVPinholeCamera.from_fov(optics.width, optics.height, optics.fov_deg)
    return model.ray_table()


def shared_views(
    cameras: Sequence[tuple[Actor, Matrix]],
) -> list[tuple[Optics, Matrix, list[Actor]]]:
    """Group cameras by optics and pose: (optics, map_from_camera, cameras) each."""
    views: defaultdict[tuple[Optics, bytes], list[Actor]] = defaultdict(list)
    poses: dict[bytes, Matrix] = {}
    for actor, map_from_camera in cameras:
        key = np.round(map_from_camera, 9).tobytes()
        poses[key] = map_from_camera
        views[Optics.of(actor), key].append(actor)
    return [(optics, poses[key], group) for (optics, key), group in views.items()]


def take_pictures(
    scene: RenderScene,
    optics: Optics,
    map_from_camera: Matrix,
    cameras: Sequence[Actor],
    light: Lighting,
    drawings: Drawings,
) -> Iterator[tuple[Actor, int, tuple[bytes, memoryview]]]:
    """Yield (camera, message type, payload parts) of all cameras of one view.

    ``map_from_camera`` is the camera's body: it looks along +x.
    """
    outputs = frozenset().union(*(KINDS[a.description.id].outputs for a in cameras))
    pose = map_from_camera @ BODY_FROM_OPTICAL
    painted = bool(drawings) and "rgb" in outputs
    frame = render_camera(
        scene, _rays(optics), pose, pose, np.zeros(optics.height), "row", light,
        outputs | {"depth"} if painted else outputs,
    )  # fmt: skip
    if painted and frame.rgb is not None and frame.depth is not None:
        drawings.paint(frame.rgb, frame.depth, _rays(optics), pose)
    header = _IMAGE_HEADER.pack(optics.width, optics.height, optics.fov_deg)
    for actor in cameras:
        kind = KINDS[actor.description.id]
        picture = encode(actor.description.id, frame)
        yield actor, kind.index, (header, picture.data.cast("B"))


def warm_up(scene: RenderScene, light: Lighting) -> None:
    """Draw and encode a few pixels of every kind, so that no tick waits for the compiler."""
    optics = Optics(16, 8, 90.0)
    outputs = frozenset().union(*(kind.outputs for kind in KINDS.values()))
    rows = np.zeros(optics.height)
    frame = render_camera(scene, _rays(optics), np.eye(4), np.eye(4), rows, "row", light, outputs)
    for blueprint in KINDS:
        encode(blueprint, frame)


def encode(blueprint: str, frame: CameraFrame) -> NDArray[np.uint8]:
    """Return the BGRA picture (H, W, 4) that a camera of a blueprint sends."""
    if blueprint == "sensor.camera.rgb" and frame.rgb is not None:
        return np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGRA), np.uint8)
    if blueprint == "sensor.camera.depth" and frame.depth is not None:
        return _encode_depth(frame.depth)
    if blueprint == "sensor.camera.normals" and frame.normals is not None:
        return _encode_normals(frame.normals)
    if blueprint == "sensor.camera.semantic_segmentation" and frame.semantic is not None:
        return _encode_labels(frame.semantic, np.zeros((1, 1), np.int32))
    if frame.semantic is not None and frame.instance is not None:
        return _encode_labels(frame.semantic, frame.instance)
    raise CallFailure(f"no picture was drawn for {blueprint}")


@numba.njit(cache=True)
def _encode_depth(depth):  # type: ignore[no-untyped-def]
    height, width = depth.shape
    picture = np.empty((height, width, 4), np.uint8)
    for i in range(height):
        for j in range(width):
            share = depth[i, j] / FARTHEST_M
            steps = DEPTH_STEPS if share >= 1.0 else np.int64(share * DEPTH_STEPS + 0.5)
            picture[i, j, 0] = steps >> 16
            picture[i, j, 1] = (steps >> 8) & 255
            picture[i, j, 2] = steps & 255
            picture[i, j, 3] = 255
    return picture


@numba.njit(cache=True)
def _encode_normals(normals):  # type: ignore[no-untyped-def]
    """Encode map-frame normals in CARLA's world axes (y mirrored)."""
    height, width = normals.shape[:2]
    picture = np.empty((height, width, 4), np.uint8)
    for i in range(height):
        for j in range(width):
            picture[i, j, 2] = np.uint8((0.5 + 0.5 * normals[i, j, 0]) * 255.0 + 0.5)
            picture[i, j, 1] = np.uint8((0.5 - 0.5 * normals[i, j, 1]) * 255.0 + 0.5)
            picture[i, j, 0] = np.uint8((0.5 + 0.5 * normals[i, j, 2]) * 255.0 + 0.5)
            picture[i, j, 3] = 255
    return picture


@numba.njit(cache=True)
def _encode_labels(semantic, instance):  # type: ignore[no-untyped-def]
    """Encode tags in red; green and blue hold the low 16 bits of the instance, if given."""
    height, width = semantic.shape
    picture = np.empty((height, width, 4), np.uint8)
    named = instance.shape[0] == height
    for i in range(height):
        for j in range(width):
            number = instance[i, j] if named else 0
            picture[i, j, 0] = (number >> 8) & 255
            picture[i, j, 1] = number & 255
            picture[i, j, 2] = semantic[i, j]
            picture[i, j, 3] = 255
    return picture


