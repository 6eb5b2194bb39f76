"""Gaussians that cover a mesh: each triangle cut into pieces, each piece a flat Gaussian.

A piece's Gaussian has the piece's middle, and its second moments in its plane, widened so that
neighbours leave no gaps between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ..core.errors import InputError
from ..core.frames import Matrix
from ..rendering.mesh import Mesh
from .cloud import Floats, GaussianCloud
from .harmonics import dc_from_colour

Longest = Callable[[Matrix], Matrix]
"""Returns the longest edge in metres (N,) that a piece may have whose middle is at (N, 3)."""

Colours = Callable[["Pieces"], Floats]
"""Returns the colours (N, 3), 0 to 1, of pieces, such as those that a camera sees."""

_MOST_HALVINGS = 3
_CONTRAST = 0.06
_THICKNESS_M = 0.001
_OPACITY = 0.99
_OVERLAP = 1.5
_THINNED_OVERLAP = 1.25
_LEAST_AREA_M2 = 1e-8
_LEAST_SIGMA_M = 0.002
_AREA_BY_EDGE = 0.15
_MOST_CUTS = 40
_MOST_PIECES = 8_000_000


@dataclass(frozen=True, eq=False)
class Pieces:
    """Triangles cut small: ``corners`` float64 (N, 3, 3), and of which triangle (N,) each is."""

    corners: Matrix
    triangles: NDArray[np.intp]

    @property
    def middles(self) -> Matrix:
        """Return the middles (N, 3)."""
        middles: Matrix = self.corners.mean(axis=1)
        return middles

    @property
    def normals(self) -> Matrix:
        """Return unit normals (N, 3), on the side from which corners turn counter-clockwise."""
        a, b, c = np.moveaxis(self.corners, 1, 0)
        normals = np.cross(b - a, c - a)
        unit: Matrix = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        return unit


def cut(mesh: Mesh, longest: Longest) -> Pieces:
    """Return the mesh in pieces whose edges are no longer than ``longest`` allows where they are.

    The longest edge is halved until it is short enough. Triangles without an area are left out.
    InputError when that makes more than 8 million pieces.
    """
    corners = mesh.vertices.astype(np.float64)[mesh.triangles]
    sources = np.arange(len(corners))
    finished: list[tuple[Matrix, NDArray[np.intp]]] = []
    done = 0
    for _ in range(_MOST_CUTS):
        edges = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
        short = edges.max(axis=1) <= longest(corners.mean(axis=1))
        finished.append((corners[short], sources[short]))
        corners, sources, edges = corners[~short], sources[~short], edges[~short]
        done += int(short.sum())
        if done + 2 * len(corners) > _MOST_PIECES:
            raise InputError(
                f"the mesh would be cut into more than {_MOST_PIECES} pieces; allow longer ones"
            )
        if not len(corners):
            break
        corners = _halves(corners, edges)
        sources = np.concatenate([sources, sources])
    finished.append((corners, sources))
    pieces = Pieces(
        np.concatenate([part[0] for part in finished]),
        np.concatenate([part[1] for part in finished]),
    )
    a, b, c = np.moveaxis(pieces.corners, 1, 0)
    areas = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    kept = areas > _LEAST_AREA_M2
    return Pieces(pieces.corners[kept], pieces.triangles[kept])


def _halves(corners: Matrix, edges: Matrix) -> Matrix:
    """Return triangles (2 N, 3, 3): the first halves of triangles, then the second ones."""
    each, first = np.arange(len(corners)), np.argmax(edges, axis=1)
    a, b, c = (corners[each, (first + k) % 3] for k in range(3))
    half = 0.5 * (a + b)
    return np.concatenate([np.stack([a, half, c], 1), np.stack([half, b, c], 1)])


def refined(
    pieces: Pieces, colours_of: Colours, halvings: int = _MOST_HALVINGS
) -> tuple[Pieces, Floats]:
    """Return the pieces, those halved whose halves have other colours, and all their colours.

    What lies on a surface, such as paint, need not be in its mesh: edges of colour are found so.
    """
    colours = colours_of(pieces)
    kept: list[tuple[Matrix, NDArray[np.intp], Floats]] = []
    for _ in range(halvings):
        edges = np.linalg.norm(pieces.corners - np.roll(pieces.corners, -1, axis=1), axis=2)
        twice = np.concatenate([pieces.triangles, pieces.triangles])
        halves = Pieces(_halves(pieces.corners, edges), twice)
        own = colours_of(halves)
        first, second = np.split(own, 2)
        uneven = np.abs(first - second).max(axis=1, initial=0.0) > _CONTRAST
        kept.append((pieces.corners[~uneven], pieces.triangles[~uneven], colours[~uneven]))
        both = np.concatenate([uneven, uneven])
        pieces, colours = Pieces(halves.corners[both], twice[both]), own[both]
    kept.append((pieces.corners, pieces.triangles, colours))
    corners, triangles, shown = zip(*kept, strict=True)
    return Pieces(np.concatenate(corners), np.concatenate(triangles)), np.concatenate(shown)


def flat_gaussians(pieces: Pieces, colours: Floats, opacity: float = _OPACITY) -> GaussianCloud:
    """Return a flat Gaussian for each piece in its colour (N, 3), 0 to 1; 1 mm thick."""
    middles, normals = pieces.middles, pieces.normals
    along = pieces.corners[:, 1] - pieces.corners[:, 0]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(normals, along)
    away = pieces.corners - middles[:, None, :]
    flat = np.stack(
        [np.einsum("nki,ni->nk", away, along), np.einsum("nki,ni->nk", away, across)], axis=1
    )
    # Uniform mass on a triangle has a twelfth of its corners' second moments about the middle.
    moments = np.einsum("nik,njk->nij", flat, flat) / 12.0
    squares, axes = np.linalg.eigh(moments)
    sigmas = np.maximum(_OVERLAP * np.sqrt(np.maximum(squares, 0.0)), _LEAST_SIGMA_M)
    frame = np.stack([along, across], axis=2)
    first, second = (np.einsum("nik,nk->ni", frame, axes[:, :, k]) for k in range(2))
    turns = np.stack([first, second, np.cross(first, second)], axis=2)
    rotations = (
        Rotation.from_matrix(turns).as_quat()[:, [3, 0, 1, 2]] if len(turns) else np.zeros((0, 4))
    )
    thickness = np.full((len(sigmas), 1), _THICKNESS_M)
    return GaussianCloud(
        middles.astype(np.float32),
        rotations.astype(np.float32),
        np.concatenate([sigmas, thickness], axis=1).astype(np.float32),
        np.full(len(middles), opacity, np.float32),
        dc_from_colour(colours)[:, None, :],
    )


def cover_mesh(
    mesh: Mesh, longest: Longest, colours_of: Colours, halvings: int = _MOST_HALVINGS
) -> GaussianCloud:
    """Return Gaussians that cover a mesh, in its frame: smaller ones where colours change."""
    return flat_gaussians(*refined(cut(mesh, longest), colours_of, halvings))


def piece_area(longest_m: Matrix | float) -> Any:
    """Return the mean area in square metres of pieces halved to edges of at most ``longest_m``."""
    return _AREA_BY_EDGE * longest_m * longest_m


def areas_of(mesh: Mesh) -> Matrix:
    """Return the areas (T,) of a mesh's triangles, square metres."""
    a, b, c = np.moveaxis(mesh.vertices.astype(np.float64)[mesh.triangles], 1, 0)
    areas: Matrix = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return areas


