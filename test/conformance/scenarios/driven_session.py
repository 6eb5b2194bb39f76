"""Drive scenarios with the rehearsal's driver; print their verdicts and who was where."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import carla

from carla_nurec_bridge.carla_client.replay.rehearsal import rehearse
from carla_nurec_bridge.carla_client.session.episode_setup import EpisodeSetup
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.scenarios.episode import with_scenario
from carla_nurec_bridge.scenarios.files import load_driven
from carla_nurec_bridge.world.states import WorldState

_DT_S = 0.05
_HERO = "vehicle.lincoln.mkz_2020"


class _Watched:
    """A scenario whose frames are noted until it ends."""

    def __init__(self, live: Any) -> None:
        self._live = live
        self.ways: dict[str, list[list[float]]] = {}

    def update(self, snapshot: carla.WorldSnapshot, state: WorldState) -> None:
        self._live.update(snapshot, state)
        for one in state.actors:
            place = one.map_from_box[:2, 3].round(4).tolist()
            self.ways.setdefault(one.actor.role_name, []).append(place)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._live, name)


def _drive(session: Session, wanted: str, seconds: float, folder: Path) -> dict[str, Any]:
    scenario = load_driven(wanted)
    assert scenario is not None
    setup = with_scenario(EpisodeSetup(1, _HERO, "hero", 0, 200.0), scenario, _DT_S)
    watched: list[_Watched] = []

    def make(opened: Session) -> _Watched:
        assert setup.scenario is not None
        watched.append(_Watched(setup.scenario(opened)))
        return watched[-1]

    asked = EpisodeSetup(1, _HERO, "hero", 0, 200.0, scenario=make)
    frames = round(seconds / _DT_S)
    rehearse(session, asked, frames, _DT_S, folder / "drive.log", lambda *_: None)
    session.tick()  # only then are its actors gone
    (one,) = watched
    lanes = {}
    for name, way in one.ways.items():
        x, y = way[-1]
        here = session.map.get_waypoint(carla.Location(x, -y, 0.0))
        lanes[name] = [here.road_id, here.lane_id]
    return {"verdict": one.verdict().to_json(), "end": one.end, "ways": one.ways, "lanes": lanes}


def main(port: int, folder: Path) -> list[dict[str, Any]]:
    with Session("127.0.0.1", port, 30.0) as session:
        session.open(200.0)
        session.synchronise(round(_DT_S * 1e9))
        jobs = [("cut_in_close", 13.0), ("cut_in_close", 13.0), ("pedestrian_stops", 9.0)]
        jobs.append((str(folder / "town.xosc"), 7.0))
        found = [_drive(session, name, seconds, folder) for name, seconds in jobs]
        left = [a.type_id for a in session.world.get_actors()]
        found.append({"left": [a for a in left if a.startswith(("walker", "vehicle"))]})
        return found


print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]))), flush=True)
os._exit(0)
