"""Carriageways, sidewalks with their kerbs, verges, and the fillings of junctions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...opendrive.model import DRIVABLE
from ...opendrive.strips import Strip
from ...opendrive.surface import Pavement
from ...rendering.mesh import Mesh, concatenate
from .parts import (
    Array,
    Label,
    quads,
    shaded,
)

ASPHALT = (74, 75, 78)
WORN = (68, 69, 72)
GUTTER = (98, 98, 97)
SLAB = (148, 145, 139)
KERBSTONE = (172, 170, 165)
MEDIAN = (142, 139, 132)
GRAVEL = (120, 112, 98)
GRASS = (88, 112, 58)

_KERB_WIDTH_M = 0.15
_SKIRT_M = 0.35
_UNDER_WAYS_M = 0.004
_BANDS = (0.0, 0.13, 0.36, 0.64, 0.87, 1.0)
"""Where a lane's wheel tracks begin and end across it."""


def pavement_meshes(built: Pavement, rng: np.random.Generator) -> list[Mesh]:
    """Return the meshes of everything that is paved."""
    meshes = []
    for strip, keep in zip(built.strips, built.kept, strict=True):
        if not keep.any():
            continue
        if strip.raised:
            meshes += _raised(strip, keep, rng)
        else:
            meshes.append(_level(strip, keep, rng))
    meshes.append(quads(built.fillings, ASPHALT, Label.ROADS))
    return meshes


def _split(strip: Strip, keep: NDArray[np.bool_], shares: Array) -> list[Array]:
    """Return the quads of the bands between shares (K,) or (K, N) of the way inner to outer."""
    shares = shares if shares.ndim == 2 else np.repeat(shares[:, None], len(strip.s), axis=1)
    rails = [strip.inner + share[:, None] * (strip.outer - strip.inner) for share in shares]
    bands = []
    for inner, outer in pairwise(rails):
        left, right = (outer, inner) if strip.lane.id > 0 else (inner, outer)
        bands.append(np.stack([right[:-1], right[1:], left[1:], left[:-1]], axis=1)[keep])
    return bands


def _level(strip: Strip, keep: NDArray[np.bool_], rng: np.random.Generator) -> Mesh:
    kind = strip.lane.type
    count = int(keep.sum())
    if kind not in DRIVABLE:
        colour, tag = {
            "none": (GRASS, Label.TERRAIN),
            "median": (GRASS, Label.TERRAIN),
            "border": (GRAVEL, Label.GROUND),
            "shoulder": (GUTTER, Label.ROADS),
        }.get(kind, (WORN, Label.ROADS))
        if strip.road.junction is not None:
            # Lower than any way across it, so that the way is what one sees.
            return quads(strip.quads()[keep] - (0.0, 0.0, _UNDER_WAYS_M), colour, tag)
        return quads(strip.quads()[keep], shaded(colour, rng, count, 0.015), tag)
    if strip.road.junction is not None:
        # Ways through a junction lie on top of each other: one colour, or they would flicker.
        return quads(strip.quads()[keep], ASPHALT, Label.ROADS)
    bands = _split(strip, keep, np.array(_BANDS))
    drift = 1.0 + np.cumsum(rng.normal(0.0, 0.004, count))[:, None].clip(-0.03, 0.03)
    return concatenate(
        [
            quads(
                band,
                shaded(WORN if number % 2 else ASPHALT, rng, count, 0.008) * drift,
                Label.ROADS,
            )
            for number, band in enumerate(bands)
        ]
    )


def _raised(strip: Strip, keep: NDArray[np.bool_], rng: np.random.Generator) -> list[Mesh]:
    width = np.maximum(np.abs(strip.outer_t - strip.inner_t), 1e-3)
    kerb = np.minimum(_KERB_WIDTH_M / width, 0.5)
    shares = np.stack([np.zeros_like(kerb), kerb, np.ones_like(kerb)])
    sidewalk = strip.lane.type != "median"
    stones, slabs = _split(strip, keep, shares)
    tag = Label.SIDEWALKS if sidewalk else Label.GROUND
    count = int(keep.sum())
    meshes = [
        quads(stones, shaded(KERBSTONE, rng, count, 0.02), tag),
        quads(slabs, shaded(SLAB if sidewalk else MEDIAN, rng, count, 0.03), tag),
    ]
    for rail, base, inner in (
        (strip.inner, strip.base[0], True),
        (strip.outer, strip.base[1], False),
    ):
        foot = rail.copy()
        foot[:, 2] = base - _SKIRT_M
        towards_left = (strip.lane.id > 0) != inner
        a, b = (foot, rail) if towards_left else (rail, foot)
        faces = np.stack([a[1:], a[:-1], b[:-1], b[1:]], axis=1)[keep]
        meshes.append(quads(faces, shaded(KERBSTONE, rng, len(faces), 0.02), tag))
    meshes.append(quads(_caps(strip, keep), KERBSTONE, tag))
    return meshes


def _caps(strip: Strip, keep: NDArray[np.bool_]) -> Array:
    """Return the upright ends of a raised strip, at its ends and where quads are left out."""
    padded = np.concatenate([[False], keep, [False]])
    ends = np.flatnonzero(padded[1:] != padded[:-1])
    caps = []
    for end in ends:
        inner, outer = strip.inner[end], strip.outer[end]
        down = np.array([0.0, 0.0, -0.4])
        caps.append(np.stack([inner, outer, outer + down, inner + down]))
    return np.array(caps).reshape(-1, 4, 3)
