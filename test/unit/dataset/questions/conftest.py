"""A data set of a crash, with its marks and questions."""

from __future__ import annotations

import pytest
from asked_dataset import write_asked

from carla_nurec_bridge.dataset.marks import MarkWish, mark_camera
from carla_nurec_bridge.dataset.questions.make import make_questions
from carla_nurec_bridge.dataset.truth import MarkLimits


@pytest.fixture(scope="session")
def crash(tmp_path_factory):
    """The scenario with its marks; tests read it only."""
    dataset = write_asked(tmp_path_factory.mktemp("crash") / "run")
    scenario = dataset.scenario("crash")
    mark_camera(dataset, scenario, "road", MarkWish(("2d",), MarkLimits(), False), lambda *_: None)
    return scenario


@pytest.fixture(scope="session")
def questions(crash):
    """Everything that may be asked of it."""
    return make_questions(crash, seed=1, each=500).questions
