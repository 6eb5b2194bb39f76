"""Gaussians that cover meshes: pieces, their moments, and no gaps between them."""

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians import sampling
from carla_nurec_bridge.gaussians.sampling import (
    Pieces,
    cover_mesh,
    covered,
    cut,
    flat_gaussians,
    refined,
    thinned,
)
from carla_nurec_bridge.rendering.mesh import build_mesh

SQUARE = build_mesh(
    [(0, 0, 1), (4, 0, 1), (4, 2, 1), (0, 2, 1)],
    [(0, 1, 2), (0, 2, 3)],
    colour=(255, 0, 0),
    tag=1,
)


def areas(pieces: Pieces) -> np.ndarray:
    a, b, c = np.moveaxis(pieces.corners, 1, 0)
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)


def test_pieces_are_short_enough_and_make_up_the_mesh():
    pieces = cut(SQUARE, lambda points: np.where(points[:, 0] < 2.0, 0.2, 1.0))
    edges = np.linalg.norm(pieces.corners - np.roll(pieces.corners, -1, axis=1), axis=2)
    near = pieces.middles[:, 0] < 2.0
    assert edges[near].max() <= 0.2
    assert edges[~near].max() <= 1.0
    assert np.isclose(areas(pieces).sum(), 8.0)
    assert np.isclose(areas(pieces)[pieces.triangles == 0].sum(), 4.0)
    assert np.allclose(pieces.normals, (0.0, 0.0, 1.0))


def test_a_gaussian_has_the_moments_of_its_piece():
    """Compared with the moments of points thrown onto the triangle; all axes widened alike."""
    corners = np.array([[(0.0, 0.0, 0.0), (3.0, 0.0, 1.0), (0.5, 1.0, 0.0)]])
    cloud = flat_gaussians(Pieces(corners, np.zeros(1, np.intp)), np.ones((1, 3), np.float32))
    shares = np.random.default_rng(2).dirichlet((1.0, 1.0, 1.0), 200_000)
    thrown = np.cov((shares @ corners[0]).T)
    w, x, y, z = cloud.rotations_wxyz[0].astype(float)
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    found = turn @ np.diag(cloud.scales_m[0].astype(float) ** 2) @ turn.T
    widened = np.trace(found) / np.trace(thrown)
    assert 1.0 < widened < 4.0
    assert np.allclose(found / widened, thrown, atol=0.01 * np.trace(thrown))
    assert np.allclose(cloud.means_m[0], corners[0].mean(axis=0), atol=1e-6)


def test_a_covered_mesh_lets_little_through_and_has_its_colours():
    cloud = cover_mesh(
        SQUARE, lambda p: np.full(len(p), 0.25), lambda pieces: pieces.middles.astype("f4") / 4.0
    )
    places = np.random.default_rng(3).uniform((0.2, 0.2), (3.8, 1.8), (500, 2))
    passing = np.ones(500)
    for mean, scale, q, opacity in zip(
        cloud.means_m, cloud.scales_m, cloud.rotations_wxyz, cloud.opacities, strict=True
    ):
        w, x, y, z = q.astype(float)
        first = np.array([1 - 2 * (y * y + z * z), 2 * (x * y + w * z)])
        second = np.array([2 * (x * y - w * z), 1 - 2 * (x * x + z * z)])
        away = places - mean[:2]
        squares = (away @ first / scale[0]) ** 2 + (away @ second / scale[1]) ** 2
        passing *= 1.0 - opacity * np.exp(-0.5 * squares)
    assert np.median(passing) < 0.15
    assert passing.max() < 0.5
    assert np.allclose(0.5 + 0.28209479 * cloud.sh[:, 0], cloud.means_m / 4.0, atol=1e-6)


def test_pieces_are_smaller_where_colours_change():
    """Black left of x = 1.3, white right of it, which no edge of the mesh tells."""

    def colours(pieces: Pieces) -> np.ndarray:
        return np.repeat(pieces.middles[:, :1] > 1.3, 3, axis=1).astype(np.float32)

    coarse = cut(SQUARE, lambda p: np.full(len(p), 0.5))
    pieces, shown = refined(coarse, colours)
    assert np.array_equal(shown, colours(pieces))
    assert np.isclose(areas(pieces).sum(), 8.0)
    assert areas(pieces).min() < 0.2 * areas(coarse).min()
    smaller = areas(pieces) < 0.9 * areas(coarse).min()
    assert np.abs(pieces.middles[smaller, 0] - 1.3).max() < 0.5
    far = [np.abs(part.middles[:, 0] - 1.3) > 0.6 for part in (pieces, coarse)]
    assert far[0].sum() == far[1].sum()


def test_too_many_pieces_are_refused(monkeypatch):
    """8 m2 in pieces of at most 0.05 m a side, so of at most 0.0011 m2, are more than 7000."""
    monkeypatch.setattr(sampling, "_MOST_PIECES", 7_000)
    with pytest.raises(InputError, match="more than 7000 pieces"):
        cut(SQUARE, lambda points: np.full(len(points), 0.05))
    monkeypatch.setattr(sampling, "_MOST_PIECES", 100_000)
    assert len(cut(SQUARE, lambda points: np.full(len(points), 0.05)).corners) > 7_000


def test_triangles_without_an_area_are_left_out():
    flat = build_mesh([(0, 0, 0), (1, 0, 0), (2, 0, 0)], [(0, 1, 2)], colour=(0, 0, 0), tag=1)
    assert len(cover_mesh(flat, lambda p: np.full(len(p), 9.0), lambda p: p.middles)) == 0


def test_fewer_gaussians_cover_as_much():
    """Four large and many small ones: the large ones stay, small ones grow to a share each."""
    corners = np.array([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)])
    sizes = np.repeat([2.0, 0.1], [4, 400])
    pieces = Pieces(corners * sizes[:, None, None], np.zeros(404, np.intp))
    cloud = flat_gaussians(pieces, np.full((404, 3), 0.5))
    area = covered(cloud)
    assert np.allclose(area, areas(pieces), rtol=1e-5)
    few = thinned(cloud, 40.0 * area / area.sum())
    # The small ones have a fifth of the area, so eight of the forty steps.
    assert len(few) == 4 + 8
    left = covered(few)
    assert np.isclose(left, area.max()).sum() == 4
    # Eight shares of a fortieth, and 1.25 times as long and wide for gaps.
    assert np.allclose(np.sort(left)[:8], 1.25**2 * area.sum() / 40.0, rtol=1e-5)
    assert np.array_equal(few.scales_m[:, 2], np.full(len(few), 0.001, np.float32))
    assert len(thinned(cloud, np.ones(404))) == 404


def test_a_long_gaussian_that_stays_grows_in_width():
    """A hundredth as wide as long, one of eight that stays: as long as before."""
    corners = np.array([[(0.0, 0.0, 0.0), (0.0, 4.0, 0.0), (0.04, 0.0, 0.0)]])
    pieces = Pieces(np.repeat(corners, 8, axis=0), np.zeros(8, np.intp))
    cloud = flat_gaussians(pieces, np.full((8, 3), 0.5))
    few = thinned(cloud, np.full(8, 0.125))
    assert len(few) == 1
    assert few.scales_m[0].max() == pytest.approx(cloud.scales_m[0].max(), rel=1e-6)
    assert covered(few)[0] == pytest.approx(8 * 1.25**2 * covered(cloud)[0], rel=1e-5)
