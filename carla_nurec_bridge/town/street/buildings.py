"""Rows of houses along the roads: where they stand, their bodies, flat or gabled roofs."""

from __future__ import annotations

import numpy as np

from ...opendrive.heights import ground_height
from ...opendrive.model import OpenDriveMap
from ...rendering.mesh import Mesh, concatenate
from .facades import FLOOR_M, House, openings
from .parts import (
    Array,
    Colour,
    Faces,
    Label,
    box_quads,
    placed,
    quads_of,
    triangles,
)
from .site import Frontage, Site

_FACADES: tuple[Colour, ...] = (
    (196, 180, 152),
    (176, 104, 78),
    (208, 204, 194),
    (150, 92, 74),
    (186, 160, 120),
    (160, 164, 166),
    (214, 194, 150),
    (132, 120, 112),
    (190, 140, 108),
    (172, 182, 178),
)
_ROOFS: tuple[Colour, ...] = ((110, 62, 50), (84, 80, 78), (70, 74, 82), (124, 78, 58))
_FLAT_ROOF = (118, 116, 112)
_PLINTH = (112, 110, 106)

_SETBACK_M = (3.2, 5.5)
_MAX_SLOPE_M = 3.0
_GABLE = 0.36
"""Height of a gabled roof by the depth of its house."""


def building_meshes(
    opendrive: OpenDriveMap, sides: list[Frontage], site: Site, rng: np.random.Generator
) -> list[Mesh]:
    """Return the houses, each standing on free ground only; takes that ground from the site."""
    meshes = []
    for side in sides:
        s = float(side.s[0]) + rng.uniform(0.0, 3.0)
        while s < side.s[-1] - 8.0:
            width = rng.uniform(9.0, 20.0)
            depth = rng.uniform(8.0, 12.0)
            lot = _lot(side, s, width, depth, rng.uniform(*_SETBACK_M))
            if lot is None or not site.take(lot):
                s += 3.0
                continue
            z, _ = ground_height(opendrive, lot)
            if np.ptp(z) < _MAX_SLOPE_M:
                meshes.append(_placed_house(lot, z, rng))
            s += width + (rng.uniform(4.0, 8.0) if rng.random() < 0.25 else rng.uniform(0.2, 1.2))
    return meshes


def _lot(side: Frontage, s: float, width: float, depth: float, setback: float) -> Array | None:
    """Return the corners (4, 2): front left, front right, back right, back left."""
    if s + width > side.s[-1] + 4.0:
        return None
    a, out_a, _ = side.at(s)
    b, out_b, _ = side.at(s + width)
    along = (b - a)[:2]
    length = float(np.hypot(*along))
    if length < 0.6 * width:
        return None
    along /= length
    outward = np.array([-along[1], along[0]]) * side.side
    if float(outward @ (out_a + out_b)) < 1.6:
        return None
    front = a[:2] + setback * outward
    corners = np.stack([front, front + length * along])
    return np.concatenate([corners, corners[::-1] + depth * outward])


def _placed_house(lot: Array, ground: Array, rng: np.random.Generator) -> Mesh:
    front_a, front_b, back_b, _ = lot
    width = float(np.hypot(*(front_b - front_a)))
    depth = float(np.hypot(*(back_b - front_b)))
    inward = (back_b - front_b) / depth
    # The frame of the house: x from the facade into the house, y to its left.
    heading = float(np.arctan2(inward[1], inward[0]))
    left = np.array([-inward[1], inward[0]])
    corner = front_a if float((front_b - front_a) @ left) > 0.0 else front_b
    floors = int(rng.choice([2, 3, 3, 4, 4, 5, 6]))
    base = np.array(_FACADES[rng.integers(len(_FACADES))]) * rng.uniform(0.9, 1.06)
    gabled = bool(floors <= 3 and rng.random() < 0.6)
    house = House(
        width,
        depth,
        floors,
        tuple(base),
        _ROOFS[rng.integers(len(_ROOFS))],
        gabled,
        shop=bool(rng.random() < 0.4),
    )
    drop = float(ground.max() - ground.min()) + 1.0
    return _move(_house(house, drop, rng), corner, float(ground.max()), heading)


