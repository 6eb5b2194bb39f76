"""Hear another car that carries a radio and drives on at 5 m/s; print the events."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace

import carla

from carla_nurec_bridge.carla_client.sensors.rig import RigSensors
from carla_nurec_bridge.carla_client.session.episode_setup import EpisodeSetup, PreparedEpisode
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.rig.sensors.v2x import CarlaV2x

DT_NS, FRAMES = 50_000_000, 60
RADIO = CarlaV2x(name="radio", type="v2x", fading=False)


def main(port: int) -> dict[str, object]:
    rig = replace(load_rig("demo"), cameras=(), lidars=(), sensors=(RADIO,))
    with Session("127.0.0.1", port, 30.0) as session:
        session.open(200.0)
        session.synchronise(DT_NS)
        with PreparedEpisode(
            session, EpisodeSetup(3, "vehicle.lincoln.mkz_2020", "hero", 0, 120.0)
        ) as stage:
            stage.open()
            world = session.world
            library = world.get_blueprint_library()
            place = world.get_map().get_spawn_points()[5]
            other = world.spawn_actor(library.find("vehicle.tesla.model3"), place)
            antenna = world.spawn_actor(
                library.find(RADIO.blueprint), carla.Transform(), attach_to=other
            )
            other.enable_constant_velocity(carla.Vector3D(5.0, 0.0, 0.0))
            with RigSensors(session.client, stage.ego, rig, DT_NS, 1, paced=True) as sensors:
                events = []
                for _ in range(FRAMES):
                    session.tick()
                    events += sensors.events()
                events += sensors.events()
            told = {"events": [asdict(event) for event in events], "other": other.id}
            antenna.destroy()
            other.destroy()
    return told


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
    sys.stdout.flush()
    os._exit(0)
