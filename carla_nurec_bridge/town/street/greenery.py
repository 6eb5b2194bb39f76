"""Trees along the sidewalks and in gaps, hedges, and the coloured land."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...opendrive.heights import ground_height, levels_below
from ...opendrive.land import Land
from ...opendrive.model import OpenDriveMap
from ...opendrive.surface import Pavement
from ...rendering.mesh import Mesh, concatenate
from .parts import (
    Array,
    Label,
    quads,
    triangles,
    tube_quads,
)
from .site import Frontage, Site

_BARK = (92, 72, 54)
_LEAVES = ((74, 108, 48), (88, 120, 56), (62, 96, 52), (104, 126, 58), (82, 104, 44))
_MEADOW = np.array((96, 118, 62), dtype=np.float64)
_DRY = np.array((128, 126, 78), dtype=np.float64)
_CUTS = 6
_FLOOR, _FLOOR_M = (70, 70, 72), 0.35
_WOODS = np.array((58, 84, 48), dtype=np.float64)
_TREE_STEP_M = 11.0
_MOST_STREET_TREES, _MOST_SCATTERED_TREES = 360, 220


def land_mesh(
    opendrive: OpenDriveMap, ground: Land, built: Pavement, rng: np.random.Generator
) -> Mesh:
    """Return the land: grass in shades that change over tens of metres, woods on far hills."""
    corners = ground.vertices[ground.triangles]
    x, y = corners[:, :, 0].mean(axis=1), corners[:, :, 1].mean(axis=1)
    phase = rng.uniform(0.0, 2.0 * np.pi, 4)
    wave = np.sin(x / 31.0 + phase[0]) * np.sin(y / 27.0 + phase[1])
    wave += 0.6 * np.sin((x + y) / 13.0 + phase[2]) * np.sin((x - y) / 17.0 + phase[3])
    dryness = np.clip(0.3 + 0.25 * wave, 0.0, 1.0)[:, None]
    colours = _MEADOW + dryness * (_DRY - _MEADOW)
    grid = built.grid
    size = np.array([grid.shape[1], grid.shape[0]]) * grid.cell_m
    centre = np.stack([x, y], axis=-1) - (grid.x0, grid.y0)
    beyond = np.max(np.maximum(-centre, centre - size), axis=1)
    wooded = (beyond > 70.0) & (rng.random(len(x)) < np.clip(beyond / 260.0, 0.0, 0.85))
    colours[wooded] = _WOODS
    colours *= 1.0 + rng.normal(0.0, 0.02, len(colours))[:, None]
    # What closes hairline gaps between lanes lies well below them.
    floor = ground.vertices[ground.under] - np.array([0.0, 0.0, _FLOOR_M])
    floor = floor[~_bars(opendrive, floor)]
    return concatenate(
        [triangles(corners, colours, Label.TERRAIN), triangles(floor, _FLOOR, Label.ROADS)]
    )


def _bars(opendrive: OpenDriveMap, floor: Array) -> NDArray[np.bool_]:
    """Tell which triangles (T, 3, 3) below pavement come up through a road below a bridge."""
    steep = np.flatnonzero(np.ptp(floor[..., 2], axis=1) > _FLOOR_M)
    i, j = (x.ravel() for x in np.meshgrid(np.arange(_CUTS + 1), np.arange(_CUTS + 1)))
    shares = np.column_stack([i, j, _CUTS - i - j])[i + j <= _CUTS] / _CUTS
    points = np.einsum("kc,tcx->tkx", shares, floor[steep]).reshape(-1, 3)
    found, levels = levels_below(opendrive, points, np.full(len(points), np.inf))
    above = np.zeros(len(points), bool)
    above[found] = points[found, 2] > np.nanmin(levels, axis=1) if len(found) else False
    bars = np.zeros(len(floor), bool)
    bars[steep] = above.reshape(-1, len(shares)).any(axis=1)
    return bars


def tree_meshes(
    opendrive: OpenDriveMap,
    built: Pavement,
    sides: list[Frontage],
    site: Site,
    rng: np.random.Generator,
) -> list[Mesh]:
    """Return trees beside the sidewalks and scattered ones where nothing else stands.

    ``sides`` are the edges that houses may face; ``site`` knows what stands and takes the trees.
    """
    frontage = sum(float(side.s[-1] - side.s[0]) for side in sides)
    step = max(_TREE_STEP_M, frontage / _MOST_STREET_TREES)
    spots = []
    for side in sides:
        for s in np.arange(side.s[0] + 3.0, side.s[-1] - 2.0, step):
            edge, outward, _ = side.at(float(s + rng.uniform(-1.5, 1.5)))
            spots.append(edge[:2] + rng.uniform(1.0, 1.4) * outward)
    grid = built.grid
    high = np.array([grid.shape[1], grid.shape[0]]) * grid.cell_m
    count = min(int(high[0] * high[1] / 450.0), _MOST_SCATTERED_TREES)
    scattered = np.array([grid.x0, grid.y0]) + rng.uniform(2.0, high - 2.0, (count, 2))
    meshes = []
    for number, spot in enumerate([*spots, *scattered]):
        street_tree = number < len(spots)
        # Crowns start above a walker's head, so only the trunk needs free ground by the sidewalk.
        half = 0.45 if street_tree else 2.6
        square = spot + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        if site.take(square):
            z, _ = ground_height(opendrive, spot[None])
            meshes.append(_tree(np.array([*spot, z[0]]), street_tree, rng))
    return meshes


def _tree(foot: Array, street_tree: bool, rng: np.random.Generator) -> Mesh:
    trunk = rng.uniform(2.5, 3.2) if street_tree else rng.uniform(1.6, 2.8)
    radius = rng.uniform(1.3, 1.9) if street_tree else rng.uniform(1.8, 3.0)
    up = np.array([0.0, 0.0, 1.0])
    lean = np.array([rng.normal(0.0, 0.08), rng.normal(0.0, 0.08), 0.0])
    fork = foot + trunk * up + lean
    leaves = np.array(_LEAVES[rng.integers(len(_LEAVES))]) * rng.uniform(0.85, 1.1)
    meshes = [
        quads(
            tube_quads(foot - 0.4 * up, fork + 0.8 * up, (0.06 * radius + 0.1, 0.1), 6),
            _BARK,
            Label.VEGETATION,
        )
    ]
    for number in range(int(rng.integers(3, 5)) - (0 if street_tree else 1)):
        size = radius * rng.uniform(0.62, 0.85)
        angle = 2.1 * number + rng.uniform(0.0, 0.8)
        off = 0.45 * radius * np.array([np.cos(angle), np.sin(angle), 0.0])
        centre = fork + off + up * (0.75 * radius + 0.45 * radius * (number % 2))
        meshes.append(_crown(centre, size, leaves, rng))
    return concatenate(meshes)


def _sphere(splits: int) -> tuple[Array, NDArray[np.intp]]:
    golden = 0.5 * (1.0 + np.sqrt(5.0))
    points = [
        np.array(p, dtype=np.float64)
        for a in (-1.0, 1.0)
        for b in (-golden, golden)
        for p in ((0.0, a, b), (a, b, 0.0), (b, 0.0, a))
    ]
    vertices = np.array(points)
    near = np.linalg.norm(vertices[:, None] - vertices[None], axis=-1) < 2.01
    index = np.array(
        [
            (i, j, k)
            for i in range(12)
            for j in range(i + 1, 12)
            for k in range(j + 1, 12)
            if near[i, j] and near[j, k] and near[i, k]
        ]
    )
    for _ in range(splits):
        corners = vertices[index]
        middle = 0.5 * (corners + np.roll(corners, -1, axis=1))
        a, b, c = (corners[:, i] for i in range(3))
        ab, bc, ca = (middle[:, i] for i in range(3))
        parts = np.concatenate(
            [np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
        )
        rounded = np.round(parts.reshape(-1, 3), 6)
        vertices, inverse = np.unique(rounded, axis=0, return_inverse=True)
        index = inverse.reshape(-1, 3)
    vertices = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    corners = vertices[index]
    turn = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = np.sum(turn * corners.mean(axis=1), axis=1) < 0.0
    index[inward] = index[inward][:, ::-1]
    return vertices, index


_BALL = _sphere(1)


def _crown(centre: Array, radius: float, colour: Array, rng: np.random.Generator) -> Mesh:
    vertices, faces = _BALL
    rough = vertices * (radius * rng.uniform(0.8, 1.15, len(vertices)))[:, None]
    rough[:, 2] *= 0.85
    # Leaves near the top catch more light than those below.
    tone = 1.0 + 0.16 * vertices[faces].mean(axis=1)[:, 2] + rng.normal(0.0, 0.06, len(faces))
    return triangles(centre + rough[faces], colour * tone[:, None], Label.VEGETATION)
