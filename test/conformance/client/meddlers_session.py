"""Drive an ego while another client meddles with it; print what each drive ends with."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import carla

from carla_nurec_bridge.carla_client.actors.entities import Entities
from carla_nurec_bridge.carla_client.session.episode_setup import EpisodeSetup
from carla_nurec_bridge.carla_client.session.live_episode import FrameMaking, LiveEpisode
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.core.errors import BridgeError
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.world.command import STAND_STILL, Command

PORT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
RIG = replace(load_rig("demo"), cameras=(), lidars=(), sensors=())
HERO = "vehicle.lincoln.mkz_2020"
GO = Command("direct", throttle=0.6)
BEFORE, AFTER = 50, 25
"""Frames before the other client acts, when the ego is quick, and after that."""
TRAFFIC_MANAGER = 3000
"""Frames of 20 ms and more of wall time in which a Traffic Manager has begun to drive."""


STRANGERS: list[carla.Client] = []


def stranger() -> carla.Client:
    client = carla.Client("127.0.0.1", PORT)
    client.set_timeout(120.0)
    STRANGERS.append(client)
    return client


def done(act: Callable[[], object]) -> None:
    """Let another client act, and wait until the server has done what it asked."""
    act()
    for client in STRANGERS:
        client.get_server_version()
    STRANGERS.clear()


def vehicle(role: str = "hero") -> carla.Vehicle:
    """Return a vehicle, once the world's state has come to a client that is new in it."""
    world, deadline = stranger().get_world(), time.monotonic() + 60.0
    while time.monotonic() < deadline:
        for actor in world.get_actors().filter("vehicle.*"):
            if actor.attributes["role_name"] == role:
                return actor
        time.sleep(0.01)
    raise SystemExit(f"there is no {role}")


def moved(metres: float, role: str = "hero") -> None:
    """Put a vehicle somewhere ahead."""
    car = vehicle(role)
    pose = car.get_transform()
    pose.location += pose.get_forward_vector() * metres
    car.set_transform(pose)


def turned() -> None:
    car = vehicle()
    pose = car.get_transform()
    pose.rotation.yaw += 120.0
    car.set_transform(pose)


def pushed(metres_s: float) -> None:
    ahead = vehicle().get_transform().get_forward_vector()
    vehicle().set_target_velocity(ahead * (vehicle().get_velocity().length() + metres_s))


def impulse() -> None:
    car = vehicle()
    car.add_impulse(
        car.get_transform().get_forward_vector() * 12.0 * car.get_physics_control().mass
    )


def autopilot() -> None:
    manager = stranger().get_trafficmanager(PORT + 500)
    vehicle().set_autopilot(True, manager.get_port())


def recorded() -> None:
    """Record from now on; somebody who rolls comes in."""
    client = stranger()
    world = client.get_world()
    client.start_recorder(str(FOLDER / "meddler.log"), True)
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    blueprint.set_attribute("role_name", "guest")
    places = (world.try_spawn_actor(blueprint, p) for p in world.get_map().get_spawn_points())
    guest = next(actor for actor in places if actor is not None)
    guest.set_target_velocity(guest.get_transform().get_forward_vector() * 15.0)


def sent_away() -> None:
    stranger().stop_recorder()
    vehicle("guest").destroy()


def replayed(*, ignore_hero: bool) -> None:
    client = stranger()
    client.set_replayer_ignore_hero(ignore_hero)
    client.replay_file(str(FOLDER / "meddler.log"), 0.3, 0.0, 0)


def collides() -> None:
    """Put the traffic's car into the ego's way."""
    car, pose = vehicle("traffic_000"), vehicle().get_transform()
    pose.location += pose.get_forward_vector() * 8.0
    pose.rotation.yaw += 90.0
    car.set_transform(pose)


def drive(
    act: Callable[[], object] = lambda: None,
    how: Command = GO,
    *,
    early: Mapping[int, Callable[[], object]] = MappingProxyType({}),
    vehicles: int = 0,
    own: bool = False,
) -> tuple[str, int, int, list[str]]:
    """Return what is said, after how many frames, how much is unexplained, and the warnings.

    * act: what another client does after some time; ``early``, by frame, before that.
    * own: whether the run itself places the ego then.
    """
    frames, said, counted, warnings = 0, "", 0, []
    try:
        with Session("127.0.0.1", PORT, 20.0) as session:
            session.open(200.0)
            session.synchronise(50_000_000)
            making = FrameMaking(0.05, 1, paced_cameras=False, from_poses=False)
            setup = EpisodeSetup(5, HERO, "hero", vehicles, 60.0)
            episode = LiveEpisode(session, setup, RIG, making)
            try:
                assert episode.watch is not None
                after = TRAFFIC_MANAGER if act is autopilot else AFTER
                for frame in range(1, BEFORE + after + 1):
                    if frame in early:
                        done(early[frame])
                    if frame == BEFORE:
                        done(act)
                        if own:
                            place(episode.entities)
                    frames += frame >= BEFORE
                    episode.drive(how)
                    snapshot = episode.advance(frame)
                    episode.observer.update(snapshot, frame)
                    episode.settle()
                    warnings += episode.watch.take_warnings()
                    if act is autopilot:
                        time.sleep(0.02)
            finally:
                counted = episode.watch.unexplained if episode.watch is not None else 0
                episode.close()
    except BridgeError as error:
        said = str(error)
    tidy()
    return said, frames, counted, warnings


def tidy() -> None:
    """Send away who a replay brought in."""
    client = stranger()
    client.stop_replayer(False)
    client.set_replayer_ignore_hero(False)
    world = client.get_world()
    world.wait_for_tick(60.0)
    left = [carla.command.DestroyActor(car.id) for car in world.get_actors().filter("vehicle.*")]
    client.apply_batch_sync(left, False)


def place(entities: Entities) -> None:
    [hero] = [entity for entity in entities.all() if entity.kind == "ego"]
    pose = entities.motion(hero).map_from_entity.copy()
    pose[:3, 3] += 20.0 * pose[:3, 0]
    entities.place(hero, pose, None)


RECORDED = {5: recorded}
told = {
    "nobody": drive(),
    "its own": drive(own=True),
    "stands": drive(how=STAND_STILL),
    "hand brake": drive(how=replace(GO, hand_brake=True)),
    "collides": drive(collides, vehicles=1),
    "moved": drive(lambda: moved(25.0)),
    "moved a little": drive(lambda: moved(2.0)),
    "turned": drive(turned),
    "pushed": drive(lambda: pushed(12.0)),
    "impulse": drive(impulse),
    "physics": drive(lambda: vehicle().set_simulate_physics(False)),
    "physics, standing": drive(early={5: lambda: vehicle().set_simulate_physics(False)}),
    "control": drive(lambda: vehicle().apply_control(carla.VehicleControl(brake=0.3))),
    "autopilot": drive(autopilot),
    "replay": drive(lambda: replayed(ignore_hero=False), early=RECORDED),
    "replay, others come": drive(
        lambda: replayed(ignore_hero=True), early={**RECORDED, BEFORE - 3: sent_away}
    ),
    "replay, others led": drive(lambda: replayed(ignore_hero=True), early=RECORDED),
}
print(json.dumps(told), flush=True)
os._exit(0)
