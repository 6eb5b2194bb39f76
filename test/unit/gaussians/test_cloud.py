"""Clouds of Gaussians: checked, posed and joined."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from carla_nurec_bridge.core.frames import rigid
from carla_nurec_bridge.gaussians.cloud import GaussianCloud, concatenated, empty_cloud
from carla_nurec_bridge.gaussians.harmonics import basis, colour_from_dc, dc_from_colour
from carla_nurec_bridge.gaussians.scene import GaussianScene, RigidGaussians


def a_cloud(count: int = 5, coefficients: int = 16, seed: int = 1) -> GaussianCloud:
    rng = np.random.default_rng(seed)
    rotations = rng.normal(size=(count, 4))
    rotations /= np.linalg.norm(rotations, axis=1, keepdims=True)
    return GaussianCloud(
        rng.normal(size=(count, 3)).astype(np.float32),
        rotations.astype(np.float32),
        rng.uniform(0.1, 1.0, (count, 3)).astype(np.float32),
        rng.uniform(0.0, 1.0, count).astype(np.float32),
        rng.normal(size=(count, coefficients, 3)).astype(np.float32),
    )


def test_a_cloud_looks_the_same_from_the_same_side_wherever_it_is_put():
    cloud, turn = a_cloud(), Rotation.from_euler("xyz", [0.3, -1.1, 2.0])
    moved = cloud.transformed(rigid(turn.as_matrix(), (1.0, 2.0, 3.0)), 2.0)
    assert np.allclose(moved.means_m, turn.apply(2.0 * cloud.means_m) + (1, 2, 3), atol=1e-5)
    assert np.allclose(moved.scales_m, 2.0 * cloud.scales_m)
    for before, after in zip(cloud.rotations_wxyz, moved.rotations_wxyz, strict=True):
        expected = turn * Rotation.from_quat(before[[1, 2, 3, 0]])
        found = Rotation.from_quat(after[[1, 2, 3, 0]])
        assert (expected.inv() * found).magnitude() < 1e-5
    directions = np.random.default_rng(5).normal(size=(7, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    seen = np.einsum("dk,nkc->dnc", basis(directions, 3), cloud.sh)
    turned = np.einsum("dk,nkc->dnc", basis(turn.apply(directions), 3), moved.sh)
    assert np.abs(seen - turned).max() < 1e-5


def test_harmonics_are_orthonormal():
    """Their products integrate over the sphere to the unit matrix (Gauss-Legendre, exact)."""
    heights, weights = np.polynomial.legendre.leggauss(8)
    angles = np.arange(16) * np.pi / 8.0
    z, angle = (part.ravel() for part in np.meshgrid(heights, angles, indexing="ij"))
    radius = np.sqrt(1.0 - z * z)
    values = basis(np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=-1), 3)
    products = values.T @ (values * np.repeat(weights * np.pi / 8.0, 16)[:, None])
    assert np.allclose(products, np.eye(16), atol=1e-9)


def test_colours_and_constant_terms_are_each_other():
    colours = np.array([[0.0, 0.5, 1.0]], np.float32)
    assert np.allclose(colour_from_dc(dc_from_colour(colours)), colours, atol=1e-6)


def test_clouds_are_joined_at_the_highest_degree():
    joined = concatenated([a_cloud(2, 1), empty_cloud(), a_cloud(3, 9)])
    assert (len(joined), joined.sh_degree) == (5, 2)
    assert not joined.sh[:2, 1:].any()
    assert len(concatenated([])) == 0
    assert len(joined.select(np.arange(5) > 3)) == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("means_m", np.full((5, 3), np.nan, np.float32), "not finite"),
        ("scales_m", np.zeros((5, 3), np.float32), "not above 0"),
        ("opacities", np.full(5, 1.5, np.float32), "outside 0 to 1"),
        ("rotations_wxyz", np.zeros((5, 4), np.float32), "length 1"),
        ("sh", np.zeros((5, 5, 3), np.float32), "needed"),
        ("means_m", np.zeros((5, 3)), "float64"),
        ("opacities", np.zeros((5, 1), np.float32), "needed"),
    ],
)
def test_nonsense_makes_no_cloud(name, value, says):
    parts = dict(vars(a_cloud())) | {name: value}
    with pytest.raises(ValueError, match=says):
        GaussianCloud(**parts)


def test_a_rigid_gaussian_needs_a_track():
    ids = np.array([0, 1, 2, 0, 0], np.int32)
    with pytest.raises(ValueError, match="outside the 2 tracks"):
        RigidGaussians(a_cloud(), ids, ("a", "b"))
    scene = GaussianScene({"road": a_cloud()}, RigidGaussians(a_cloud(), ids, ("a", "b", "c")))
    assert len(scene) == 10
    assert len(scene.static) == 5
