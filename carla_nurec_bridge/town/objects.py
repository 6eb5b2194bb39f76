"""What stands on a street: its objects one by one, with boxes, and where bodies run into them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.semantic_tag import Tag
from ..rendering.mesh import LIGHT
from .street import Street
from .tags import label_of

FOOT_M = 1.5
LEAST_HALF_M = 0.05
HEAD_EXTENT = (0.2, 0.2, 0.5)
TRAFFIC_LIGHT_TAG, POLE_TAG, SIGN_TAG = Tag.TRAFFIC_LIGHT, Tag.POLE, Tag.TRAFFIC_SIGN

Vector = tuple[float, float, float]
Rectangle = tuple[float, float, float, float, float]
"""An upright rectangle in CARLA's plane: x, y, yaw in rad, half length, half width in metres."""


@dataclass(frozen=True, eq=False)
class StreetObject:
    """One object of a street in CARLA's world: metres and degrees.

    ``id`` is its number in the street's mesh, 0 for a head of a traffic light. The box of a sign is
    that of its plate. ``foot`` is the
    rectangle around what is lowest of it (a tree's trunk, a building's walls) with its bottom and
    top z. ``lamp`` is where it shines at night, None for all but street lamps.
    """

    id: int
    tag: int
    name: str
    centre: Vector
    extent: Vector
    yaw_deg: float
    foot: tuple[Rectangle, float, float] | None
    lamp: Vector | None


def street_objects(street: Street) -> tuple[StreetObject, ...]:
    """Return every numbered object of a street's mesh, then the heads of its traffic lights."""
    mesh = street.mesh
    numbered = np.flatnonzero(mesh.objects > 0)
    order = numbered[np.argsort(mesh.objects[numbered], kind="stable")]
    ids, starts = np.unique(mesh.objects[order], return_index=True)
    parts = zip(ids.tolist(), np.split(order, starts[1:]), strict=True) if len(ids) else ()
    found = []
    for number, rows in parts:
        corners = mesh.vertices[mesh.triangles[rows]].astype(np.float64) * (1.0, -1.0, 1.0)
        plate = corners[mesh.tags[rows] == SIGN_TAG]
        tag = SIGN_TAG if len(plate) else int(mesh.tags[rows[0]])
        shining = corners[mesh.colours[rows, 3] == LIGHT] if tag == POLE_TAG else corners[:0]
        boxed = plate if len(plate) else corners
        parts_of = (boxed.reshape(-1, 3), corners.reshape(-1, 3), shining.reshape(-1, 3))
        found.append(_object(number, tag, *parts_of))
    return (*found, *(_head(k, head.map_from_head) for k, head in enumerate(street.lights)))


def _object(
    number: int,
    tag: int,
    boxed: NDArray[np.float64],
    points: NDArray[np.float64],
    shining: NDArray[np.float64],
) -> StreetObject:
    x, y, yaw, length, width = upright_rectangle(boxed[:, :2])
    bottom, top = float(boxed[:, 2].min()), float(boxed[:, 2].max())
    low, high = float(points[:, 2].min()), float(points[:, 2].max())
    foot = upright_rectangle(points[points[:, 2] <= low + FOOT_M, :2])
    lamp = tuple(shining.mean(axis=0).tolist()) if len(shining) else None
    return StreetObject(
        number,
        tag,
        f"{label_of(tag)}_{number}",
        (x, y, 0.5 * (bottom + top)),
        (length, width, 0.5 * (top - bottom)),
        math.degrees(yaw),
        (foot, low, high),
        lamp,
    )


def _head(number: int, map_from_head: NDArray[np.float64]) -> StreetObject:
    x, y, z = map_from_head[:3, 3].tolist()
    yaw = -math.degrees(math.atan2(map_from_head[1, 0], map_from_head[0, 0]))
    name = f"{label_of(TRAFFIC_LIGHT_TAG)}_{number + 1}"
    return StreetObject(0, TRAFFIC_LIGHT_TAG, name, (x, -y, z), HEAD_EXTENT, yaw, None, None)


def upright_rectangle(points: NDArray[np.float64]) -> Rectangle:
    """Return the smallest rectangle around points (N, 2) in metres."""
    middle = points.mean(axis=0)
    (x, y), (length, width), angle = cv2.minAreaRect((points - middle).astype(np.float32))
    return (
        float(x + middle[0]),
        float(y + middle[1]),
        math.radians(angle),
        max(0.5 * length, LEAST_HALF_M),
        max(0.5 * width, LEAST_HALF_M),
    )
