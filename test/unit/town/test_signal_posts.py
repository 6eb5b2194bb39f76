"""Signs are the actors that CARLA makes of them, with its trigger volumes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from odd_maps import lane, light, road, section, signals, thing, town
from realdata import real

from carla_nurec_bridge.opendrive import parse, read_opendrive
from carla_nurec_bridge.opendrive.model import OpenDriveMap
from carla_nurec_bridge.opendrive.signs import signs
from carla_nurec_bridge.recorder_log.reader import read_log
from carla_nurec_bridge.servers.carla.clients import Clients
from carla_nurec_bridge.servers.carla.recorder.target import EpisodeTarget
from carla_nurec_bridge.servers.carla.wire.structs import ActorDescription, BoundingBox, Transform
from carla_nurec_bridge.servers.carla.world.actors import ActorIds, EpisodeActor, Registry
from carla_nurec_bridge.servers.carla.world.signals import sign_box
from carla_nurec_bridge.town.signal_posts import LightPost, SignPost, light_posts, sign_posts
from carla_nurec_bridge.town.street.furniture import sign_meshes

WIDTH_M = 3.5


def sign(signal_id: str, kind: str, s: float, more: str = 'name="" value="-1"') -> str:
    return (
        f'<signal s="{s}" t="-5" id="{signal_id}" dynamic="no" orientation="+" zOffset="2" '
        f'country="OpenDRIVE" type="{kind}" subtype="-1" hOffset="0.3" {more}/>'
    )


def limit(name: str, s: float) -> str:
    return f'<object id="{name}-{s}" name="{name}" type="-1" s="{s}" t="-5" zOffset="0" hdg="0"/>'


SIGNS = road(
    more=signals(
        sign("a", "206", 60.0),
        sign("b", "205", 70.0),
        sign("c", "274", 50.0, 'name="" value="40"'),
        sign("d", "274", 30.0, 'name="" value="45"'),
        sign("e", "206", 20.0, 'name="Stencil_STOP" value="-1"'),
    )
    + f"<objects>{limit('Speed_30', 40.0)}</objects>"
)


@pytest.fixture(scope="module")
def posts() -> dict[str, SignPost]:
    return {x.signal_id: x for x in sign_posts(parse(town(SIGNS), "signs"))}


def corners(box: BoundingBox, post: SignPost) -> np.ndarray:
    """Return the lowest and the highest corner (2, 3) of a post's box, which lies on CARLA's axes.

    As CARLA's client has it: the box turned and put in the post's frame, this in the world.
    """
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    local = turned(signs * box.extent, box.rotation[1]) + box.location
    found = turned(local, post.pose[1][1]) + post.pose[0]
    low, high = found.min(axis=0), found.max(axis=0)
    assert np.allclose(0.5 * (high - low), box.extent)
    return np.array([low, high])


def turned(points: np.ndarray, yaw_deg: float) -> np.ndarray:
    cos, sin = math.cos(math.radians(yaw_deg)), math.sin(math.radians(yaw_deg))
    return points @ np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]).T


def box_of(post: SignPost) -> np.ndarray:
    return corners(sign_box(Transform(*post.pose), post.triggers), post)


def test_signs_have_carlas_types(posts: dict[str, SignPost]) -> None:
    # CARLA has no sign of 45, and makes none of stops that are painted on the road.
    assert {name: x.type_id for name, x in posts.items()} == {
        "a": "traffic.stop",
        "b": "traffic.yield",
        "c": "traffic.speed_limit.40",
        "Speed_30-40.0": "traffic.speed_limit.30",
    }


def test_signs_stand_at_their_landmarks_turned_by_a_quarter(posts: dict[str, SignPost]) -> None:
    carla = pytest.importorskip("carla")
    marks = {x.id: x.transform for x in carla.Map("signs", town(SIGNS)).get_all_landmarks()}
    for name, post in posts.items():
        (x, y, _), (_, yaw, _) = post.pose
        assert (x, y) == pytest.approx((marks[name].location.x, marks[name].location.y), abs=0.02)
        turn = yaw - marks[name].rotation.yaw - 90.0
        assert math.remainder(turn, 360.0) == pytest.approx(0.0, abs=1e-3)


def test_a_stops_box_ends_a_metre_and_a_half_before_it(posts: dict[str, SignPost]) -> None:
    # 3 m long, half as wide as the lane, 2 m high.
    low, high = box_of(posts["a"])
    assert low == pytest.approx((60.0 - 1.5 - 3.0, WIDTH_M / 4, -1.0))
    assert high == pytest.approx((60.0 - 1.5, 3 * WIDTH_M / 4, 1.0))


def test_a_limits_box_is_a_cube_that_ends_at_it(posts: dict[str, SignPost]) -> None:
    size_m = 0.7 * WIDTH_M
    for name, s in (("c", 50.0), ("Speed_30-40.0", 40.0)):
        low, high = box_of(posts[name])
        assert low == pytest.approx((s - size_m, (WIDTH_M - size_m) / 2, -size_m / 2))
        assert high == pytest.approx((s, (WIDTH_M + size_m) / 2, size_m / 2))


def test_a_box_lies_over_all_lanes_of_its_direction() -> None:
    lanes = section(lane(-1) + lane(-2) + lane(-3, kind="sidewalk"), left=lane(1))
    (stop,) = sign_posts(parse(town(road(lanes=lanes, more=signals(sign("a", "206", 60.0))))))
    low, high = box_of(stop)
    assert (low[1], high[1]) == pytest.approx((WIDTH_M / 4, 2 * WIDTH_M - WIDTH_M / 4))


def test_a_sign_of_no_lane_has_no_box(posts: dict[str, SignPost]) -> None:
    assert sign_box(Transform(*posts["a"].pose), ()) == BoundingBox()


def test_the_box_of_a_road_across_the_axes_holds_its_lane() -> None:
    # At 45 degrees a piece of 3 m by 1.75 m is as long as wide: (1.5 + 0.875) / sqrt(2) each way.
    text = town(SIGNS).replace('hdg="0"', f'hdg="{math.pi / 4}"', 1)
    low, high = box_of(next(x for x in sign_posts(parse(text)) if x.signal_id == "a"))
    assert (high - low)[:2] == pytest.approx(np.full(2, 2 * (1.5 + WIDTH_M / 4) * math.sqrt(0.5)))


def test_posts_stand_on_the_ground_whatever_height_the_file_gives_them() -> None:
    # On a sidewalk, which is as high as a kerb; CARLA's own are 10 to 26 cm above the road.
    lanes = section(lane(-1) + lane(-2, kind="sidewalk"))
    for height in ("2", "-0.7"):
        stop = sign("a", "206", 60.0).replace('zOffset="2"', f'zOffset="{height}"')
        road_map = parse(town(road(lanes=lanes, more=signals(stop, light("b")))))
        for post in (*sign_posts(road_map), *light_posts(road_map)):
            assert 0.05 < post.pose[0][2] < 0.3


@pytest.mark.parametrize("orientation", ["+", "-"])
def test_signs_face_those_who_obey_them_whatever_their_orientation(orientation: str) -> None:
    """Files write either: CARLA's Town07 has 22 whose orientation is against their lanes."""
    stop = sign("a", "206", 60.0, 'name=""').replace(
        "/>", '><validity fromLane="-1" toLane="-1"/></signal>'
    )
    stop = stop.replace('orientation="+"', f'orientation="{orientation}"')
    (found,) = signs(parse(town(road(more=signals(stop)))))
    assert math.cos(found.facing) < -0.9  # traffic goes along x


