"""The incident scripts: each drives its cast, one step between two ticks.

A script is a generator: before every ``yield`` it has told everybody what to do in the next tick.
Roles are ``hero`` (who is watched) and ``incident`` (who causes it).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator

import numpy as np

from ..carla_client.driving.paths import MapPath, heading_at, left_of, shifted
from ..carla_client.driving.roads import Stretch
from .driver import Driver
from .scene import HERO, ScriptScene
from .spec import Draw, ScenarioSpec

INCIDENT = "incident"
Steps = Generator[None, None, None]
Script = Callable[[ScriptScene, ScenarioSpec, Draw], Steps]

_START_M = 12.0
_RUN_OUT_M = 20.0
_STANDS_MPS = 0.1
_TOUCH_M = 0.3
_BESIDE_M = 1.3
_PULLS_OUT_OVER_M = 24.0
_SQUEEZES_IN_OVER_M = 20.0


def rear_end(scene: ScriptScene, spec: ScenarioSpec, drawn: Draw) -> Steps:
    """Let the car in front stop dead before a hero that does not look and runs into it."""
    road = _road(scene, spec, drawn.ego_speed_mps)
    hero = scene.vehicle(HERO, road.path, _START_M, drawn.ego_speed_mps)
    start_m = _START_M + drawn.gap_m
    ahead = scene.vehicle(INCIDENT, road.path, start_m, drawn.ego_speed_mps)
    yield from _begin(scene, spec, road)
    while scene.time_s < drawn.begin_s:
        hero.follow(drawn.ego_speed_mps)
        ahead.follow(drawn.ego_speed_mps)
        yield
    while True:
        ahead.brake(1.0)
        if _touching(hero, ahead) or hero.speed_mps < _STANDS_MPS:
            break
        hero.follow(drawn.ego_speed_mps)
        yield
    while True:
        hero.brake(1.0)
        ahead.brake(1.0)
        yield


def head_on(scene: ScriptScene, spec: ScenarioSpec, drawn: Draw) -> Steps:
    """Let an oncoming car drift into the hero's lane; nobody brakes before they meet."""
    road = _road(scene, spec, drawn.ego_speed_mps)
    hero = scene.vehicle(HERO, road.path, _START_M, drawn.ego_speed_mps)
    towards = road.path[::-1]
    reach_m = (drawn.ego_speed_mps + drawn.other_speed_mps) * drawn.begin_s + drawn.gap_m
    at_m = max(len(towards) - 1 - _START_M - reach_m, 2.0)
    own_lane = towards - road.left_m * left_of(towards)
    other = scene.vehicle(INCIDENT, own_lane, at_m, drawn.other_speed_mps)
    yield from _begin(scene, spec, road)
    while _apart(hero, other) > drawn.gap_m:
        hero.follow(drawn.ego_speed_mps)
        other.follow(drawn.other_speed_mps)
        yield
    drift = shifted(own_lane, other.along_m, 0.5 * drawn.gap_m, road.left_m)
    other.change_path(drift)
    while not _touching(hero, other):
        hero.follow(drawn.ego_speed_mps)
        other.follow(drawn.other_speed_mps)
        yield
    while True:
        hero.brake(1.0)
        other.brake(1.0)
        yield


def wrong_way(scene: ScriptScene, spec: ScenarioSpec, drawn: Draw) -> Steps:
    """Send a car against the hero in the hero's own lane, which it leaves at the last moment."""
    road = _road(scene, spec, drawn.ego_speed_mps)
    hero = scene.vehicle(HERO, road.path, _START_M, drawn.ego_speed_mps)
    towards = road.path[::-1]
    other = scene.vehicle(INCIDENT, towards, 4.0, drawn.other_speed_mps)
    yield from _begin(scene, spec, road)
    while _apart(hero, other) > drawn.gap_m:
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        other.follow(drawn.other_speed_mps)
        yield
    other.change_path(shifted(towards, other.along_m, 0.5 * drawn.gap_m, -road.left_m))
    while True:
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        other.follow(drawn.other_speed_mps)
        yield


def hard_brake(scene: ScriptScene, spec: ScenarioSpec, drawn: Draw) -> Steps:
    """Let the car in front brake as hard as it can, the hero behind it, and both drive on."""
    road = _road(scene, spec, drawn.ego_speed_mps)
    hero = scene.vehicle(HERO, road.path, _START_M, drawn.ego_speed_mps)
    start_m = _START_M + drawn.gap_m
    ahead = scene.vehicle(INCIDENT, road.path, start_m, drawn.ego_speed_mps)
    yield from _begin(scene, spec, road)
    while scene.time_s < drawn.begin_s:
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        ahead.follow(drawn.ego_speed_mps)
        yield
    stood_s = 0.0
    while stood_s < 2.0:
        ahead.brake(1.0)
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        stood_s += scene.dt_s if ahead.speed_mps < _STANDS_MPS else 0.0
        yield
    while True:
        ahead.follow(drawn.ego_speed_mps, scene.around(ahead))
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        yield


