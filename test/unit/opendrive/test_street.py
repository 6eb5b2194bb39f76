from __future__ import annotations

import re
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.opendrive import (
    OpenDriveMap,
    lane_borders,
    parse,
    road_pose,
)
from carla_nurec_bridge.opendrive.heights import ground_height, lane_at
from carla_nurec_bridge.opendrive.stops import stop_lines
from carla_nurec_bridge.opendrive.strips import CARRIAGEWAY
from carla_nurec_bridge.rendering.rays import cast
from carla_nurec_bridge.rendering.scene import RenderScene
from carla_nurec_bridge.town.street import Street, build_street

ROADS, SIDEWALKS, BUILDINGS, POLES, SIGNS, VEGETATION, TERRAIN, LINES = 1, 2, 3, 6, 8, 9, 10, 24


@cache
def built(opendrive: OpenDriveMap) -> Street:
    """Return a map's street, built once for all tests of it."""
    return build_street(opendrive)


@pytest.fixture(scope="module")
def street(demo: OpenDriveMap) -> Street:
    return built(demo)


@pytest.fixture(scope="module")
def town01_street(town01: OpenDriveMap) -> Street:
    return built(town01)


def lane_samples(opendrive: OpenDriveMap, step: float, kinds: frozenset[str]) -> np.ndarray:
    """Return points (N, 3) all over the lanes of some types, at the height of their road."""
    points = []
    for road in opendrive.roads.values():
        for section in road.sections:
            s = np.arange(section.s + 0.2, min(section.s_end, road.length) - 0.2, step)
            for lane_id, (inner, outer) in lane_borders(road, section, s).items():
                if section.lanes[lane_id].type in kinds and len(s):
                    for share in (0.1, 0.5, 0.9):
                        x, y, z, _ = road_pose(road, s, inner + share * (outer - inner))
                        points.append(np.stack([x, y, z], -1)[np.abs(outer - inner) > 0.2])
    return np.concatenate(points)


