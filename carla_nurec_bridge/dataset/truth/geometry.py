"""Places, turns and boxes as values that JSON can hold."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ...core.frames import Matrix, matrix_from_quaternion, quaternion_from_rotation
from ...core.run_contract.record import Record
from ...world.states import Size

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
"""x, y, z, w."""
Box2D = tuple[float, float, float, float]
"""x, y, width, height in pixels; x and y are those of the upper left corner."""


def vector(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Vector3:
    """Return three numbers of an array as a tuple of Python's own."""
    x, y, z = values.tolist()
    return x, y, z


class RigidTransform(Record):
    """A rigid transform from one frame to another."""

    translation_m: Vector3 = Field(description="of the inner frame's origin")
    quaternion_xyzw: Quaternion = Field(description="of unit length, w >= 0")

    @classmethod
    def of(cls, a_from_b: Matrix) -> RigidTransform:
        """Return the values of a (4, 4) matrix."""
        x, y, z, w = quaternion_from_rotation(a_from_b[:3, :3]).tolist()
        return cls(translation_m=vector(a_from_b[:3, 3]), quaternion_xyzw=(x, y, z, w))

    def matrix(self) -> Matrix:
        """Return the (4, 4) matrix."""
        return matrix_from_quaternion(self.translation_m, self.quaternion_xyzw)


class Box3D(Record):
    """An oriented box of a frame: of the map, or of a camera's optical axes.

    The box's own axes are x forward, y left, z up. ``yaw_rad`` is where it heads: in the map
    counter-clockwise from x about z, in a camera as in KITTI about y (down) from x, so that 0
    heads to the right of the image and -pi / 2 away from the camera.
    """

    centre_m: Vector3
    size_m: Size = Field(description="length, width, height")
    quaternion_xyzw: Quaternion = Field(description="frame_from_box")
    yaw_rad: float

    @classmethod
    def in_map(cls, map_from_box: Matrix, size_m: Size) -> Box3D:
        """Return a box of the map."""
        return cls._of(map_from_box, size_m, np.arctan2(map_from_box[1, 0], map_from_box[0, 0]))

    @classmethod
    def in_camera(cls, camera_from_box: Matrix, size_m: Size) -> Box3D:
        """Return a box of a camera's optical axes."""
        yaw_rad = np.arctan2(-camera_from_box[2, 0], camera_from_box[0, 0])
        return cls._of(camera_from_box, size_m, yaw_rad)

    @classmethod
    def _of(cls, frame_from_box: Matrix, size_m: Size, yaw_rad: float) -> Box3D:
        at = RigidTransform.of(frame_from_box)
        return cls(
            centre_m=at.translation_m,
            size_m=size_m,
            quaternion_xyzw=at.quaternion_xyzw,
            yaw_rad=float(yaw_rad),
        )

    def frame_from_box(self) -> Matrix:
        """Return the pose of the box's centre (4, 4) in its frame."""
        return matrix_from_quaternion(self.centre_m, self.quaternion_xyzw)
