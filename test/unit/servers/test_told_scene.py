"""What a server tells of a scene of Gaussians."""

import dataclasses

import numpy as np

from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.scene import GaussianScene
from carla_nurec_bridge.servers.nurec.scenes.told import told_of


def test_scores_of_classes_are_told_as_not_served() -> None:
    ones = np.ones(2, np.float32)
    cloud = GaussianCloud(
        np.zeros((2, 3), np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (2, 1)),
        np.ones((2, 3), np.float32),
        ones,
        np.zeros((2, 1, 3), np.float32),
    )
    scored = dataclasses.replace(cloud, semantic_logits=np.zeros((2, 20), np.float32))
    scene = GaussianScene({"background": cloud, "road": scored})
    assert "scores of 20 semantic classes, by render_camera_layers" in told_of(
        scene, "numba", hybrid=False
    )
    assert "semantic" not in told_of(GaussianScene({"road": cloud}), "numba", hybrid=False)