def _move(mesh: Mesh, corner: Array, z: float, heading: float) -> Mesh:
    moved = placed(mesh.vertices, float(corner[0]), float(corner[1]), z, heading)
    return mesh.with_fields(vertices=moved.astype(np.float32))


def _house(house: House, drop_m: float, rng: np.random.Generator) -> Mesh:
    depth, width, height = house.depth_m, house.width_m, house.floors * FLOOR_M + 0.5
    facade = np.array(house.facade)
    body = box_quads((0.0, 0.0, -drop_m), (depth, width, height), sides_only=True)
    shades = facade * np.array([1.0, 0.97, 1.0, 0.97])[:, None]
    faces = [
        Faces(body, shades),
        Faces(
            box_quads((-0.06, -0.06, -drop_m), (depth + 0.06, width + 0.06, 0.45), sides_only=True),
            _PLINTH,
        ),
        Faces(
            box_quads((-0.15, -0.15, height - 0.35), (depth + 0.15, width + 0.15, height)),
            facade * 0.82,
        ),
    ]
    faces += _gable(house, height) if house.gabled else _flat(house, height, rng)
    for wall in range(4):
        faces += openings(house, wall, rng)
    mesh = quads_of(faces, Label.BUILDINGS)
    if not house.gabled:
        return mesh
    walls = triangles(_gable_walls(house, height), house.facade, Label.BUILDINGS)
    return concatenate([mesh, walls])


def _flat(house: House, height: float, rng: np.random.Generator) -> list[Faces]:
    depth, width = house.depth_m, house.width_m
    rim = 0.25
    parapet = [
        box_quads((0.0, 0.0, height), (depth, rim, height + 0.6)),
        box_quads((0.0, width - rim, height), (depth, width, height + 0.6)),
        box_quads((0.0, rim, height), (rim, width - rim, height + 0.6)),
        box_quads((depth - rim, rim, height), (depth, width - rim, height + 0.6)),
    ]
    lid = height + 0.01
    top = np.array([[0.0, 0.0, lid], [depth, 0.0, lid], [depth, width, lid], [0.0, width, lid]])
    x, y = rng.uniform(0.3, 0.5) * depth, rng.uniform(0.2, 0.6) * width
    hut = box_quads((x, y, height), (x + 2.4, y + 3.0, height + 2.2))
    return [
        Faces(np.concatenate(parapet), np.array(house.facade) * 0.9),
        Faces(top[None], _FLAT_ROOF),
        Faces(hut, (150, 148, 144)),
    ]


def _gable(house: House, height: float) -> list[Faces]:
    depth, width, over = house.depth_m, house.width_m, 0.5
    ridge, middle = height + _GABLE * depth, 0.5 * depth
    eaves = height - over * 2.0 * _GABLE
    lines = [
        np.array([[x, -over, z], [x, width + over, z]])
        for x, z in ((-over, eaves), (middle, ridge), (depth + over, eaves))
    ]
    roof = np.array(
        [
            [lines[0][0], lines[1][0], lines[1][1], lines[0][1]],
            [lines[1][0], lines[2][0], lines[2][1], lines[1][1]],
        ]
    )
    chimney = box_quads(
        (middle + 0.6, 0.25 * width, height), (middle + 1.3, 0.25 * width + 0.8, ridge + 0.9)
    )
    return [
        Faces(roof, house.roof),
        Faces(roof[:, ::-1] - (0.0, 0.0, 0.12), (96, 84, 74)),
        Faces(chimney, (122, 78, 66)),
    ]


def _gable_walls(house: House, height: float) -> Array:
    """Return the two triangles (2, 3, 3) of wall under a gabled roof."""
    depth, width = house.depth_m, house.width_m
    ridge, middle = height + _GABLE * depth, 0.5 * depth
    return np.array(
        [
            [[0.0, 0.0, height], [depth, 0.0, height], [middle, 0.0, ridge]],
            [[depth, width, height], [0.0, width, height], [middle, width, ridge]],
        ]
    )
