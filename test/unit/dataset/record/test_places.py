"""Places of a user's file: where their boxes are, whose pixels are theirs, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_source import LABELLING, Source

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.record.places import read_places
from carla_nurec_bridge.dataset.record.run import RunListener, record_run
from carla_nurec_bridge.dataset.record.scenario import record_scenario
from carla_nurec_bridge.dataset.record.turn import ScenarioJob
from carla_nurec_bridge.dataset.store import Dataset, RunWriter
from carla_nurec_bridge.world.object_classes import ObjectClass

BENCH = {"name": "bench", "class": "prop"}
CORNERS = [[a, b, c] for a in (17.8, 18.2) for b in (2.0, 6.0) for c in (1.0, 3.0)]
WAYS = {
    "box in the map": ("map", {"at_m": [18, 4, 2], "size_m": [0.4, 4, 2]}),
    "box in CARLA's world": ("world", {"at_m": [18, -4, 2], "size_m": [0.4, 4, 2]}),
    "turned box": ("map", {"at_m": [18, 4, 2], "size_m": [4, 0.4, 2], "rpy_deg": [0, 0, 90]}),
    "points in the map": ("map", {"points_m": CORNERS}),
    "points in the world": ("world", {"points_m": [[x, -y, z] for x, y, z in CORNERS]}),
}


def written(folder: Path, frame: str, *places: object) -> Path:
    path = folder / "places.yaml"
    path.write_text(yaml.safe_dump({"frame": frame, "places": list(places)}))
    return path


@pytest.mark.parametrize("way", WAYS)
def test_a_place_has_its_box_and_its_pixels_in_the_labels(tmp_path: Path, way: str) -> None:
    frame, place = WAYS[way]
    labelling = replace(LABELLING, places=read_places(written(tmp_path, frame, BENCH | place)))
    job = ScenarioJob(
        "one", "key", lambda writer, told: record_scenario(Source(2), writer, labelling, told)
    )
    quiet = RunListener(lambda *_: None, lambda *_: None, lambda *_: None)
    assert record_run(RunWriter(tmp_path / "run", (), 1), [job], quiet).failed == {}
    dataset = Dataset(tmp_path / "run")
    assert check_dataset(dataset, lambda *_: None).problems == ()
    scenario = dataset.scenario("one")
    assert scenario.truth.source["labels"]["places"] == ["bench"]
    [bench] = [one for one in scenario.truth.actors if one.role_name == "bench"]
    assert bench.object_class is ObjectClass.PROP
    assert bench.is_scenery
    for number in (0, 1):
        [one] = [
            one
            for one in scenario.labels("front", number).objects
            if one.track_id == bench.track_id
        ]
        # The camera is at x = number and looks along x with a focal length of 20 pixels.
        near, far = 17.8 - number, 18.2 - number
        left, right = 20 - 20 * 6 / near, 20 - 20 * 2 / far
        top, bottom = 15 - 20 * 3 / near, 15 - 20 * 1 / far
        expected = (left, top, right - left, bottom - top)
        np.testing.assert_allclose(one.box_amodal_px, expected, atol=1e-3)
        # Of the wall at x = 18 those pixels whose middle lies in the box, grown by 8 cm.
        columns = (20 - (np.arange(40) + 0.5)) * (18 - number) / 20
        rows = (15 - (np.arange(30) + 0.5)) * (18 - number) / 20
        wide = (columns > 1.92) & (columns < 6.08)
        high = (rows > 0.92) & (rows < 3.08)
        assert np.array_equal(one.mask.pixels(), high[:, None] & wide[None, :])


def test_points_on_a_line_are_a_box_that_has_sides(tmp_path: Path) -> None:
    line = {"points_m": [[0, 0, 0], [3, 3, 0]], "rpy_deg": [0, 0, 45]}
    [one] = read_places(written(tmp_path, "map", BENCH | line))
    assert one.size_m == pytest.approx((np.sqrt(18), 0.1, 0.1))
    np.testing.assert_allclose(one.map_from_box[:3, 3], (1.5, 1.5, 0))
    np.testing.assert_allclose(one.map_from_box[:3, 0], (np.sqrt(0.5), np.sqrt(0.5), 0))
    assert one.tags is None


def test_a_yaw_in_the_world_is_clockwise(tmp_path: Path) -> None:
    box = {"at_m": [1, 2, 3], "size_m": [4, 2, 1], "rpy_deg": [0, 0, 30]}
    [one] = read_places(written(tmp_path, "world", BENCH | box))
    np.testing.assert_allclose(one.map_from_box[:3, 3], (1, -2, 3))
    np.testing.assert_allclose(one.map_from_box[:3, 0], (np.sqrt(3) / 2, -0.5, 0), atol=1e-12)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("frame: map\nplaces: []", "places: .*at least 1 item"),
        ("frame: sky\nplaces: [{name: a, class: car, at_m: [0, 0, 0]}]", "frame: .*'map' or"),
        ("frame: map\nplaces: [{name: a, class: tree}]", r"places.0.class: .*found 'tree'"),
        ("frame: map\nplaces: [{name: a, class: car}]", "places.0: give at_m and size_m, or"),
        (
            "frame: map\nplaces: [{name: a, class: car, at_m: [0, 0, 0], points_m: [[1, 1, 1]]}]",
            "places.0: give at_m and size_m, or",
        ),
        ("frame: map\nplaces: [{name: a, class: car, points_m: [[.nan, 0, 0]]}]", "points_m.0.0"),
        (
            "frame: map\nplaces:\n" + "- {name: a, class: car, points_m: [[0, 0, 0]]}\n" * 2,
            "two places are called 'a'; rename one",
        ),
        ("frame: map\nplaces: [", "is not YAML"),
        ("[" * 4000, "is not YAML"),
        ("7", "the file: "),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "places.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=told) as caught:
        read_places(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the places .*absent.yaml: No such file"):
        read_places(tmp_path / "absent.yaml")
