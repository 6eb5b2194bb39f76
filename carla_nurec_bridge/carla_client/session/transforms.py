"""CARLA's transforms as right-handed matrices, and back."""

from __future__ import annotations

import carla

from ...core.frames import Matrix, carla_from_matrix, matrix_from_carla


def matrix_of(transform: carla.Transform) -> Matrix:
    """Return the right-handed (4, 4) matrix of a CARLA transform."""
    location, rotation = transform.location, transform.rotation
    return matrix_from_carla(
        (location.x, location.y, location.z), (rotation.pitch, rotation.yaw, rotation.roll)
    )


def transform_of(matrix: Matrix) -> carla.Transform:
    """Return the CARLA transform of a right-handed (4, 4) matrix."""
    (x, y, z), (pitch, yaw, roll) = carla_from_matrix(matrix)
    return carla.Transform(
        carla.Location(x=float(x), y=float(y), z=float(z)),
        carla.Rotation(pitch=float(pitch), yaw=float(yaw), roll=float(roll)),
    )
