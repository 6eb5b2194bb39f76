"""The world as the real client sees it: maps, blueprints, settings, weather, time, queries."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
EVENT_SENSORS = ("sensor.other.collision", "sensor.other.lane_invasion", "sensor.other.rss")


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("basics")


def test_version_is_that_of_the_client(facts: Facts) -> None:
    assert facts["version"] == "0.9.16"


def test_map_is_the_served_file(facts: Facts) -> None:
    assert facts["map"] == "Carla/Maps/demo_town"
    assert facts["xodr"] == config_path("maps", "demo_town.xodr").read_text(encoding="utf-8")
    assert "/Game/Carla/Maps/demo_town" in facts["maps"]
    assert facts["topology"] > 20


def test_spawn_points_lie_above_lane_centres(facts: Facts) -> None:
    assert len(facts["spawns"]) > 20
    assert max(facts["lane_offsets"]) == pytest.approx(0.5, abs=0.06)


def test_library_holds_the_whole_catalogue(facts: Facts) -> None:
    assert set(load_catalogue()) <= set(facts["library"])


def test_sensors_have_their_full_attribute_lists(facts: Facts) -> None:
    table = json.loads(config_path("carla", "sensors.json").read_text(encoding="utf-8"))
    for name, attributes in table["sensors"].items():
        served = facts["library"][name]
        tick = set() if name in EVENT_SENSORS else {"sensor_tick"}
        common = {"role_name", "ros_name"}
        assert {*common, *tick, *(row[0] for row in attributes)} == set(served)
    rgb = facts["library"]["sensor.camera.rgb"]
    assert rgb["fov"] == ["Float", True]
    assert rgb["image_size_x"] == ["Int", True]
    assert rgb["enable_postprocess_effects"] == ["Bool", True]


def test_every_blueprint_has_the_names_that_carla_gives_to_all(facts: Facts) -> None:
    for name, served in facts["library"].items():
        assert {"role_name": ["String", True], "ros_name": ["String", True]}.items() <= (
            served.items()
        ), name


def test_library_holds_what_is_no_vehicle_walker_prop_or_sensor(facts: Facts) -> None:
    trigger = facts["library"]["static.trigger.friction"]
    for name in ("friction", "extent_x", "extent_y", "extent_z"):
        assert trigger[name] == ["Float", True]
    assert {"util.actor.empty", "static.prop.mesh", "controller.ai.walker"} <= set(facts["library"])


def test_vehicles_have_fixed_and_free_attributes(facts: Facts) -> None:
    tesla = facts["library"]["vehicle.tesla.model3"]
    assert tesla["number_of_wheels"] == ["Int", False]
    assert tesla["color"] == ["RGBColor", True]
    assert tesla["sticky_control"] == ["Bool", True]
    assert len(facts["color"]) >= 3
    assert set(facts["tags"]) == {"vehicle", "audi", "tt"}


def test_weather_keeps_every_number(facts: Facts) -> None:
    assert facts["weather"] == [float(number) for number in range(1, 15)]


def test_settings_come_back(facts: Facts) -> None:
    assert facts["settings"] == [True, True, 0.05, 7, 0.007, 123.0]


def test_tick_returns_the_frame_of_the_next_snapshot(facts: Facts) -> None:
    frame, seen, following, delta_s = facts["tick"]
    assert seen == frame
    assert following == frame + 1
    assert delta_s == pytest.approx(0.05, abs=1e-7)
    assert facts["ten_ticks_s"] == pytest.approx(0.5, abs=1e-9)


def test_spectator_moves(facts: Facts) -> None:
    assert facts["spectator"] == pytest.approx([1, 2, 3, 4, 5, 6])
    limits = [f"traffic.speed_limit.{number}" for number in (30, 50)]
    assert facts["actors"] == ["spectator", *limits, "traffic.traffic_light"]
    assert facts["missing_actor"]


def test_rays_find_the_road(facts: Facts) -> None:
    (x, y, z), label = facts["ground"]
    assert [x, y] == pytest.approx(facts["spawn"][:2], abs=1e-3)
    assert z == pytest.approx(facts["spawn"][2] - 0.5, abs=0.03)
    assert label in ("Roads", "RoadLines")
    assert facts["ray"][0][1] in ("Roads", "RoadLines")
    assert facts["ray"][0][0][2] == pytest.approx(z, abs=0.01)
    assert facts["buildings"] > 10


def test_world_runs_by_itself_without_synchronous_mode(facts: Facts) -> None:
    frames, simulated_s, wall_s = facts["free_running"]
    assert frames >= 9
    assert simulated_s == pytest.approx(0.05 * frames, abs=1e-6)
    assert wall_s > 0.5 * simulated_s, "a busy machine may be slower, none is faster"
