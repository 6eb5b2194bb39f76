"""CARLA's transforms as right-handed matrices, and back."""

from __future__ import annotations

from collections.abc import Iterable

import carla

from ...core.frames import Matrix, carla_from_matrix, matrices_from_carla, matrix_from_carla


def matrix_of(transform: carla.Transform) -> Matrix:
    """Return the right-handed (4, 4) matrix of a CARLA transform."""
    location, rotation = transform.location, transform.rotation
    return matrix_from_carla(
        (location.x, location.y, location.z), (rotation.pitch, rotation.yaw, rotation.roll)
    )


def matrices_of(transforms: Iterable[carla.Transform]) -> Matrix:
    """Return the matrices (N, 4, 4) of many transforms at once."""
    places = []
    for transform in transforms:
        location, rotation = transform.location, transform.rotation
        turned = rotation.pitch, rotation.yaw, rotation.roll
        places.append((location.x, location.y, location.z, *turned))
    return matrices_from_carla(places)


def transform_of(matrix: Matrix) -> carla.Transform:
    """Return the CARLA transform of a right-handed (4, 4) matrix."""
    (x, y, z), (pitch, yaw, roll) = carla_from_matrix(matrix)
    return carla.Transform(
        carla.Location(x=float(x), y=float(y), z=float(z)),
        carla.Rotation(pitch=float(pitch), yaw=float(yaw), roll=float(roll)),
    )
