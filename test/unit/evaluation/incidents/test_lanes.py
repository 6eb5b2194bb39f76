"""CARLA's own map library is the oracle: it must see the same lanes under the same places."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.evaluation.incidents.lanes import MapLanes
from carla_nurec_bridge.opendrive import OpenDriveMap, parse

carla = pytest.importorskip("carla")


@pytest.fixture(scope="module")
def town() -> tuple[OpenDriveMap, str]:
    opendrive = parse(config_path("maps", "demo_town.xodr").read_text(), "demo_town")
    return opendrive, opendrive.text


def test_lanes_are_those_of_carlas_waypoints(town: tuple[OpenDriveMap, str]) -> None:
    opendrive, text = town
    rng = np.random.default_rng(5)
    waypoints = carla.Map(opendrive.name, text).generate_waypoints(15.0)
    # Where a road ends the next one's lane counts as well.
    lengths = {road.id: road.length for road in opendrive.roads.values()}
    waypoints = [w for w in waypoints if 2.0 < w.s < lengths[str(w.road_id)] - 2.0]
    waypoints = [w for w in waypoints if not w.is_junction]
    positions, offsets_m, headings = [], [], []
    for w in waypoints:
        at, heading = w.transform.location, -np.radians(w.transform.rotation.yaw)
        offset_m = rng.uniform(-0.4, 0.4) * w.lane_width
        left = np.array([-np.sin(heading), np.cos(heading), 0.0])
        positions.append(np.array([at.x, -at.y, at.z + 0.7]) + offset_m * left)
        offsets_m.append(offset_m)
        headings.append(heading)
    found = MapLanes(opendrive).at(np.array(positions))
    for w, lane, offset_m, heading in zip(waypoints, found, offsets_m, headings, strict=True):
        assert lane is not None
        assert (lane.key[0], lane.key[2]) == (str(w.road_id), w.lane_id)
        assert np.cos(lane.heading_rad - heading) > 0.9999
        assert lane.offset_m == pytest.approx(offset_m, abs=0.02)
        assert not lane.in_junction
        if any(x.is_junction for x in w.next(25.0)):
            assert lane.junction_ahead


def test_places_beside_the_road_and_far_above_it_lie_on_no_lane(
    town: tuple[OpenDriveMap, str],
) -> None:
    opendrive, text = town
    at = carla.Map(opendrive.name, text).generate_waypoints(15.0)[0].transform.location
    lanes = MapLanes(opendrive)
    assert lanes.at(np.array([[at.x, -at.y, at.z + 30.0], [9e3, 9e3, 0.0]])) == [None, None]
