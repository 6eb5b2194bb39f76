"""Event detectors on drives drawn by hand: what they must find, and what they must leave alone."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from drawn_drives import LANE_M, Drive, Pose, StraightRoad, steady

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recorder_log import Log, LogWriter, read_log
from carla_nurec_bridge.recorder_log.layouts import RECORDS, ActorKind, PacketKind
from carla_nurec_bridge.recorder_log.records import Attribute, EventAdd, encode_event_add
from carla_nurec_bridge.recorder_log.writer import encode_fixed, encode_varying

pytest.importorskip("carla")

from carla_nurec_bridge.scenarios.detect import find_events
from carla_nurec_bridge.scenarios.events import ScenarioEvent, read_events, write_events
from carla_nurec_bridge.scenarios.spec import load_spec, shipped_specs

DT_S = 0.05


def drive(
    tmp_path: Path,
    ways: dict[str, Drive],
    seconds: float,
    hits: dict[float, tuple[int, int]] | None = None,
) -> Log:
    """Record drives: role -> (x, y in the map in m, heading in rad) over time in s."""
    writer = LogWriter(tmp_path / "drive.log", "road", 0)
    added = []
    for number, role in enumerate(ways):
        walker = role == "walker"
        kind = ActorKind.WALKER if walker else ActorKind.VEHICLE
        blueprint = "walker.pedestrian.0001" if walker else "vehicle.lincoln.mkz_2020"
        attributes = (Attribute(3, "role_name", role),)
        place = (0.0, 0.0, 0.0)
        added.append(EventAdd(10 + number, kind, place, place, 0, blueprint, attributes))
    for frame in range(round(seconds / DT_S)):
        rows = []
        for number, way in enumerate(ways.values()):
            x, y, heading = way(frame * DT_S)
            location, turn = (100 * x, -100 * y, 0.0), (0.0, 0.0, -math.degrees(heading))
            rows.append((10 + number, location, turn))
        packets = [encode_varying(PacketKind.EVENT_ADD, () if frame else added, encode_event_add)]
        if hits and (pair := hits.get(round(frame * DT_S, 3))):
            contact = np.array([(0, *pair, 1, 0)], RECORDS[PacketKind.COLLISION])
            packets.append(encode_fixed(PacketKind.COLLISION, contact))
        rows_array = np.array(rows, RECORDS[PacketKind.POSITION])
        packets.append(encode_fixed(PacketKind.POSITION, rows_array))
        writer.write_frame(DT_S, packets)
    writer.close()
    return read_log(tmp_path / "drive.log")


def found(
    tmp_path: Path, ways: dict[str, Drive], seconds: float, **more: object
) -> list[ScenarioEvent]:
    return find_events(drive(tmp_path, ways, seconds, **more), StraightRoad())  # type: ignore[arg-type]


def braking(deceleration: float) -> Drive:
    """10 m/s for 2 s, then a constant deceleration to a stop."""

    def way(t: float) -> Pose:
        slowed = min(max(t - 2.0, 0.0), 10.0 / deceleration)
        x = 10.0 * min(t, 2.0) + 10.0 * slowed - 0.5 * deceleration * slowed**2
        return x, -LANE_M / 2, 0.0

    return way


def test_a_hard_brake_is_measured(tmp_path: Path) -> None:
    (event,) = found(tmp_path, {"hero": braking(7.0)}, 6.0)
    assert event.type == "hard_brake"
    assert event.scripted
    assert event.start_s == pytest.approx(2.0, abs=0.2)
    assert event.end_s == pytest.approx(2.0 + 10.0 / 7.0, abs=0.2)
    assert event.measures["deceleration_mps2"] == pytest.approx(7.0, abs=0.2)
    assert event.measures["from_mps"] == pytest.approx(10.0, abs=0.3)
    assert event.actors[0].start_m[0] == pytest.approx(20.0, abs=2.0)


def test_soft_braking_is_no_event(tmp_path: Path) -> None:
    assert found(tmp_path, {"hero": braking(4.0)}, 6.0) == []


def test_a_stop_in_the_lane_is_one_unless_in_a_queue(tmp_path: Path) -> None:
    ways = {"hero": steady(-8.0, 0.0), "incident": steady(0.0, 0.0)}
    (event,) = found(tmp_path, ways, 8.0)
    assert (event.type, event.actors[0].role_name) == ("stopped_car", "incident")
    assert found(tmp_path, {"hero": steady(160.0, 0.0)}, 8.0) == []  # before a junction
    assert found(tmp_path, {"hero": steady(0.0, 0.0, y=-9.0)}, 8.0) == []  # off the road


def test_driving_against_the_lane(tmp_path: Path) -> None:
    (event,) = found(tmp_path, {"incident": steady(90.0, -9.0, heading=math.pi)}, 6.0)
    assert event.type == "wrong_way"
    assert event.measures["lane_cosine"] == pytest.approx(-1.0)
    assert event.measures["length_m"] == pytest.approx(54.0, abs=1.0)
    proper = steady(90.0, -9.0, y=LANE_M / 2, heading=math.pi)
    assert found(tmp_path, {"incident": proper}, 6.0) == []


def passing(t: float) -> Pose:
    """Behind the hero at first; out at 1 s, back in its lane at 6 s, some metres before it."""
    out = min(max(t - 1.0, 0.0), 1.0) - min(max(t - 5.5, 0.0), 1.0)
    return -15.0 + 13.0 * t, -LANE_M / 2 + LANE_M * out, 0.0


def test_a_cut_in_is_measured_from_bumper_to_bumper(tmp_path: Path) -> None:
    ways: dict[str, Drive] = {"hero": steady(0.0, 8.0), "incident": passing}
    events = {event.type: event for event in found(tmp_path, ways, 9.0)}
    assert set(events) == {"cut_in", "overtaking"}
    cut = events["cut_in"]
    assert [actor.role_name for actor in cut.actors] == ["incident", "hero"]
    # At 6.0 s it is -15 + 13 * 6 = 63 m along, the hero 48 m, and both are 4.9 m long.
    assert cut.measures["crosses_s"] == pytest.approx(6.0, abs=0.11)
    assert cut.measures["gap_m"] == pytest.approx(15.0 - 4.9, abs=0.7)
    ways["incident"] = lambda t: (passing(t)[0] + 12.0, *passing(t)[1:])
    assert "cut_in" not in {event.type for event in found(tmp_path, ways, 9.0)}


def test_walkers_on_crossings_do_no_wrong(tmp_path: Path) -> None:
    def across(x: float) -> Drive:
        return lambda t: (x, -6.0 + 1.5 * t, math.pi / 2)

    (event,) = found(tmp_path, {"walker": across(50.0)}, 8.0)
    assert event.type == "jaywalking"
    assert event.measures["seconds"] == pytest.approx(2 * LANE_M / 1.5, abs=0.2)
    assert found(tmp_path, {"walker": across(102.0)}, 8.0) == []


def test_a_collision_is_what_carla_recorded(tmp_path: Path) -> None:
    ways = {"hero": steady(0.0, 10.0), "other": steady(20.0, 4.0)}
    hits = dict.fromkeys((2.0, 2.05, 2.1), (10, 11))
    events = [e for e in found(tmp_path, ways, 4.0, hits=hits) if e.type == "collision"]
    assert len(events) == 1
    assert events[0].start_s == pytest.approx(2.0)
    assert events[0].end_s == pytest.approx(2.1)
    assert events[0].measures["closing_mps"] == pytest.approx(6.0, abs=0.05)
    assert [e for e in found(tmp_path, ways, 4.0) if e.type == "collision"] == []


@pytest.mark.parametrize("pair", [(10, 99), (99, 10)])
def test_a_collision_with_one_without_a_path_names_both(
    tmp_path: Path, pair: tuple[int, int]
) -> None:
    (event,) = found(tmp_path, {"hero": steady(0.0, 10.0)}, 4.0, hits={2.0: pair})
    assert event.sentence.startswith("hero (lincoln.mkz_2020) and actor 99 collide at 36 km/h")


def test_events_survive_their_file(tmp_path: Path) -> None:
    events = found(tmp_path, {"hero": braking(7.0)}, 6.0)
    write_events(tmp_path / "drive.json", {"scenario": "x", "seed": 1}, events)
    head, again = read_events(tmp_path / "drive.json")
    assert list(again) == events
    assert (head["scenario"], head["seed"]) == ("x", 1)
    (tmp_path / "drive.json").write_text('{"format": "other"}')
    with pytest.raises(InputError, match="is not a file of scenario events"):
        read_events(tmp_path / "drive.json")


def test_scenario_files_are_checked(tmp_path: Path) -> None:
    assert {spec.script for spec in shipped_specs()} >= {
        "rear_end",
        "wrong_way",
        "hard_brake",
        "cut_in",
        "jaywalking",
        "stopped_car",
        "traffic",
    }
    path = tmp_path / "mine.yaml"
    path.write_text("script: rear_end\ndescription: Mine, for a test.\ngap_m: [9, 4]\n")
    with pytest.raises(InputError, match=r"mine\.yaml: field gap_m: .*first number .*\(distance"):
        load_spec(str(path))
    path.write_text("script: rear_end\ndescription: Mine, for a test.\nspeed: 4\n")
    with pytest.raises(InputError, match=r"mine\.yaml: field speed: Extra"):
        load_spec(str(path))
    path.write_text("- a\n")
    with pytest.raises(InputError, match="must hold 'field: value' lines"):
        load_spec(str(path))