def cut_in(scene: ScriptScene, spec: ScenarioSpec, drawn: Draw) -> Steps:
    """Let a faster car come from behind, pass the hero and squeeze in right before it."""
    road = _road(scene, spec, drawn.other_speed_mps, prefer_same_direction=True)
    hero = scene.vehicle(HERO, road.path, _START_M + 24.0, drawn.ego_speed_mps)
    other = scene.vehicle(INCIDENT, road.path, 4.0, drawn.ego_speed_mps)
    yield from _begin(scene, spec, road)
    while scene.time_s < drawn.begin_s:
        hero.follow(drawn.ego_speed_mps)
        other.follow(drawn.ego_speed_mps)
        yield
    other.change_path(shifted(road.path, other.along_m, _PULLS_OUT_OVER_M, road.left_m))
    while _ahead(other, hero, road.path) < drawn.gap_m + 0.5 * (hero.length_m + other.length_m):
        hero.follow(drawn.ego_speed_mps)
        other.follow(drawn.other_speed_mps)
        yield
    here_m = other.along_m
    beside = road.path + road.left_m * left_of(road.path)
    other.change_path(shifted(beside, here_m, _SQUEEZES_IN_OVER_M, -road.left_m))
    while True:
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        inside = other.along_m > here_m + _SQUEEZES_IN_OVER_M
        other.follow(0.8 * drawn.ego_speed_mps if inside else drawn.other_speed_mps)
        yield


def jaywalking(scene: ScriptScene, spec: ScenarioSpec, drawn: Draw) -> Steps:
    """Send a walker across the road before the hero, away from any crossing."""
    road = _road(scene, spec, drawn.ego_speed_mps)
    hero = scene.vehicle(HERO, road.path, _START_M, drawn.ego_speed_mps)
    index = min(
        round(_START_M + drawn.ego_speed_mps * drawn.begin_s + drawn.gap_m), len(road.path) - 20
    )
    left = left_of(road.path)[index]
    kerb_m = road.right_edge_m + _BESIDE_M
    heading = heading_at(road.path, index) + 0.5 * math.pi
    walker = scene.pedestrian(INCIDENT, road.path[index] - kerb_m * left, heading)
    yield from _begin(scene, spec, road)
    while index - hero.along_m > drawn.gap_m:
        hero.follow(drawn.ego_speed_mps)
        walker.stand()
        yield
    across_m = kerb_m + road.left_edge_m + _BESIDE_M
    pace_mps = min(drawn.other_speed_mps, 3.0)
    for _ in range(round(across_m / (pace_mps * scene.dt_s))):
        walker.walk(heading, pace_mps)
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        yield
    while True:
        walker.stand()
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        yield


def stopped_car(scene: ScriptScene, spec: ScenarioSpec, drawn: Draw) -> Steps:
    """Block the lane with a car with hazard lights; the hero waits, then drives around it."""
    road = _road(scene, spec, drawn.ego_speed_mps)
    hero = scene.vehicle(HERO, road.path, _START_M, drawn.ego_speed_mps)
    at_m = min(_START_M + drawn.ego_speed_mps * drawn.begin_s + drawn.gap_m, len(road.path) - 50.0)
    other = scene.vehicle(INCIDENT, road.path, at_m, 0.0)
    other.show_hazard_lights()
    yield from _begin(scene, spec, road)
    waited_s = 0.0
    while waited_s < 2.0 or not _free(scene, hero, road):
        other.brake(1.0)
        hero.follow(drawn.ego_speed_mps, scene.around(hero))
        waited_s += scene.dt_s if hero.speed_mps < _STANDS_MPS else 0.0
        yield
    here_m = hero.along_m
    around = shifted(road.path, here_m, 9.0, road.left_m, at_m + 3.0)
    hero.change_path(around)
    while True:
        other.brake(1.0)
        hero.follow(0.6 * drawn.ego_speed_mps)
        yield


SCRIPTS: dict[str, Script] = {
    "rear_end": rear_end,
    "head_on": head_on,
    "wrong_way": wrong_way,
    "hard_brake": hard_brake,
    "cut_in": cut_in,
    "jaywalking": jaywalking,
    "stopped_car": stopped_car,
}


def _road(
    scene: ScriptScene,
    spec: ScenarioSpec,
    fastest_mps: float,
    *,
    prefer_same_direction: bool = False,
) -> Stretch:
    length_m = fastest_mps * spec.duration_s + _START_M + _RUN_OUT_M
    return scene.stretch(length_m, prefer_same_direction=prefer_same_direction)


def _begin(scene: ScriptScene, spec: ScenarioSpec, road: Stretch) -> Steps:
    """Bring the traffic and tick once, so that everybody has a state to act on."""
    scene.traffic(spec.vehicles, road.path)
    yield


def _apart(one: Driver, other: Driver) -> float:
    return float(np.linalg.norm(one.centre[:2] - other.centre[:2]))


def _touching(one: Driver, other: Driver) -> bool:
    """Say whether two vehicles are bumper to bumper, as their drivers would feel it."""
    return _apart(one, other) < 0.5 * (one.length_m + other.length_m) + _TOUCH_M


def _ahead(one: Driver, other: Driver, path: MapPath) -> float:
    """Return how far one vehicle is before another along a path, axle to axle."""

    def along(driver: Driver) -> int:
        away = np.linalg.norm(path[:, :2] - driver.motion.map_from_base[:2, 3], axis=1)
        return int(np.argmin(away))

    return float(along(one) - along(other))


def _free(scene: ScriptScene, hero: Driver, road: Stretch) -> bool:
    """Say whether nobody is on the lane to the left for 60 m ahead."""
    here = int(hero.along_m)
    lane = (road.path + road.left_m * left_of(road.path))[here : here + 60, :2]
    return all(
        np.linalg.norm(lane - o.map_from_box[:2, 3], axis=1).min() > 0.45 * road.lane_width_m
        for o in scene.around(hero)
    )