def covers(triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Say for points (N, 2) whether any triangle (T, 3, 2+) lies over or under them."""
    hit = np.zeros(len(points), bool)
    corners = triangles[..., :2].astype(np.float64)
    lows, highs = corners.min(axis=1), corners.max(axis=1)
    order = np.argsort(points[:, 0])
    first = np.searchsorted(points[order, 0], lows[:, 0], "left")
    last = np.searchsorted(points[order, 0], highs[:, 0], "right")
    for number in np.flatnonzero(last > first):
        a, b, c = corners[number]
        near = order[first[number] : last[number]]
        y = points[near, 1]
        near = near[(y >= lows[number, 1]) & (y <= highs[number, 1]) & ~hit[near]]
        if len(near):
            p = points[near]
            side = [
                (q[0] - o[0]) * (p[:, 1] - o[1]) - (q[1] - o[1]) * (p[:, 0] - o[0])
                for o, q in ((a, b), (b, c), (c, a))
            ]
            hit[near] = np.all(np.array(side) >= 0, 0) | np.all(np.array(side) <= 0, 0)
    return hit


@pytest.mark.parametrize("name", ["", "town01_"])
def test_no_house_stands_on_or_over_a_lane(name: str, request: pytest.FixtureRequest) -> None:
    opendrive = request.getfixturevalue("town01" if name else "demo")
    mesh = request.getfixturevalue(name + "street").mesh
    houses = mesh.vertices[mesh.triangles[mesh.tags == BUILDINGS]]
    assert len(houses) > 5000
    every = frozenset({*CARRIAGEWAY, "sidewalk"})
    points = lane_samples(opendrive, 6.0, every)[:, :2]
    # Walls have no area seen from above; what lies flat (roofs, cornices, awnings) has.
    flat = np.abs(np.cross(houses[:, 1] - houses[:, 0], houses[:, 2] - houses[:, 0])[:, 2]) > 0.01
    assert flat.sum() > 500
    assert not covers(houses[flat], points).any()
    corners = np.unique(np.round(houses.reshape(-1, 3)[:, :2], 1), axis=0)
    assert all(lane_at(opendrive, x, y) is None for x, y in corners[::7])


def test_nothing_stands_on_a_carriageway(demo: OpenDriveMap, street: Street) -> None:
    mesh = street.mesh
    things = mesh.vertices[mesh.triangles[mesh.objects > 0]]
    base = ground_height(demo, things.reshape(-1, 3)[:, :2])[0].reshape(-1, 3)
    low = things[(things[..., 2] - base).min(axis=1) < 2.4]
    points = lane_samples(demo, 3.0, CARRIAGEWAY)[:, :2]
    assert not covers(low, points).any()


@pytest.mark.parametrize("name", ["", "town01_"])
def test_rays_from_above_find_the_road_closed(name: str, request: pytest.FixtureRequest) -> None:
    opendrive = request.getfixturevalue("town01" if name else "demo")
    points = lane_samples(opendrive, 1.0, frozenset({"driving"}))
    origins = points + (0.0, 0.0, 1.0)
    down = np.tile(np.array([0.0, 0.0, -1.0]), (len(points), 1))
    with RenderScene(request.getfixturevalue(name + "street").mesh) as scene:
        hits = cast(scene, origins.astype(np.float32), down.astype(np.float32), 50.0)
    # At a sharp corner a sliver of one way's kerb may reach over the edge of another way.
    assert np.mean(np.isin(hits.tag, [ROADS, LINES])) > 0.9999
    assert np.mean(np.abs(hits.range_m - 1.0) < 0.03) > 0.9999


def test_junctions_have_no_holes(demo: OpenDriveMap, street: Street) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-17.5, 17.5, (6000, 2))
    z, _ = ground_height(demo, points)
    origins = np.column_stack([points, z + 1.5])
    down = np.tile(np.array([0.0, 0.0, -1.0]), (len(points), 1))
    with RenderScene(street.mesh) as scene:
        hits = cast(scene, origins.astype(np.float32), down.astype(np.float32), 50.0)
    high = (np.abs(points) < 3.9).any(axis=1)
    assert set(np.unique(hits.tag[high])) <= {ROADS, LINES}
    ground = np.isin(hits.tag, [ROADS, LINES, SIDEWALKS, TERRAIN])
    assert ground.mean() > 0.97
    # Within a centimetre of a kerb the two may stand on different sides of it.
    assert np.mean(np.abs(hits.range_m[ground] - 1.5) < 0.03) > 0.99


def test_faces_of_the_ground_look_up(street: Street) -> None:
    mesh = street.mesh
    corners = mesh.vertices[mesh.triangles].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for tag in (ROADS, LINES, TERRAIN):
        assert np.all(normal[(mesh.tags == tag) & (np.abs(normal[:, 2]) > 1e-4), 2] > 0)


def test_paint_lies_just_above_the_asphalt(demo: OpenDriveMap, street: Street) -> None:
    mesh = street.mesh
    paint = mesh.vertices[mesh.triangles[mesh.tags == LINES]].reshape(-1, 3).astype(np.float64)
    above = paint[:, 2] - ground_height(demo, paint)[0]
    assert np.all((above > 0.001) & (above < 0.02))


def test_heads_face_their_traffic_from_a_height_one_sees(
    town01: OpenDriveMap, town01_street: Street
) -> None:
    stops = stop_lines(town01)
    assert {head.signal_id for head in town01_street.lights} == set(stops)
    for head in town01_street.lights:
        place = head.map_from_head[:3, 3]
        z, _ = ground_height(town01, place[None, :2])
        assert 2.3 < place[2] - z[0] < 6.5
        for line in stops[head.signal_id]:
            travel = np.array([np.cos(line.heading), np.sin(line.heading), 0.0])
            assert head.map_from_head[:3, 0] @ travel < -0.9
            assert np.linalg.norm(place[:2] - line.position[:2]) < 45.0


def test_the_seed_makes_the_street(demo: OpenDriveMap, street: Street) -> None:
    again, other = build_street(demo), build_street(demo, seed=7)
    for field in ("vertices", "triangles", "colours", "tags", "objects"):
        assert np.array_equal(getattr(street.mesh, field), getattr(again.mesh, field))
    assert len(other.mesh.vertices) != len(street.mesh.vertices)


def test_objects_are_whole_and_of_one_kind(street: Street) -> None:
    mesh = street.mesh
    assert np.array_equal(np.unique(mesh.objects), np.arange(mesh.objects.max() + 1))
    mixed = {frozenset(np.unique(mesh.tags[mesh.objects == i])) for i in range(1, 300)}
    assert mixed <= {
        frozenset({BUILDINGS}),
        frozenset({VEGETATION}),
        frozenset({POLES}),
        frozenset({POLES, SIGNS}),
    }
    assert mixed >= {frozenset({BUILDINGS}), frozenset({VEGETATION})}
    assert np.isfinite(mesh.vertices).all()
    assert 80_000 < len(mesh.triangles) < 400_000


def test_every_map_gets_a_street(any_map: tuple[OpenDriveMap, str]) -> None:
    street = built(any_map[0])
    present = set(np.unique(street.mesh.tags))
    assert {ROADS, BUILDINGS, VEGETATION, TERRAIN} <= present
    assert np.isfinite(street.mesh.vertices).all()
    assert len(street.mesh.triangles) < 400_000


SMALL = """<OpenDRIVE><road length="60" id="1" junction="-1">
<planView><geometry s="0" x="1" y="2" hdg="0.3" length="60"><arc curvature="0.02"/></geometry>
</planView><elevationProfile><elevation s="0" a="1" b="0.02" c="0.001" d="0"/></elevationProfile>
<lateralProfile><superelevation s="0" a="0.01" b="0" c="0" d="0"/></lateralProfile>
<lanes><laneOffset s="0" a="0.2" b="0" c="0" d="0"/><laneSection s="0">
<center><lane id="0" type="none"><roadMark sOffset="0" type="broken" width="0.1"/></lane></center>
<right><lane id="-1" type="driving"><width sOffset="0" a="3" b="0.01" c="0" d="0"/>
<roadMark sOffset="5" type="solid" width="0.1"/></lane>
<lane id="-2" type="sidewalk"><width sOffset="0" a="2" b="0" c="0" d="0"/></lane></right>
</laneSection></lanes>
<objects><object id="9" type="crosswalk" s="30" t="0" hdg="0"><outline>
<cornerLocal u="-2" v="-3" z="0"/><cornerLocal u="2" v="-3" z="0"/><cornerLocal u="2" v="0" z="0"/>
</outline></object></objects>
<signals><signal id="7" s="50" t="-5" type="1000001" dynamic="yes" orientation="+">
<validity fromLane="-1" toLane="-1"/></signal></signals></road></OpenDRIVE>"""
NUMBERS = [m.span(1) for m in re.finditer(r'"(-?[0-9.]+)"', SMALL)]


@settings(max_examples=15)
@given(
    which=st.integers(0, len(NUMBERS) - 1),
    value=st.sampled_from(["0", "-1", "1e-9", "5e4", "-1e8", "1e300", "-1e-300", "777.5"]),
)
def test_absurd_numbers_build_a_street_or_raise_an_input_error(which: int, value: str) -> None:
    begin, end = NUMBERS[which]
    with suppress(InputError):
        street = build_street(parse(SMALL[:begin] + value + SMALL[end:], "absurd"))
        assert len(street.mesh.triangles) > 0
        assert np.isfinite(street.mesh.vertices).all()


def test_marks_that_begin_before_their_road_are_painted_on_it_only() -> None:
    def paint(mark: str) -> np.ndarray:
        text = SMALL.replace('<roadMark sOffset="0" type="broken" width="0.1"/>', mark)
        mesh = build_street(parse(text, "marked")).mesh
        return mesh.vertices[mesh.triangles[mesh.tags == LINES]]

    plain = paint('<roadMark sOffset="0" type="broken" width="0.1"/>')
    early = paint('<roadMark sOffset="-1e8" type="broken" width="0.1"/>')
    np.testing.assert_array_equal(early, plain)


@pytest.mark.parametrize(
    ("length_m", "space_m"), [("1e-9", "1e-9"), ("1e-300", "1"), ("3", "1e-9")]
)
def test_dashes_of_no_length_do_not_count_up_to_the_sky(length_m: str, space_m: str) -> None:
    line = f'<line length="{length_m}" space="{space_m}" tOffset="1e9" sOffset="0" width="1e8"/>'
    line += line.replace('tOffset="1e9"', 'tOffset="0"')
    mark = (
        f'<roadMark sOffset="0" type="broken" width="0.1"><type name="x">{line}</type></roadMark>'
    )
    text = SMALL.replace('<roadMark sOffset="0" type="broken" width="0.1"/>', mark)
    mesh = build_street(parse(text, "dashed")).mesh
    painted = mesh.vertices[mesh.triangles[mesh.tags == LINES]]
    assert len(mesh.triangles) < 10_000
    assert np.abs(painted).max() < 100.0
