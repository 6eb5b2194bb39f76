"""Which Gaussians stay when a scene has too many of them."""

from __future__ import annotations

import numpy as np

from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.scene import GaussianScene, RigidGaussians
from carla_nurec_bridge.gaussians.thinning import thinned


def cloud(x: list[float], sigma: list[float], opacity: list[float]) -> GaussianCloud:
    """Return discs, thin along their first axis, at places along x."""
    count = len(x)
    means = np.zeros((count, 3), np.float32)
    means[:, 0] = x
    scales = np.repeat(np.array(sigma, np.float32)[:, None], 3, axis=1)
    scales[:, 0] = 0.001
    return GaussianCloud(
        means,
        np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        scales,
        np.array(opacity, np.float32),
        np.zeros((count, 1, 3), np.float32),
    )


def test_those_stay_that_cover_most_as_seen_from_the_nearest_place():
    """Opacity * sigma^2 / distance^2: the road's .01, .0025, .04, .0025, the cars' .005, .02."""
    road = cloud([10.0, 20.0, 105.0, 110.0], [1.0, 1.0, 1.0, 0.5], [1.0, 1.0, 1.0, 1.0])
    cars = RigidGaussians(
        cloud([0.0, 0.5], [1.0, 2.0], [0.5, 0.5]), np.array([1, 0], np.int32), ("a", "b")
    )
    scene = GaussianScene({"road": road, "none": cloud([], [], [])}, cars)
    places = [[0.0, 0.0, 0.0], [100.0, 0.0, 0.0]]
    assert thinned(scene, 6, places) is scene
    few = thinned(scene, 3, places)
    assert few.layers["road"].means_m[:, 0].tolist() == [10.0, 105.0]
    assert len(few.layers["none"]) == 0
    assert few.rigid.cuboid_ids.tolist() == [0]
    assert few.rigid.cloud.means_m[:, 0].tolist() == [0.5]
    (told,) = few.not_drawn
    assert told.count == 3
    assert len(few) == 3


def test_nothing_is_larger_for_being_at_the_very_place():
    """Nearer than 3 m counts as 3 m: the small one where the rig is gives way."""
    both = GaussianScene({"all": cloud([0.0, 4.0], [0.1, 0.3], [1.0, 1.0])})
    assert thinned(both, 1, np.zeros((1, 3))).static.means_m[:, 0].tolist() == [4.0]
