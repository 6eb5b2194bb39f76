"""Frames of a CARLA that runs: by cameras on a vehicle of it and cameras in its map."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ....carla_client.actors.ego import Ego, find_by_role, measure
from ....carla_client.actors.level_objects import level_objects
from ....carla_client.actors.objects import ObjectTracker
from ....carla_client.actors.signal_heads import light_states
from ....carla_client.session.session import Session, Snapshot
from ....carla_client.session.transforms import matrix_of
from ....carla_client.session.weather import weather_json
from ....core.errors import InputError, RunError
from ....core.frames import Matrix, invert
from ....core.run_contract.timebase import NS_PER_S
from ....core.timings import Timings
from ....cosmos.mounted_camera import MountedCamera
from ....cosmos.played_recording import Carrier
from ....cosmos.sensor_files.sensor_rig import SensorRig, in_world, on_vehicle
from ....labels.actor_ids import LabelledActor, labelled_actors
from ....labels.live import LabelledMoment
from ....scenarios.live_traffic import LiveTraffic
from ....world.level_objects import LevelObject
from ..source import SourceCamera, SourceFacts, SourceFrame
from .live_ticks import LiveTicks
from .mounting import mounted_cameras, seen_by, sensors_to_json

_MOST_MISSED = 100
"""Frames in a row that a slow machine may miss of another client's ticks."""


@dataclass(frozen=True)
class LiveWish:
    """What of a live world is recorded, and who is added to it.

    ``carrier`` is a live id or a role. ``vehicles`` and ``walkers`` are spawned by ``seed``; the
    world runs for ``settle_s`` before the first frame.
    """

    sensors: Sequence[SensorRig]
    carrier: Carrier
    frames: int
    fps: float
    settle_s: float = 0.0
    vehicles: int = 0
    walkers: int = 0
    seed: int = 1
    warmup: int = 5

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        plain = {k: v for k, v in vars(self).items() if k not in ("sensors", "carrier")}
        sensors = sensors_to_json(self.sensors)
        return {**plain, "sensors": sensors, "carrier": asdict(self.carrier)}


class LiveSource:
    """The frames of a world with cameras in it; ``notes`` are sentences for the user."""

    def __init__(
        self,
        session: Session,
        ticks: LiveTicks,
        traffic: LiveTraffic,
        ego: Ego | None,
        mounted: Sequence[MountedCamera],
        wish: LiveWish,
        engine: str,
        timings: Timings,
        level: Sequence[LevelObject],
        notes: tuple[str, ...],
    ) -> None:
        self.level = level
        self._session, self._ticks, self._traffic = session, ticks, traffic
        self._ego, self._mounted, self._wish = ego, mounted, wish
        self._engine, self._timings = engine, timings
        self.cameras: Sequence[SourceCamera] = [
            SourceCamera(m.camera, m.carrier is not None) for m in mounted
        ]
        self.ego_id = None if ego is None else ego.actor.id
        self.frames, self.dt_ns, self.notes = wish.frames, ticks.dt_ns, notes
        self._weather: dict[str, Any] = {}
        self._missed = 0

    def play(self) -> Iterator[SourceFrame]:
        """Yield all frames; RunError when CARLA leaves an image of our own ticks out."""
        world = self._session.world
        tracker = ObjectTracker(world, -1, self.dt_ns / NS_PER_S, from_poses=True)
        self._weather = json.loads(weather_json(world))
        frames = self._ticks.frames(self._traffic.step)
        known: tuple[LabelledActor, ...] = ()
        number = failed = 0
        before_ns: int | None = None
        while number < self.frames:
            with self._timings.stage("tick"):
                stamp_ns, snapshot = next(frames)
            with self._timings.stage("objects and lights"):
                states = tuple(tracker.update(snapshot))
                lights = light_states(world)
                known = labelled_actors({}, states, known, None)  # no two share their pixels' id
            map_from_rig = self._map_from_rig(number, snapshot)
            moment = LabelledMoment(number, snapshot.frame, stamp_ns, map_from_rig, states, lights)
            try:
                views = tuple(seen_by(m, moment, self._timings) for m in self._mounted)
            except RunError:
                failed += 1  # another client's ticks do not wait for us
                if self._ticks.owned or failed > _MOST_MISSED:
                    raise
                continue
            failed = 0
            if before_ns is not None:
                self._missed += round((stamp_ns - before_ns) / self.dt_ns) - 1
            before_ns = stamp_ns
            yield SourceFrame(number, stamp_ns, snapshot.frame, states, lights, {}, views)
            number += 1

    def _map_from_rig(self, number: int, snapshot: Snapshot) -> Matrix:
        if self._ego is None:
            return np.eye(4)
        state = snapshot.find(self._ego.actor.id)
        if state is None:
            raise RunError(
                f"frame {number}: the cameras' vehicle (actor {self._ego.actor.id}) has gone"
            )
        return matrix_of(state.get_transform()) @ invert(self._ego.base_from_actor)

    def facts(self) -> SourceFacts:
        """Return what holds for the run; the weather is that of its begin."""
        session, wish = self._session, self._wish
        changed = json.loads(weather_json(session.world)) != self._weather
        origin = {
            "engine": self._engine,
            "live": {
                "ticked_by": "this run" if self._ticks.owned else "another client",
                "frames_missed": self._missed,
                "spawned_vehicles": wish.vehicles,
                "spawned_walkers": self._traffic.walkers,
                "seed": wish.seed,
                "weather_changed": changed,
            },
        }
        digest = hashlib.sha256(session.map.to_opendrive().encode()).hexdigest()
        opendrive = session.opendrive
        own_stamps = not self._ticks.owned
        return SourceFacts(
            opendrive.name, digest, opendrive, self._weather, origin, own_stamps=own_stamps
        )


