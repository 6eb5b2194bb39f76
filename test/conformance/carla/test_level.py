"""The street under the real client: objects, layers, lamps, rays, debug shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.town.street import cached_street

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
WIDTH, HEIGHT, AHEAD_M, POINT_M = 200, 100, 10.0, 0.5


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("level")


def test_environment_objects_are_those_of_the_street(facts: Facts) -> None:
    street = cached_street(config_path("maps", "demo_town.xodr").read_text(encoding="utf-8"))
    objects = facts["objects"]
    assert objects["any"] == int(street.mesh.objects.max())
    assert objects["names"] == objects["any"] + len(street.lights)
    for number, name, kind, centre, extent, yaw, place in objects["buildings"]:
        corners = street.mesh.vertices[street.mesh.triangles[street.mesh.objects == number]]
        low, high = corners.reshape(-1, 3).min(axis=0), corners.reshape(-1, 3).max(axis=0)
        assert (name, kind) == (f"Buildings_{number}", "Buildings")
        middle = 0.5 * (low + high) * (1, -1, 1)
        assert centre == pytest.approx(middle.tolist(), abs=0.02)
        assert place == pytest.approx([*centre, 0.0, yaw, 0.0], abs=1e-4)
        along_x = abs(yaw) % 180.0 == 0.0
        sides = extent[:2] if along_x else extent[1::-1]
        assert [*sides, extent[2]] == pytest.approx((0.5 * (high - low)).tolist(), abs=0.02)


def test_every_speed_limit_is_an_actor_that_its_landmark_finds(facts: Facts) -> None:
    signs = {mark: rest for mark, *rest in facts["signs"]}
    assert len(signs) == 8
    for name, type_id, half_m in signs.values():
        assert type_id == f"traffic.speed_limit.{name.removeprefix('Speed_')}"
        assert half_m > 1.0


def test_level_boxes_are_sorted_by_tag(facts: Facts) -> None:
    buildings, lights, water = facts["objects"]["boxes"]
    assert buildings > 50
    assert lights >= 4
    assert water == 0


def test_hidden_objects_are_not_hit_and_come_back(facts: Facts) -> None:
    top = sum(facts["house"])
    shown, hidden, again = facts["roof"]
    assert shown == ["Buildings", pytest.approx(top, abs=0.01)]
    assert hidden[0] != "Buildings"
    assert hidden[1] < 1.0
    assert again == shown
    assert facts["boxes_left"] == facts["objects"]["boxes"][0]


def test_layers_hide_and_show_what_they_hold(facts: Facts) -> None:
    left, below = facts["unloaded"]
    assert left == 0
    assert below != "Buildings"
    assert facts["loaded"] == facts["objects"]["boxes"][0]


def test_rays_meet_every_surface_in_order(facts: Facts) -> None:
    labels = [label for label, _ in facts["through"]]
    heights = [height for _, height in facts["through"]]
    assert labels[0] == "Buildings"
    assert labels[-1] == "Terrain"
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == pytest.approx(sum(facts["house"]), abs=0.01)
    assert facts["miss"]


def test_street_lamps_can_be_switched_coloured_and_dimmed(facts: Facts) -> None:
    count, of_vehicles, height, on = facts["lamps"]
    assert count > 20
    assert (of_vehicles, on) == (0, 0)
    assert 5.0 < height < 9.0
    assert facts["switched"] == [count, 100.0, [10, 20, 30]]


def test_lamps_follow_the_sun(facts: Facts) -> None:
    assert facts["sun"] == [0, facts["lamps"][0]]


@pytest.mark.parametrize(
    "name",
    [
        "point",
        "line",
        "arrow",
        "box",
        "string",
        "string with a shadow",
        "point on display",
        "line on display",
        "arrow on display",
        "box on display",
    ],
)
def test_debug_shapes_are_seen_while_they_live(facts: Facts, name: str) -> None:
    first, second, third, fourth = facts["shapes"][name]
    assert first > 20
    assert second == first, "0.1 s are two ticks"
    assert (third, fourth) == (0, 0)


def test_debug_texts_begin_at_their_place_and_can_be_cleared(facts: Facts) -> None:
    (count, left, top), (left_over, _, _) = facts["words"]
    assert count > 20
    assert WIDTH / 2 - 1 <= left <= WIDTH / 2 + 3
    assert HEIGHT / 2 - 1 <= top <= HEIGHT / 2 + 4
    assert left_over == 0


def test_debug_shapes_hide_behind_the_world_and_from_other_cameras(facts: Facts) -> None:
    assert facts["hidden_shape"] == 0, "it lies below the road"
    assert facts["depth_kept"]


def test_debug_point_is_drawn_where_it_is(facts: Facts) -> None:
    half = 0.5 * WIDTH * 0.5 * POINT_M / (AHEAD_M - 0.5 * POINT_M)
    left, right, top, bottom = facts["point"]
    assert [left, right + 1] == pytest.approx([WIDTH / 2 - half, WIDTH / 2 + half], abs=1.0)
    assert [top, bottom + 1] == pytest.approx([HEIGHT / 2 - half, HEIGHT / 2 + half], abs=1.0)


def test_textures_fail_in_words(facts: Facts) -> None:
    assert "not supported by this server" in facts["texture"]
    assert "Unreal" in facts["texture"]


def test_gravity_of_imus_can_be_changed(facts: Facts) -> None:
    assert facts["gravity"] == pytest.approx([9.81, 3.7], abs=1e-5)
    assert facts["felt"] == pytest.approx([0.0, 0.0, 3.7], abs=1e-4)
