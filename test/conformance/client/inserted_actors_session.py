"""Insert the shipped actors before a hero that drives on; print who was and was seen where."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import replace

import carla
import numpy as np

from carla_nurec_bridge.carla_client.actors.objects import ObjectTracker
from carla_nurec_bridge.carla_client.actors.observer import EgoTracker
from carla_nurec_bridge.carla_client.sensors.cameras import mount
from carla_nurec_bridge.carla_client.session.episode_setup import EpisodeSetup, PreparedEpisode
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.report.inserted_seen import seen_by
from carla_nurec_bridge.world.inserted_actors import InsertedActors, draw_inserted_actors
from carla_nurec_bridge.world.inserted_actors_file import load_inserted_actors

_DT_S = 0.05
_TICKS, _LOOKS_ON_M = 150, 2.0
_PICTURE_TICKS = 6
_GO, _STOP = carla.VehicleControl(throttle=0.6), carla.VehicleControl(brake=1.0)


def main(port: int) -> dict[str, object]:
    inserted = draw_inserted_actors(load_inserted_actors("ball_and_child"), 1)
    with Session("127.0.0.1", port, 30.0) as session:
        session.open(200.0)
        session.synchronise(round(_DT_S * 1e9))
        first = _play(session, inserted, looks=True)
        session.tick()  # only then are the first run's actors gone
        facts: dict[str, object] = {"runs": [first, _play(session, inserted, looks=False)]}
        session.tick()
        left = session.world.get_actors()
        facts["left"] = [a.type_id for a in left if a.type_id.startswith(("walker", "static"))]
    facts["gap_m"], facts["side"] = inserted.gap_m, inserted.side
    facts["asked"] = {e.name: [e.speed_mps, e.delay_s, list(e.size_m)] for e in inserted.actors}
    return facts


def _play(session: Session, inserted: InsertedActors, looks: bool) -> dict[str, object]:
    shipped = next(c for c in load_rig("demo").cameras if c.source == "carla")
    camera = replace(shipped, outputs=("instance",))
    setup = EpisodeSetup(1, "vehicle.lincoln.mkz_2020", "hero", 0, 120.0, inserted_actors=inserted)
    with PreparedEpisode(session, setup) as episode:
        episode.open()
        assert episode.route is not None
        ego, route = episode.ego, episode.route
        actor = ego.actor
        motion = EgoTracker(ego, _DT_S, from_poses=False)
        objects = ObjectTracker(session.world, actor.id, _DT_S, from_poses=False)
        found: dict[str, object] = {"ways": [], "hero": [], "seen": []}
        stops = False
        with ExitStack() as mounted:
            if looks:
                group = mounted.enter_context(
                    mount(session.client, ego, camera, _PICTURE_TICKS * _DT_S)
                )
            for tick in range(1, _TICKS + 1):
                actor.apply_control(_STOP if stops else _GO)
                episode.before_tick(tick * _DT_S)
                snapshot = session.tick()
                states = {s.actor.role_name: s for s in objects.update(snapshot)}
                here = motion.update(snapshot).map_from_base
                away = np.linalg.norm(route.points[:, :2] - here[:2, 3], axis=1)
                found["hero"].append(int(np.argmin(away)))
                ball = states["ball"].map_from_box[:2, 3]
                crossing = int(np.argmin(np.linalg.norm(route.points[:, :2] - ball, axis=1)))
                stops = stops or crossing - found["hero"][-1] < inserted.gap_m - _LOOKS_ON_M
                found["ways"].append({n: s.map_from_box[:3, 3].tolist() for n, s in states.items()})
                if looks and tick % _PICTURE_TICKS == 1:
                    picture = group.take(snapshot.frame, 60.0)["instance"]
                    if stops:
                        found["seen"].append(_seen(camera, here, states, picture))
        found["route"] = route.map_from_points[:, :3, :].tolist()
        found["labels"] = {n: s.actor.object_class for n, s in states.items()}
        found["sizes"] = {n: s.actor.size_m for n, s in states.items()}
        found["speed"] = float(np.linalg.norm(states["ball"].linear_map_mps))
    return found


def _seen(camera, map_from_rig, states, instance) -> dict[str, list[float]]:
    """Return for each actor: its pixels, those of them in its box, the box's area in pixels."""
    seen = {}
    for name, state in states.items():
        pixels = seen_by(camera, state.box, map_from_rig)
        if pixels is None:
            continue
        low, high = pixels.min(axis=0) - 1.0, pixels.max(axis=0) + 1.0
        rows, columns = np.nonzero(instance == state.actor.id)
        inside = (columns + 0.5 >= low[0]) & (columns + 0.5 <= high[0])
        inside &= (rows + 0.5 >= low[1]) & (rows + 0.5 <= high[1])
        area = float(np.prod(pixels.max(axis=0) - pixels.min(axis=0)))
        seen[name] = [len(rows), int(inside.sum()), area]
    return seen


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))), flush=True)
    os._exit(0)
