"""Class filters by name and id, and the old ones by colour, in whichever order it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.labels.class_filter import class_filter, read_class_filter


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "filter.yaml"
    path.write_text(text)
    return path


def test_names_labels_groups_and_ids() -> None:
    found = class_filter(["road", "TrafficLight", "road_lines", "vehicle", 12])
    assert found.tags == {1, 7, 24, 14, 15, 16, 17, 18, 19, 12}
    assert found.names()[:3] == ("road", "traffic_light", "pedestrian")
    assert found.notes == ()


def test_old_colours_in_either_order_become_classes(tmp_path: Path) -> None:
    # Road reads alike both ways; traffic sign is in BGR, pedestrian in RGB, as in files about.
    text = "canny_classes: [[128, 64, 128], [0, 220, 220], [220, 20, 60], [140, 0, 0]]\n"
    found = read_class_filter(write(tmp_path, text))
    assert found.names() == ("road", "traffic_sign", "pedestrian", "car")
    inexact = [note for note in found.notes if "taken as" in note]
    assert len(inexact) == 1
    assert "canny_classes.3: [140, 0, 0]" in inexact[0]
    assert "car" in inexact[0]
    assert "edge_classes: [road, traffic_sign, pedestrian, car]" in found.notes[-1]


def test_a_new_file_is_what_the_old_one_was_converted_to(tmp_path: Path) -> None:
    new = read_class_filter(write(tmp_path, "edge_classes: [road, traffic_sign, 14]\n"))
    old = read_class_filter(
        write(tmp_path, "canny_classes: [[128, 64, 128], [0, 220, 220], [142, 0, 0]]\n")
    )
    assert new.tags == old.tags
    assert not new.notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("edge_classes: [raod]", r"no class 'raod'; perhaps road"),
        ("edge_classes: [99]", r"no class 99; CARLA's go from 0 to 28"),
        ("edge_classes: [true]", r"True is no class"),
        ("edge_classes: road", r"edge_classes must be a list, not 'road'"),
        ("canny_classes: [[1, 2]]", r"canny_classes.0: \[1, 2\] is no colour"),
        ("canny_classes: [[255, 255, 255]]", r"far from every class's colour"),
        ("colours: []", r"has edge_classes, .* \(found colours\)"),
        ("edge_classes: []\ncanny_classes: []", r"a class filter has edge_classes"),
        ("- 1", r"a class filter has edge_classes"),
        ("{", r"is not YAML"),
    ],
)
def test_errors_name_the_file_and_the_entry(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        read_class_filter(write(tmp_path, text))
    assert "filter.yaml" in str(raised.value)
