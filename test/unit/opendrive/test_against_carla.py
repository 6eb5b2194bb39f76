"""CARLA's own map library is the oracle: it must see the same lanes, crossings and signals."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.opendrive import (
    OpenDriveMap,
    lane_borders,
    lane_pose,
    road_pose,
)
from carla_nurec_bridge.opendrive.heights import ground_height, lane_at
from carla_nurec_bridge.opendrive.spawn import spawn_points
from carla_nurec_bridge.opendrive.stops import stop_lines
from carla_nurec_bridge.town.street.marks import crosswalk_outlines

carla = pytest.importorskip("carla")


@pytest.fixture
def both(any_map: tuple[OpenDriveMap, str]):
    opendrive, text = any_map
    return opendrive, carla.Map(opendrive.name, text)


def wrapped(degrees):
    return np.abs((np.asarray(degrees) + 180.0) % 360.0 - 180.0)


def test_every_lane_has_the_pose_of_carlas_waypoints(both) -> None:
    opendrive, theirs = both
    rng = np.random.default_rng(3)
    compared = 0
    lanes = list(opendrive.drivable_lanes())
    for road, section, lane in lanes:
        end = min(section.s_end, road.length)
        if end - section.s < 0.05:
            continue
        for s in rng.uniform(section.s + 0.01, end - 0.01, max(2, 40 // len(lanes))):
            waypoint = theirs.get_waypoint_xodr(int(road.id), lane.id, float(s))
            x, y, z, heading, slope = lane_pose(road, section, lane.id, s)
            at, turn = waypoint.transform.location, waypoint.transform.rotation
            # CARLA walks cubic curves by chords of half a metre, hence up to 1 cm along them.
            assert np.hypot(at.x - x, at.y + y) < 0.011
            assert abs(at.z - z) < 0.001
            assert wrapped(np.degrees(-heading) - turn.yaw) < 0.1
            # It takes the reference line's slope for the angle: the same off curves, nearly.
            if abs(road.plan.curvature(s)) < 1e-4:
                assert wrapped(np.degrees(np.tan(slope)) - turn.pitch) < 0.01
            inner, outer = lane_borders(road, section, s)[lane.id]
            width = abs(outer - inner)
            assert waypoint.lane_width == pytest.approx(width, abs=1e-4)
            compared += 1
    assert compared >= 8


def test_the_ground_under_carlas_waypoints_is_at_their_height(both) -> None:
    opendrive, theirs = both
    waypoints = theirs.generate_waypoints(5.0)
    points = np.array(
        [
            (w.transform.location.x, -w.transform.location.y, w.transform.location.z)
            for w in waypoints
        ]
    )
    z, normals = ground_height(opendrive, points, points[:, 2])
    apart = np.abs(z - points[:, 2])
    # Ways of one junction may lie at different heights above each other; the highest counts.
    alone = np.array([not w.is_junction for w in waypoints])
    assert alone.sum() > 10
    assert np.max(apart[alone]) < 0.02
    assert np.mean(apart < 0.02) > 0.97
    assert np.all(normals[:, 2] > 0.9)


def test_lane_at_finds_the_lane_of_a_waypoint(both) -> None:
    opendrive, theirs = both
    checked = 0
    waypoints = theirs.generate_waypoints(9.0)
    for waypoint in waypoints[:: max(len(waypoints) // 200, 1)]:
        road = opendrive.road(str(waypoint.road_id))
        s = waypoint.s
        if waypoint.is_junction or not 0.1 < s < road.length - 0.1 or waypoint.lane_width < 0.3:
            continue
        at = waypoint.transform.location
        place = lane_at(opendrive, at.x, -at.y, at.z)
        if min(abs(s - section.s) for section in road.sections) < 0.1:
            continue
        assert (place.road.id, place.lane.id) == (road.id, waypoint.lane_id)
        assert place.s == pytest.approx(s, abs=0.02)
        checked += 1
    assert checked > 5


def test_crosswalks_are_where_carla_has_them(both) -> None:
    opendrive, theirs = both
    theirs_points = np.array([(p.x, -p.y) for p in theirs.get_crosswalks()]).reshape(-1, 2)
    corners = np.concatenate([np.zeros((0, 3)), *crosswalk_outlines(opendrive)])[:, :2]
    assert (len(corners) == 0) == (len(theirs_points) == 0)
    for point in corners:
        assert np.min(np.hypot(*(theirs_points - point).T)) < 0.02


def test_signals_stand_where_carla_has_them(both) -> None:
    opendrive, theirs = both
    landmarks = {mark.id: mark for mark in theirs.get_all_landmarks()}
    # CARLA makes signs of the objects that its own towns call Speed_NN.
    objects = {x.id: x for road in opendrive.roads.values() for x in road.objects}
    for signal_id in set(landmarks) - set(opendrive.signals):
        assert objects[signal_id].name.startswith("Speed_")
        del landmarks[signal_id]
    for signal_id, mark in landmarks.items():
        road, signal = opendrive.signals[signal_id]
        x, y, z, _ = road_pose(road, signal.s, signal.t)
        at = mark.transform.location
        # It puts the posts of lights a quarter of a metre further along the road.
        assert np.hypot(at.x - x, at.y + y) < (0.26 if signal.dynamic else 0.02)
        assert at.z == pytest.approx(float(z) + signal.z_offset, abs=0.02)
        assert (mark.type, mark.is_dynamic) == (signal.type, signal.dynamic)


def test_stop_lines_lie_on_lanes_that_enter_the_junction(both) -> None:
    opendrive, theirs = both
    for lines in stop_lines(opendrive).values():
        for line in lines:
            x, y, z = line.position
            yaw = -np.degrees(line.heading)
            back = np.array([np.cos(line.heading), np.sin(line.heading)])
            before = theirs.get_waypoint(carla.Location(x - back[0], -(y - back[1]), z))
            assert (before.road_id, before.lane_id) == (int(line.road_id), line.lane_id)
            assert wrapped(before.transform.rotation.yaw - yaw) < 12.0
            at_end = min(line.s, opendrive.road(line.road_id).length - line.s) < 0.5
            if line.junction_id is not None and at_end:
                ahead = before.next(3.0)
                assert ahead
                assert all(str(w.get_junction().id) == line.junction_id for w in ahead)


def test_spawn_points_are_on_driving_lanes_and_look_ahead(both) -> None:
    opendrive, theirs = both
    for x, y, z, heading in spawn_points(opendrive):
        waypoint = theirs.get_waypoint(carla.Location(x, -y, z), project_to_road=False)
        assert waypoint is not None
        assert not waypoint.is_junction
        assert wrapped(np.degrees(-heading) - waypoint.transform.rotation.yaw) < 2.0
        # Its search along the lane is coarse; across the lane it is not.
        apart = np.array([waypoint.transform.location.x - x, -waypoint.transform.location.y - y])
        assert abs(apart @ (-np.sin(heading), np.cos(heading))) < 0.02


def test_the_demo_town_has_no_end(demo: OpenDriveMap) -> None:
    from carla_nurec_bridge.core.resources import config_path

    theirs = carla.Map("demo_town", config_path("maps", "demo_town.xodr").read_text())
    topology = theirs.get_topology()
    begins = {(w.road_id, w.section_id, w.lane_id) for w, _ in topology}
    ends = {(w.road_id, w.section_id, w.lane_id) for _, w in topology}
    assert begins == ends
    waypoints = theirs.generate_waypoints(2.0)
    assert len(waypoints) > 800
    assert all(w.next(2.0) and w.previous(2.0) for w in waypoints)
    assert len(theirs.get_crosswalks()) == 6 * 5
    lights = theirs.get_all_landmarks_of_type("1000001")
    assert {light.id for light in lights} == {"500", "501", "502", "503"}
    assert {mark.value for mark in theirs.get_all_landmarks_of_type("274")} == {30.0, 50.0}
