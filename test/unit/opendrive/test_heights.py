from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.opendrive import OpenDriveMap, road_pose
from carla_nurec_bridge.opendrive.heights import ground_height, lane_at
from carla_nurec_bridge.opendrive.strips import KERB_M
from carla_nurec_bridge.opendrive.surface import pavement

from .conftest import opened, real_map


def test_lanes_lie_on_the_road_and_sidewalks_a_kerb_above(demo: OpenDriveMap) -> None:
    road = demo.road("11")
    s = np.linspace(1, road.length - 1, 400)
    for t, above in ((1.7, 0.0), (-1.7, 0.0), (3.7, 0.0), (5.5, KERB_M), (-5.5, KERB_M)):
        x, y, z, heading = road_pose(road, s, t)
        height, normals = ground_height(demo, np.stack([x, y], -1))
        assert np.max(np.abs(height - z - above)) < 0.003
        ahead = normals[:, 0] * np.cos(heading) + normals[:, 1] * np.sin(heading)
        along = 1.0 - t * road.plan.curvature(s)
        expected = road.elevation.slope(s) / along
        assert np.allclose(-ahead / normals[:, 2], expected, atol=0.004)


def test_the_normal_leans_back_uphill(demo: OpenDriveMap) -> None:
    road = demo.road("11")
    x, y, _, heading = (float(v) for v in road_pose(road, 60.0, -1.7))
    _, normal = ground_height(demo, [[x, y]])
    uphill = float(normal[0] @ (np.cos(heading), np.sin(heading), 0.0))
    assert road.elevation.slope(60.0) > 0.01
    assert uphill == pytest.approx(-np.sin(np.arctan(road.elevation.slope(60.0))), abs=1e-3)


def test_there_is_ground_everywhere_and_it_does_not_jump_at_edges(demo: OpenDriveMap) -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(-450, 450, (20000, 2))
    z, normals = ground_height(demo, points)
    assert np.isfinite(z).all()
    assert np.allclose(np.linalg.norm(normals, axis=1), 1.0)
    road = demo.road("11")
    s = np.linspace(1, road.length - 1, 300)
    edge = 6.9
    inside, outside = (np.stack(road_pose(road, s, -edge + d)[:2], -1) for d in (0.3, -0.3))
    drop = ground_height(demo, inside)[0] - ground_height(demo, outside)[0]
    assert np.all(np.abs(drop) < 0.15)


def test_beyond_the_land_there_is_none(demo: OpenDriveMap) -> None:
    z, normals = ground_height(demo, [[5000.0, 0.0]])
    assert np.isnan(z[0])
    assert np.array_equal(normals[0], (0.0, 0.0, 1.0))


def test_a_hint_chooses_between_a_road_and_the_bridge_above(make_road, make_map) -> None:
    bridge = make_road(
        '<geometry s="0" x="50" y="-50" hdg="1.5707963267948966" length="100"><line/></geometry>',
        road_id=2,
        elevation='<elevation s="0" a="6" b="0" c="0" d="0"/>',
    )
    opendrive = make_map(make_road(), bridge)
    crossing = [[51.5, -1.5]]
    assert ground_height(opendrive, crossing)[0][0] == pytest.approx(6.0)
    assert ground_height(opendrive, crossing, [0.3])[0][0] == pytest.approx(0.0)
    assert ground_height(opendrive, crossing, [6.2])[0][0] == pytest.approx(6.0)
    below, above = lane_at(opendrive, 51.5, -1.5, 0.3), lane_at(opendrive, 51.5, -1.5, 6.0)
    assert below is not None
    assert above is not None
    assert (below.road.id, above.road.id) == ("1", "2")


def test_what_fills_the_junctions_of_a_level_town_is_level_with_its_ways() -> None:
    town, _ = opened(real_map("Town01.xodr.gz"))
    middles = pavement(town).fillings.mean(axis=1)[:, :2]
    assert len(middles) > 100
    height, _ = ground_height(town, middles)
    off = np.minimum(np.abs(height), np.abs(height - KERB_M))
    assert off.max() < 1e-6, "neither on the carriageway nor on a sidewalk that reaches in"


def test_lane_at_states_where_on_the_lane(demo: OpenDriveMap) -> None:
    road = demo.road("21")
    rng = np.random.default_rng(2)
    for s in rng.uniform(1, road.length - 1, 60):
        for t, lane_id in ((1.0, 1), (-2.9, -1), (4.5, 3), (-3.6, -2)):
            x, y, z, _ = (float(v) for v in road_pose(road, s, t))
            place = lane_at(demo, x, y, z)
            assert place is not None
            assert (place.road.id, place.lane.id) == ("21", lane_id)
            assert (place.s, place.t) == (pytest.approx(s, abs=1e-4), pytest.approx(t, abs=1e-4))
    assert lane_at(demo, 60.0, 60.0) is None


def test_a_map_without_lanes_says_so(make_map) -> None:
    with pytest.raises(InputError, match="made has no lanes"):
        ground_height(make_map(), [[0.0, 0.0]])
