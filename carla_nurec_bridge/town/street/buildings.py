"""Rows of houses along the roads: facades with windows and doors, flat or gabled roofs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...opendrive.heights import ground_height
from ...opendrive.model import OpenDriveMap
from ...rendering.mesh import GLASS, Mesh, concatenate
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
_GLASS = (46, 60, 74)
_FRAME = (226, 224, 216)
_PLINTH = (112, 110, 106)
_DOORS: tuple[Colour, ...] = ((86, 56, 38), (48, 66, 60), (92, 34, 32), (58, 60, 66))
_AWNINGS: tuple[Colour, ...] = ((150, 46, 40), (44, 92, 74), (46, 70, 118), (186, 140, 52))

_FLOOR_M = 3.2
_SETBACK_M = (3.2, 5.5)
_MAX_SLOPE_M = 3.0
_GABLE = 0.36
"""Height of a gabled roof by the depth of its house."""


@dataclass(frozen=True)
class House:
    """A house in its own frame: the street facade lies on x = 0, faces -x and runs along y."""

    width_m: float
    depth_m: float
    floors: int
    facade: tuple[float, float, float]
    roof: Colour
    gabled: bool
    shop: bool


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
    depth, width, height = house.depth_m, house.width_m, house.floors * _FLOOR_M + 0.5
    facade = np.array(house.facade)
    body = box_quads((0.0, 0.0, -drop_m), (depth, width, height), sides_only=True)
    shades = facade * np.array([1.0, 0.97, 1.0, 0.97])[:, None]
    faces = [
        Faces(body, shades),
        Faces(
            box_quads((-0.06, -0.06, -drop_m), (depth + 0.06, width + 0.06, 0.45), True),
            _PLINTH,
        ),
        Faces(
            box_quads((-0.15, -0.15, height - 0.35), (depth + 0.15, width + 0.15, height)),
            facade * 0.82,
        ),
    ]
    faces += _gable(house, height) if house.gabled else _flat(house, height, rng)
    for wall in range(4):
        faces += _openings(house, wall, rng)
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


_WALL_WAYS = (
    ((0.0, -1.0), (-1.0, 0.0)),
    ((1.0, 0.0), (0.0, -1.0)),
    ((0.0, 1.0), (1.0, 0.0)),
    ((-1.0, 0.0), (0.0, 1.0)),
)
"""Of each wall in the house's plane: the way along it, and the way outwards."""


def _wall_frame(house: House, wall: int, points: Array) -> Array:
    """Return points (..., 3) = (along the wall, up, outwards) of a wall in the house's frame.

    Walls: 0 street, 1 right side, 2 back, 3 left side; ``along`` grows to the right as seen from
    outside.
    """
    along_way, out_way = _WALL_WAYS[wall]
    origin = (
        (0.0, house.width_m),
        (0.0, 0.0),
        (house.depth_m, 0.0),
        (house.depth_m, house.width_m),
    )[wall]
    result = np.empty(points.shape)
    for axis in (0, 1):
        result[..., axis] = (
            origin[axis] + along_way[axis] * points[..., 0] + out_way[axis] * points[..., 2]
        )
    result[..., 2] = points[..., 1]
    return result


def _panels(house: House, wall: int, rectangles: Array, out_m: float) -> Array:
    """Return quads (N, 4, 3) of rectangles (N, 4) = (left, bottom, right, top) on a wall."""
    corners = np.empty((len(rectangles), 4, 3))
    corners[..., 0] = rectangles[:, [0, 2, 2, 0]]
    corners[..., 1] = rectangles[:, [1, 1, 3, 3]]
    corners[..., 2] = out_m
    return _wall_frame(house, wall, corners)


def _openings(house: House, wall: int, rng: np.random.Generator) -> list[Faces]:
    length = house.width_m if wall % 2 == 0 else house.depth_m
    columns = max(int((length - 1.0) // 2.7), 1)
    pitch = length / columns
    middles = np.linspace(0.5 * pitch, length - 0.5 * pitch, columns)
    first = 1 if wall == 0 else 0
    floors = np.arange(first, house.floors)
    grid = np.stack(np.meshgrid(middles, floors * _FLOOR_M + 1.35, indexing="ij"), -1).reshape(
        -1, 2
    )
    half, tall = 0.55, 1.5
    x, z = grid.T
    windows = np.stack([x - half, z, x + half, z + tall], axis=-1)
    faces = []
    if wall == 0:
        faces += _ground_floor(house, middles, pitch, rng)
    if len(windows):
        glass = np.array(_GLASS) * rng.uniform(0.75, 1.35, len(windows))[:, None]
        lit = rng.random(len(windows)) < 0.06
        glass[lit] = (188, 164, 112)
        frames = windows + np.array([-0.1, -0.14, 0.1, 0.1])
        panes = _panels(house, wall, windows, 0.04)
        faces.append(Faces(panes, glass, GLASS))
        # Details that only the street sees are left out where nobody passes.
        if wall != 2:
            faces.append(Faces(_panels(house, wall, frames, 0.02), _FRAME))
        if wall == 0:
            bars = np.stack([x - 0.03, z, x + 0.03, z + tall], axis=-1)
            faces.append(Faces(_panels(house, wall, bars, 0.05), _FRAME))
    return faces


def _ground_floor(
    house: House, middles: Array, pitch: float, rng: np.random.Generator
) -> list[Faces]:
    door_at = int(rng.integers(len(middles)))
    door = np.array([[middles[door_at] - 0.6, 0.0, middles[door_at] + 0.6, 2.3]])
    colour = _DOORS[rng.integers(len(_DOORS))]
    surround = door + np.array([-0.15, 0.0, 0.15, 0.18])
    faces = [
        Faces(_panels(house, 0, surround, 0.07), _FRAME),
        Faces(_panels(house, 0, door, 0.09), colour),
        Faces(_panels(house, 0, door + np.array([0.25, 1.5, -0.25, -0.25]), 0.1), _GLASS, GLASS),
    ]
    others = np.delete(middles, door_at)
    if not len(others):
        return faces
    if house.shop:
        half, low, high = 0.5 * pitch - 0.2, 0.55, 2.7
    else:
        half, low, high = 0.55, 1.25, 2.65
    glass = np.stack(
        [others - half, np.full_like(others, low), others + half, np.full_like(others, high)], -1
    )
    frames = glass + np.array([-0.1, -0.1, 0.1, 0.1])
    faces.append(Faces(_panels(house, 0, frames, 0.08), _FRAME))
    faces.append(Faces(_panels(house, 0, glass, 0.1), _GLASS, GLASS))
    if house.shop:
        awning = np.array(
            [
                [0.3, 2.95, 0.1],
                [house.width_m - 0.3, 2.95, 0.1],
                [house.width_m - 0.3, 2.6, 1.1],
                [0.3, 2.6, 1.1],
            ]
        )
        cloth = _AWNINGS[rng.integers(len(_AWNINGS))]
        face = _wall_frame(house, 0, awning)[None]
        faces.append(Faces(face[:, ::-1], cloth))
        faces.append(Faces(face - (0.0, 0.0, 0.02), cloth))
    return faces