@pytest.mark.parametrize("name", ["Speed_30", "speed_30", "Speed_STATIC_30", "Speed_30 b"])
def test_limits_are_the_objects_that_clients_make_landmarks_of(name: str) -> None:
    carla = pytest.importorskip("carla")
    text = town(road(more=thing(name)))
    (mark,) = carla.Map("signs", text).get_all_landmarks_of_type("274")
    (post,) = sign_posts(parse(text))
    assert (post.signal_id, post.type_id) == (mark.id, f"traffic.speed_limit.{mark.value:.0f}")


@pytest.mark.parametrize("name", ["Speed_-5", "Speed_0", "Speed_0.0e-400"])
def test_no_plate_shows_a_limit_that_is_none(name: str) -> None:
    road_map = parse(town(road(more=thing(name))))
    assert road_map.notes == ()
    assert list(signs(road_map)) == []
    assert sign_meshes(road_map) == []


def test_recorded_lights_of_carla_are_found_in_a_replay() -> None:
    log = read_log(real("recorder/DistanceBetweenVehicles_0.9.13.log"))
    actors = Registry(ActorIds(Clients()))
    nobody = ActorDescription(0, "traffic.traffic_light")
    for post in light_posts(parse(read_opendrive(real("opendrive/Town01.xodr.gz")))):
        place = Transform(*post.pose)
        actors.add(EpisodeActor(actors.new_id(nobody), "light", nobody, transform=place))
    target = EpisodeTarget(SimpleNamespace(actors=actors), None)  # type: ignore[arg-type]
    recorded = [x for x in log.actors.values() if x.blueprint == "traffic.traffic_light"]
    found = {target.traffic_light_at(x.location_cm) for x in recorded}
    assert found == {x.id for x in actors}
    x, y, z = recorded[0].location_cm
    assert target.traffic_light_at((x + 100.0, y, z)) is None


def test_lights_stand_at_their_landmarks() -> None:
    carla = pytest.importorskip("carla")
    text = town(road(more=signals(light("a").replace('hOffset="0"', 'hOffset="0.4"'))))
    (mark,) = carla.Map("lights", text).get_all_landmarks()
    (post,) = light_posts(parse(text))
    there = mark.transform.location
    assert post.pose[0][:2] == pytest.approx((there.x, there.y), abs=0.01)


@pytest.mark.parametrize(
    ("posts", "kind", "count"),
    [(light_posts, "traffic.traffic_light", 36), (sign_posts, "traffic.speed_limit.", 21)],
)
def test_posts_stand_and_look_as_those_of_a_recording_of_carla(
    posts: Callable[[OpenDriveMap], tuple[LightPost, ...] | tuple[SignPost, ...]],
    kind: str,
    count: int,
) -> None:
    """All of Town01, as CARLA 0.9.13 recorded them; it moves posts that stand on a lane."""
    log = read_log(real("recorder/DistanceBetweenVehicles_0.9.13.log"))
    recorded = [x for x in log.actors.values() if x.blueprint.startswith(kind)]
    made = posts(parse(read_opendrive(real("opendrive/Town01.xodr.gz"))))
    assert len(recorded) == len(made) == count
    places = np.array([post.pose[0][:2] for post in made])
    for there in recorded:
        x, y, _ = np.array(there.location_cm) / 100.0
        away_m = np.hypot(*(places - (x, y)).T)
        assert away_m.min() < 0.2
        post = made[int(away_m.argmin())]
        assert abs((post.pose[1][1] - there.rotation_deg[2] + 180.0) % 360.0 - 180.0) < 0.1
        assert isinstance(post, LightPost) or post.type_id == there.blueprint