@contextmanager
def live_source(
    session: Session, wish: LiveWish, engine: str, timings: Timings
) -> Iterator[LiveSource]:
    """Put traffic and cameras into a running world; leave it as it was found.

    The tick is taken over where nobody owns it (``LiveTicks``). InputError where traffic is to be
    spawned though another client ticks, and for cameras that nobody can carry.
    """
    ticks = LiveTicks(session, wish.fps)
    if not ticks.owned and (wish.vehicles or wish.walkers):
        raise InputError(
            "another client owns CARLA's tick, and the Traffic Manager only drives in the client "
            "that ticks; let that client bring the traffic, or end it"
        )
    carried = any(sensors.anchor != "world" for sensors in wish.sensors)
    with ExitStack() as stack:
        traffic = stack.enter_context(LiveTraffic(session, wish.seed))
        if wish.vehicles or wish.walkers:
            still = [] if carried else [c for s in wish.sensors for c in in_world(s)]
            near = still[0].rig_from_camera[:3, 3] if still else None
            traffic.spawn(wish.vehicles, wish.walkers, near)
        settle = round(wish.settle_s * NS_PER_S / ticks.dt_ns) + wish.warmup
        snapshot = ticks.warm_up(settle, traffic.step)
        ego = _carrier(session, wish.carrier, traffic, snapshot) if carried else None
        mounted, notes = mounted_cameras(
            stack, session, ego, wish.sensors, lambda s: _placed(s, ego)
        )
        ticks.warm_up(1, traffic.step)
        told = [ticks.note, *notes]
        if traffic.walkers < wish.walkers:
            told.append(f"the map had room for {traffic.walkers} of {wish.walkers} walkers")
        if ego is not None:
            told.append(f"cameras are on {ego.actor.type_id}, actor {ego.actor.id}")
        level, unfair = level_objects(session.world)
        told += unfair
        yield LiveSource(
            session, ticks, traffic, ego, mounted, wish, engine, timings, level, tuple(told)
        )


def _carrier(session: Session, carrier: Carrier, traffic: LiveTraffic, snapshot: Snapshot) -> Ego:
    world = session.world
    if carrier.actor_id:
        actor = world.get_actor(carrier.actor_id)
        if actor is None or not actor.type_id.startswith("vehicle."):
            raise InputError(f"CARLA has no vehicle of id {carrier.actor_id} to carry the cameras")
    else:
        actor = find_by_role(world, carrier.role_name) or traffic.first_car
        if actor is None:
            raise InputError(
                f"no vehicle of this world has the role {carrier.role_name!r}; name the cameras' "
                "carrier with --role or --camera, spawn some with --traffic, or give cameras that "
                "stand in the world"
            )
    return measure(actor, matrix_of(snapshot.find(actor.id).get_transform()))


def _placed(sensors: SensorRig, ego: Ego | None) -> tuple[Sequence[Any], tuple[str, ...]]:
    if sensors.anchor == "world" or ego is None:
        return in_world(sensors), ()
    rig, notes = on_vehicle(sensors, ego.base_from_actor, ego.info.box_in_base_m, ego.info.size_m)
    return rig.cameras, notes