def covered(cloud: GaussianCloud) -> Matrix:
    """Return the areas (N,) of the pieces that flat Gaussians stand for, square metres.

    The product of the standard deviations of a triangle is its area divided by the root of 108.
    """
    sigmas = cloud.scales_m[:, 0].astype(np.float64) * cloud.scales_m[:, 1] / _OVERLAP**2
    areas: Matrix = np.sqrt(108.0) * sigmas
    return areas


def thinned(cloud: GaussianCloud, shares: Matrix) -> GaussianCloud:
    """Return a cloud's flat Gaussians without some that are smaller than need be.

    Of those with a share (N,) of a tenth, say, one in ten stays, ten times as large and somewhat
    more, for they lie unevenly; all with a share of 1 or more stay as they are. Long ones grow in
    width first, or they would stand out as needles.
    """
    shares = np.minimum(shares, 1.0)
    passed = np.floor(np.cumsum(shares) + 0.5)
    kept = np.flatnonzero((np.diff(passed, prepend=0.0) > 0.5) | (shares >= 1.0))
    few = cloud.select(kept)
    grown = shares[kept] < 1.0
    scales = few.scales_m.copy()
    sides = scales[grown, :2].astype(np.float64)
    product = sides.prod(axis=1) * _THINNED_OVERLAP**2 / shares[kept][grown]
    longest = np.maximum(sides.max(axis=1), np.sqrt(product))
    along = sides[:, 0] > sides[:, 1]
    pair = np.column_stack([longest, product / longest])
    scales[grown, :2] = np.where(along[:, None], pair, pair[:, ::-1])
    return replace(few, scales_m=scales)
