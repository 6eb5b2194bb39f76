"""Set a stage in a server, look through its camera, drive, clear the stage; print the facts."""

from __future__ import annotations

import json
import os
import sys

import carla
import numpy as np
from steering import steered

from carla_nurec_bridge.carla_client.actors.objects import ObjectTracker
from carla_nurec_bridge.carla_client.actors.observer import EgoTracker
from carla_nurec_bridge.carla_client.sensors.cameras import mount_all
from carla_nurec_bridge.carla_client.session.episode_setup import EpisodeSetup, PreparedEpisode
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.core.errors import DeadlineError, ProtocolError
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.timebase import NS_PER_S

_DT_NS = 50_000_000
_DRIVE = carla.VehicleControl(throttle=0.7)


def main(port: int) -> dict[str, object]:
    facts: dict[str, object] = {}
    camera = next(c for c in load_rig("demo").cameras if c.source == "carla")
    with Session("127.0.0.1", port, 30.0) as session:
        session.open(200.0)
        session.synchronise(_DT_NS)
        facts["second_owner"] = _refused(port)
        facts["steered"] = steered(session, _DT_NS / NS_PER_S)
        with PreparedEpisode(
            session, EpisodeSetup(3, "vehicle.lincoln.mkz_2020", "hero", 6, 120.0)
        ) as stage:
            stage.open()
            ego = stage.ego
            facts["wheelbase_m"] = ego.info.wheelbase_m
            facts["size_m"] = ego.info.size_m
            facts["route_m"] = stage.route.length_m
            facts["stops"] = len(stage.lights.areas)
            facts["light_states"] = sorted({light.shows for light in stage.lights.shown()})
            [group] = mount_all(session.client, ego, [camera])
            motion = EgoTracker(ego, 0.05, from_poses=False)
            by_poses = EgoTracker(ego, 0.05, from_poses=True)
            objects = ObjectTracker(session.world, ego.actor.id, 0.05, from_poses=False)
            speeds, frames = [], []
            with group:
                for _ in range(30):
                    ego.actor.apply_control(_DRIVE)
                    snapshot = session.tick()
                    frames.append(snapshot.frame)
                    states = objects.update(snapshot)
                    speeds.append((motion.update(snapshot), by_poses.update(snapshot)))
                    pictures = group.take(snapshot.frame, 60.0)
                facts["late_picture"] = _late(group, snapshot.frame)
            facts["frames_are_consecutive"] = bool(np.all(np.diff(frames) == 1))
            reported, differenced = speeds[-1]
            facts["speed_mps"] = reported.speed_mps
            facts["speed_by_poses_mps"] = differenced.speed_mps
            facts["acceleration_mps2"] = float(reported.acceleration_base_mps2[0])
            ground = reported.map_from_base[2, 3] - stage.route.points[0, 2]
            facts["base_above_road_m"] = float(ground)
            facts["objects"] = [[s.actor.role_name, s.actor.object_class] for s in states]
            facts["pictures"] = {k: [list(v.shape), str(v.dtype)] for k, v in pictures.items()}
            road = pictures["semantic"][300:, 300:340]
            facts["road_ahead"] = bool(np.isin(road, (1, 24)).mean() > 0.5)
            facts["depth_of_road_m"] = float(np.median(pictures["depth"][330, 300:340]))
            ids = set(np.unique(pictures["instance"]).tolist()) - {0}
            known = {s.actor.id for s in states} | {ego.actor.id}
            facts["strange_instances"] = sorted(ids - known)
        session.tick()
        left = session.world.get_actors()
        facts["left"] = [a.type_id for a in left if a.type_id.startswith(("vehicle", "sensor"))]
    settings = carla.Client("127.0.0.1", port).get_world().get_settings()
    facts["synchronous_after"] = settings.synchronous_mode
    with Session("127.0.0.1", port, 30.0) as slow:
        slow.open(200.0)
        slow.synchronise(200_000_000)
        settings = slow.world.get_settings()
        facts["substeps"] = [settings.max_substeps, settings.max_substep_delta_time]
    return facts


def _refused(port: int) -> str:
    other = Session("127.0.0.1", port, 30.0)
    other.open(200.0)
    try:
        other.synchronise(_DT_NS)
    except ProtocolError as error:
        return str(error)
    return ""


def _late(group: object, frame: int) -> str:
    try:
        group.take(frame + 1, 0.2)
    except DeadlineError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))) + "\n")
    sys.stdout.flush()
    os._exit(0)
