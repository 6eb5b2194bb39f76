"""Signs are the actors that CARLA makes of them, with its trigger volumes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from odd_maps import road, signals, town
from realdata import real

from carla_nurec_bridge.opendrive import parse, read_opendrive
from carla_nurec_bridge.opendrive.model import OpenDriveMap
from carla_nurec_bridge.recorder_log.reader import read_log
from carla_nurec_bridge.servers.carla.wire.structs import BoundingBox, Transform
from carla_nurec_bridge.servers.carla.world.signals import sign_box
from carla_nurec_bridge.town.signal_posts import LightPost, SignPost, light_posts, sign_posts

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


def box_of(post: SignPost) -> BoundingBox:
    return sign_box(Transform(*post.pose), post.trigger)


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
    # 3 m long, half as wide as the lane.
    trigger = posts["a"].trigger
    assert trigger is not None
    assert (trigger.x, trigger.y) == pytest.approx((60.0 - 1.5 - 1.5, WIDTH_M / 2))
    assert (trigger.half_length_m, trigger.half_width_m) == pytest.approx((1.5, WIDTH_M / 4))


def test_a_limits_box_ends_at_it(posts: dict[str, SignPost]) -> None:
    half_m = 0.7 * WIDTH_M / 2
    for name, s in (("c", 50.0), ("Speed_30-40.0", 40.0)):
        trigger = posts[name].trigger
        assert trigger is not None
        assert (trigger.x, trigger.y) == pytest.approx((s - half_m, WIDTH_M / 2))
        assert (trigger.half_length_m, trigger.half_width_m) == pytest.approx((half_m, half_m))


def test_boxes_are_told_in_the_signs_own_frame(posts: dict[str, SignPost]) -> None:
    post = posts["a"]
    (x, y, _), (_, yaw, _) = post.pose
    box = box_of(post)
    cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    at = (
        x + cos * box.location[0] - sin * box.location[1],
        y + sin * box.location[0] + cos * box.location[1],
    )
    assert at == pytest.approx((57.0, WIDTH_M / 2))
    assert math.remainder(yaw + box.rotation[1], 360.0) == pytest.approx(0.0, abs=1e-6)
    assert box_of(SignPost("x", "traffic.stop", post.pose, None)) == BoundingBox()


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
        assert away_m.min() < 0.35
        post = made[int(away_m.argmin())]
        assert abs((post.pose[1][1] - there.rotation_deg[2] + 180.0) % 360.0 - 180.0) < 0.1
        assert isinstance(post, LightPost) or post.type_id == there.blueprint
