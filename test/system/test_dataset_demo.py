"""The demo that makes a data set: from nothing to a page, small here, with every step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from carla_nurec_bridge.core.machine.forked import forked_cpu_s
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.dataset.truth import EventKind
from carla_nurec_bridge.runs.dataset_demo import DatasetDemo, make_dataset_demo

pytest.importorskip("carla")
pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DatasetDemo:
    folder = tmp_path_factory.mktemp("demo") / "out"
    made = DatasetDemo(folder, 1, 2.0, 5.0, (480, 270), ("jaywalking",))
    told: list[tuple[str, int, int]] = []
    forked_s = forked_cpu_s()
    finished = list(make_dataset_demo(made, lambda *step: told.append(step)))
    assert forked_cpu_s() > forked_s, "its steps loaded their libraries by themselves"
    assert all(step.path.exists() for step in finished)
    assert ("ground truth jaywalking", 10, 10) in told
    return made


def test_both_cameras_see_the_walker_that_the_scenario_is_about(demo: DatasetDemo) -> None:
    (scenario,) = Dataset(demo.dataset).scenarios()
    assert set(scenario.truth.cameras) == {"front", "roadside"}
    event = next(one for one in scenario.events() if one.kind is EventKind.JAYWALKING)
    for camera in scenario.truth.cameras:
        kept = [{one.track_id for one in truth.kept()} for truth in scenario.all_labels(camera)]
        assert sum(event.track_ids[0] in seen for seen in kept) >= 5


def test_everything_is_there_and_fits(demo: DatasetDemo) -> None:
    coco = COCO(demo.folder / "coco/annotations/instances_train.json")
    assert len(coco.getImgIds()) == 2 * 10
    (scenario,) = Dataset(demo.dataset).scenarios()
    assert all(len(scenario.variants(camera)) == 1 for camera in scenario.truth.cameras)
    asked = scenario.questions()
    assert asked is not None
    assert asked.questions
    marks = json.loads((demo.dataset / "jaywalking_1/front/marks/marks.json").read_text())
    assert marks["marks"]
    assert demo.page.is_file()
    said = Path(demo.folder / "logs/check.log").read_text()
    assert "whole; 1 scenarios, 20 views" in " ".join(said.split())
