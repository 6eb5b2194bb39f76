from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.opendrive import OpenDriveMap, parse
from carla_nurec_bridge.opendrive.lines import lane_lines
from carla_nurec_bridge.opendrive.signals import signal_facing, signal_groups, signal_place
from carla_nurec_bridge.opendrive.stops import stop_lines


def test_the_demo_town_stops_where_its_arms_end(demo: OpenDriveMap) -> None:
    stops = stop_lines(demo)
    assert set(stops) == {"500", "501", "502", "503"}
    expected = {
        "500": ((18, 1.75), 180),
        "501": ((-1.75, 18), 270),
        "502": ((-18, -1.75), 0),
        "503": ((1.75, -18), 90),
    }
    for signal_id, (place, degrees) in expected.items():
        (line,) = stops[signal_id]
        assert line.position == pytest.approx((*place, 0.0), abs=1e-4)
        turn = np.angle(np.exp(1j * (line.heading - np.radians(degrees))))
        assert turn == pytest.approx(0.0, abs=1e-6)
        assert line.junction_id == "100"
        ends = np.array(line.left), np.array(line.right)
        assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(3.5, abs=1e-4)
        ahead = np.array([np.cos(line.heading), np.sin(line.heading)])
        left = (ends[0] - ends[1])[:2] / 3.5
        assert ahead[0] * left[1] - ahead[1] * left[0] == pytest.approx(1.0, abs=1e-4)


def test_controllers_are_the_phases(demo: OpenDriveMap) -> None:
    (group,) = signal_groups(demo)
    assert group.junction_id == "100"
    assert group.phases == (("500", "502"), ("501", "503"))


def test_without_controllers_each_road_has_its_own_phase() -> None:
    text = config_path("maps", "demo_town.xodr").read_text()
    begin, end = text.index("  <controller name="), text.index("  <junction ")
    bare = text[:begin] + text[end:]
    (group,) = signal_groups(parse(bare))
    assert sorted(group.phases) == [("500",), ("501",), ("502",), ("503",)]


def test_every_light_of_town01_belongs_to_one_phase(town01: OpenDriveMap) -> None:
    stops, groups = stop_lines(town01), signal_groups(town01)
    assert (len(stops), len(groups)) == (36, 12)
    named = [signal_id for group in groups for phase in group.phases for signal_id in phase]
    assert sorted(named) == sorted(stops)
    for group in groups:
        assert {stops[x][0].junction_id for phase in group.phases for x in phase} == {
            group.junction_id
        }


@pytest.mark.parametrize("fixture", ["demo", "town01"])
def test_lights_face_the_traffic_they_stop(fixture: str, request: pytest.FixtureRequest) -> None:
    opendrive = request.getfixturevalue(fixture)
    for signal_id, lines in stop_lines(opendrive).items():
        road, signal = opendrive.signals[signal_id]
        facing = signal_facing(signal, signal_place(road, signal)[1], lines)
        for line in lines:
            assert np.cos(facing - line.heading) < -0.95


def test_lines_for_overviews(demo: OpenDriveMap) -> None:
    lines = lane_lines(demo)
    kinds = {kind for _, kind in lines}
    assert kinds == {"edge", "broken", "stop"}
    edges = [points for points, kind in lines if kind == "edge"]
    assert sum(np.linalg.norm(np.diff(e, axis=0), axis=1).sum() for e in edges) == pytest.approx(
        2 * 794, rel=0.02
    )
    assert len([1 for _, kind in lines if kind == "stop"]) == 4
