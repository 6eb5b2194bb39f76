"""Own a world's tick while another client changes the world; print what each session says."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import carla

from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.core.errors import BridgeError
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path

PORT = int(sys.argv[1])
TOWN = config_path("maps", "demo_town.xodr").read_text()
FEW_TICKS = 40
STRANGERS: list[carla.Client] = []
"""A client that is let go of can crash the library, whose threads may be at work for it: strangers
are programs of their own elsewhere."""


def stranger() -> carla.Client:
    client = carla.Client("127.0.0.1", PORT)
    client.set_timeout(120.0)
    STRANGERS.append(client)
    return client


def change(**values: object) -> Callable[[], None]:
    def act() -> None:
        world = stranger().get_world()
        settings = world.get_settings()
        for name, value in values.items():
            setattr(settings, name, value)
        world.apply_settings(settings)

    return act


def ticks_in_between() -> None:
    stranger().get_world().tick()


CASES: dict[str, Callable[[], object]] = {
    "step": change(fixed_delta_seconds=0.1),
    "no_step": change(fixed_delta_seconds=0.0),
    "asynchronous": change(synchronous_mode=False),
    "rendering": change(no_rendering_mode=True),
    "substeps": change(max_substeps=3),
    "ticks": ticks_in_between,
    "reload": lambda: stranger().reload_world(False),
    "generate": lambda: stranger().generate_opendrive_world(TOWN),
    "load": lambda: stranger().load_world(sorted(stranger().get_available_maps())[0]),
}


def outcome(act: Callable[[], object], *, standing: bool, traffic: bool = False) -> tuple[str, int]:
    """Return what is said, and after how many ticks whose state was told.

    With ``traffic`` a Traffic Manager steps after each.
    """
    ticks = 0
    try:
        with Session("127.0.0.1", PORT, 20.0) as session:
            session.open(200.0)
            session.synchronise(50_000_000)
            if traffic:
                session.traffic_managers.open(free_port())
            for _ in range(5):
                session.tick()
            act()
            if standing:
                session.look()
            while ticks < FEW_TICKS:
                session.begin_tick()
                ticks += 1
                session.end_tick()
                time.sleep(0.01)
    except BridgeError as error:
        return str(error), ticks
    return "", ticks


def reset() -> None:
    world = stranger().get_world()
    settings = world.get_settings()
    settings.synchronous_mode = settings.no_rendering_mode = False
    settings.fixed_delta_seconds, settings.max_substeps = 0.05, 10
    world.apply_settings(settings)


def destroy_cars() -> None:
    world, deadline = stranger().get_world(), time.monotonic() + 120.0
    while not (cars := world.get_actors().filter("vehicle.*")):  # a client that has just come
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for car in cars:
        car.destroy()


def outcome_of_a_call(act: Callable[[], object]) -> tuple[str, int]:
    """Return what is said where a call about an actor is what meets the change first."""
    try:
        with Session("127.0.0.1", PORT, 20.0) as session:
            session.open(200.0)
            session.synchronise(50_000_000)
            blueprint = session.world.get_blueprint_library().find("vehicle.audi.tt")
            car = session.world.spawn_actor(blueprint, session.map.get_spawn_points()[0])
            session.tick()
            act()
            car.get_physics_control()
    except BridgeError as error:
        return str(error), 0
    return "", 0


told = {}
for name, act in CASES.items():
    told[name] = outcome(act, standing=False)
    reset()
for name in ("step", "ticks", "generate"):
    told[f"{name}, standing"] = outcome(CASES[name], standing=True)
    reset()
for name in ("reload", "generate"):
    told[f"{name}, called"] = outcome_of_a_call(CASES[name])
    reset()
told["destroy, called"] = outcome_of_a_call(destroy_cars)
reset()
told["nobody"] = outcome(lambda: None, standing=True)
# No other map from here on: CARLA's library may crash at that in a process that ever had a Traffic
# Manager.
for name in ("step", "no_step", "asynchronous", "rendering", "substeps", "ticks"):
    told[f"{name}, traffic"] = outcome(CASES[name], standing=False, traffic=True)
    reset()
told["nobody, traffic"] = outcome(lambda: None, standing=True, traffic=True)
print(json.dumps(told), flush=True)
os._exit(0)
