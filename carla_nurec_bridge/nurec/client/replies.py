"""What came back: image bytes and clouds, or the reason why not, one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ...core.errors import ProtocolError
from ...core.frames import Matrix
from ..images import decoded, planar
from ..stubs import sensorsim_pb2 as sensorsim
from .conversion import pose_matrix
from .requests import CameraRequest, ImageFormat


@dataclass(frozen=True, eq=False)
class OfferedCamera:
    """A recorded camera that a server can draw; ``shutter`` and ``optics`` are NuRec's names.

    ``spec`` is the message itself, for ``conversion.camera_model``.
    """

    logical_id: str
    optics: str
    shutter: str
    size: tuple[int, int]
    rig_from_camera: Matrix
    spec: sensorsim.CameraSpec


@dataclass(frozen=True, eq=False)
class ImageReply:
    """The bytes of one image exactly as the server sent them, or why there are none.

    ``request`` says what was asked for, and so how the bytes are to be read.
    """

    request: CameraRequest
    image: bytes | None
    error: str | None = None

    @property
    def name(self) -> str:
        """The name that marks the request."""
        return self.request.name

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """The RGB pixels (H, W, 3), decoded once; ProtocolError when the bytes hold none."""
        image, request = self._bytes, self.request
        if request.image_format is not ImageFormat.RGB_UINT8_PLANAR:
            return decoded(image)
        return planar(image, *(request.size or (request.model.width, request.model.height)))

    def compressed(self) -> tuple[bytes, str]:
        """Return bytes and format: NuRec's own, or a JPEG made here where it sent bare pixels."""
        image_format = self.request.image_format
        if image_format is not ImageFormat.RGB_UINT8_PLANAR:
            return self._bytes, image_format.name.lower()
        quality = round(self.request.quality)
        return simplejpeg.encode_jpeg(self.pixels, quality=quality, colorspace="RGB"), "jpeg"

    @property
    def _bytes(self) -> bytes:
        if self.image is None:
            raise ProtocolError(self.error or f"{self.name}: NuRec sent no image")
        return self.image


@dataclass(frozen=True, eq=False)
class CloudReply:
    """One sweep, or why there is none.

    ``points_m`` is float32 (N, 3) in the lidar frame at the end of the sweep, ``intensities``
    float32 (N,) in [0, 1], or None when the server sends none. ``rings`` uint16 (N,) are the beams,
    0 the lowest, ``times`` float32 (N,) run from 0 to 1 over the sweep; None unless they were asked
    for and the server tells. All are read-only views.
    """

    name: str
    points_m: NDArray[np.float32] | None
    intensities: NDArray[np.float32] | None
    error: str | None = None
    rings: NDArray[np.uint16] | None = None
    times: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Replies:
    """Replies in the order of the requests."""

    images: tuple[ImageReply, ...]
    clouds: tuple[CloudReply, ...]

    @property
    def errors(self) -> tuple[str, ...]:
        """Return the reasons of everything that failed."""
        every = [*(image.error for image in self.images), *(cloud.error for cloud in self.clouds)]
        return tuple(error for error in every if error is not None)


def offered_camera(camera: sensorsim.AvailableCamerasReturn.AvailableCamera) -> OfferedCamera:
    """Return what a server says of a camera; ``rig_to_camera`` holds rig_from_camera."""
    spec = camera.intrinsics
    return OfferedCamera(
        camera.logical_id,
        (spec.WhichOneof("camera_param") or "unknown").removesuffix("_param"),
        _shutter_name(spec.shutter_type),
        (spec.resolution_w, spec.resolution_h),
        pose_matrix(camera.rig_to_camera),
        spec,
    )


def image_reply(request: CameraRequest, result: sensorsim.RGBRenderReturn) -> ImageReply:
    """Return the reply of a rendered image; an empty one is an error."""
    if not result.image_bytes:
        return ImageReply(request, None, f"{request.name}: NuRec sent an image of no bytes")
    return ImageReply(request, result.image_bytes)


def cloud_reply(name: str, result: sensorsim.LidarRenderReturn) -> CloudReply:
    """Return the reply of a sweep, from its buffers or its lists; mismatching sizes are errors."""
    try:
        points, intensities = _cloud(result)
    except ProtocolError as error:
        return CloudReply(name, None, None, f"{name}: {error}")
    return CloudReply(name, points, intensities)


def rays_reply(name: str, result: sensorsim.AggregatedRenderReturn) -> CloudReply:
    """Return the reply of a sweep that tells its rays (``METHODS_OF_OUR_OWN``)."""
    sweeps = len(result.lidar_returns)
    if sweeps != 1:
        return CloudReply(name, None, None, f"{name}: NuRec sent {sweeps} sweeps instead of one")
    reply = cloud_reply(name, result.lidar_returns[0])
    if reply.points_m is None:
        return reply
    count, data = len(reply.points_m), result.driver_data
    if len(data) != 6 * count:
        text = f"{name}: NuRec sent {len(data)} bytes about the rays of {count} points"
        return CloudReply(name, None, None, text)
    rings = np.frombuffer(data, "<u2", count)
    return replace(reply, rings=rings, times=np.frombuffer(data, "<f4", count, 2 * count))


def _shutter_name(number: int) -> str:
    known = number in sensorsim.ShutterType.values()
    return str(sensorsim.ShutterType.Name(number)) if known else f"type {number}"


def _cloud(
    result: sensorsim.LidarRenderReturn,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    if result.num_points or result.point_xyzs_buffer:
        xyz = _floats(result.point_xyzs_buffer)
        intensities = _floats(result.point_intensities_buffer)
        if len(xyz) != 3 * result.num_points:
            raise ProtocolError(
                f"NuRec announced {result.num_points} points and sent {len(xyz)} coordinates"
            )
    else:
        xyz = np.array(result.point_xyzs, dtype=np.float32)
        intensities = np.array(result.point_intensities, dtype=np.float32)
    if len(xyz) % 3 or len(intensities) not in (0, len(xyz) // 3):
        raise ProtocolError(f"NuRec sent {len(xyz)} coordinates and {len(intensities)} intensities")
    missing = len(intensities) == 0 and len(xyz) > 0
    return xyz.reshape(-1, 3), None if missing else intensities


def _floats(buffer: bytes) -> NDArray[np.float32]:
    if len(buffer) % 4:
        raise ProtocolError(f"NuRec sent a float32 buffer of {len(buffer)} bytes")
    return np.frombuffer(buffer, dtype="<f4")
