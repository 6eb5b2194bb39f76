"""No kernel is handed a number that none of them asks for, nor arrays it is compiled anew for."""

import re
from pathlib import Path

import numpy as np

from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.drawing import particles


def test_every_rule_is_asked_for():
    folder = Path(particles.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    assert set(particles.Rules._fields) == set(re.findall(r"\brules\.([a-z]\w*)", text))


def test_arrays_stored_by_columns_are_joined_by_rows():
    cloud = GaussianCloud(
        np.asfortranarray(np.arange(6.0).reshape(2, 3), np.float32),
        np.asfortranarray(np.tile([1.0, 0.0, 0.0, 0.0], (2, 1)), np.float32),
        np.asfortranarray(np.full((2, 3), 0.1), np.float32),
        np.full(2, 0.8, np.float32),
        np.zeros((2, 4, 3), np.float32),
    )
    for clouds in ((), (cloud,)):
        found = particles.joined(cloud, clouds)
        assert all(array.flags.c_contiguous for array in found)
        assert np.array_equal(found.means[:2], [[0, 1, 2], [3, 4, 5]])
