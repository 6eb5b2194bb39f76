"""A scene's road users as CARLA actors: moved along their recorded ways until handed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import carla
import numpy as np

from ...core.frames import Matrix, invert, rigid
from ...core.machine.ports import free_port
from ...core.run_contract.timebase import NS_PER_S, NS_PER_US
from ...core.teardown import Teardown
from ...scene import Scene, SceneTrack
from ..actors.blueprint_matching import blueprint_for
from ..actors.ego import Ego
from ..session.session import Session
from ..session.transforms import transform_of

_MAKE_ROOM_M = 300.0


@dataclass(frozen=True)
class Handover:
    """Who leaves the recorded way when: simulated seconds since the start, None for never.

    ``tracks`` may be ("*",) for all.
    """

    ego_s: float | None = None
    ego_to_traffic: bool = False
    tracks: tuple[str, ...] = ()
    tracks_s: float = 0.0


@dataclass
class _Part:
    """An actor that plays a track; ``actor_from_box`` puts its box's bottom on the track's."""

    actor: carla.Actor
    track: SceneTrack
    actor_from_box: Matrix
    free: bool = False


@final
class SceneActors:
    """The actors of one scene; ``place`` moves them to a time, ``close`` destroys them."""

    def __init__(self, session: Session, scene: Scene, handover: Handover, seed: int) -> None:
        self._seed = seed
        self._session = session
        self._scene = scene
        self._handover = handover
        self._start_us = scene.time_range_us[0]
        self._parts: dict[str, _Part] = {}
        self._refused: set[str] = set()
        self._offered = {b.id for b in session.world.get_blueprint_library()}
        self._manager: carla.TrafficManager | None = None
        self._ego: Ego | None = None
        self._ego_is_free = False

    def map_from_rig(self, elapsed_s: float) -> Matrix:
        """Return where the recorded ego was, (4, 4)."""
        pose: Matrix = self._scene.map_from_world @ self._scene.rig_trajectory.at(
            self._stamp_us(elapsed_s)
        )
        return pose

    @property
    def ego_is_driven(self) -> bool:
        """Whether commands move the ego."""
        return self._ego_is_free and not self._handover.ego_to_traffic

    @property
    def refused(self) -> set[str]:
        """Tracks that no blueprint fits or that found no room."""
        return set(self._refused)

    def enter(self, ego: Ego) -> None:
        """Take over the ego."""
        self._ego = ego
        if self._handover.tracks or self._handover.ego_to_traffic:
            # It must have seen a tick before it takes over anybody.
            self._manager = self._session.traffic_managers.open(free_port())
            self._manager.set_random_device_seed(self._seed + 1)
        ego.actor.set_simulate_physics(False)

    def place(self, elapsed_s: float) -> None:
        """Make everybody stand where they were ``elapsed_s`` after the scene's start.

        Actors come when their tracks begin and go when these end; who was handed over stays.
        """
        stamp_us = self._stamp_us(elapsed_s)
        batch: list[object] = []
        self._hand_over(elapsed_s)
        if self._ego is not None and not self._ego_is_free:
            pose = self.map_from_rig(elapsed_s) @ self._ego.base_from_actor
            batch.append(carla.command.ApplyTransform(self._ego.actor.id, transform_of(pose)))
        for track in self._scene.tracks:
            present = track.recorded_at(stamp_us)
            part = self._parts.get(track.track_id)
            if present and part is None and track.track_id not in self._refused:
                part = self._enter(track, stamp_us)
            if part is None or part.free:
                continue
            if present:
                pose = self._map_from_box(track, stamp_us) @ invert(part.actor_from_box)
                batch.append(carla.command.ApplyTransform(part.actor.id, transform_of(pose)))
            else:
                batch.append(carla.command.DestroyActor(part.actor.id))
                del self._parts[track.track_id]
        if batch:
            self._session.client.apply_batch_sync(batch, False)

    def close(self) -> None:
        """Destroy the actors; a second call does nothing."""
        parts, self._parts = self._parts, {}
        manager, self._manager = self._manager, None
        managers, client = self._session.traffic_managers, self._session.client
        closing = Teardown(self._session.has_ended)
        if parts:
            batch = [carla.command.DestroyActor(part.actor.id) for part in parts.values()]
            closing.add("the actors of tracks", lambda: client.apply_batch(batch))
        if manager is not None:
            closing.add("their Traffic Manager", lambda: managers.close(manager))
        closing.close()

    def _stamp_us(self, elapsed_s: float) -> int:
        return self._start_us + round(elapsed_s * NS_PER_S) // NS_PER_US

    def _map_from_box(self, track: SceneTrack, stamp_us: int) -> Matrix:
        pose: Matrix = self._scene.map_from_world @ track.at(stamp_us)
        return pose

    def _enter(self, track: SceneTrack, stamp_us: int) -> _Part | None:
        """Spawn the actor of a track, far above its place first: CARLA refuses taken ones."""
        wanted = blueprint_for(track, self._offered)
        actor = None
        if wanted is not None:
            blueprint = self._session.world.get_blueprint_library().find(wanted)
            if blueprint.has_attribute("role_name"):
                blueprint.set_attribute("role_name", track.track_id)
            colour = track.appearance.colour if track.appearance is not None else None
            if colour is not None and blueprint.has_attribute("color"):
                blueprint.set_attribute("color", ",".join(map(str, colour)))
            high = self._map_from_box(track, stamp_us) @ rigid(np.eye(3), (0, 0, _MAKE_ROOM_M))
            actor = self._session.world.try_spawn_actor(blueprint, transform_of(high))
        if actor is None:
            self._refused.add(track.track_id)
            return None
        actor.set_simulate_physics(False)
        box = actor.bounding_box
        bottom = (box.location.x, -box.location.y, box.location.z - box.extent.z)
        actor_from_box = rigid(np.eye(3), np.add(bottom, (0.0, 0.0, track.size_m[2] / 2.0)))
        part = _Part(actor, track, actor_from_box)
        self._parts[track.track_id] = part
        return part

    def _hand_over(self, elapsed_s: float) -> None:
        plan = self._handover
        due = plan.ego_s is not None and elapsed_s >= plan.ego_s
        if due and not self._ego_is_free and self._ego is not None:
            self._ego_is_free = True
            base_from_actor = self._ego.base_from_actor
            poses = [self.map_from_rig(t) @ base_from_actor for t in (elapsed_s - 0.1, elapsed_s)]
            self._release(self._ego.actor, poses, drive=plan.ego_to_traffic)
        if not plan.tracks or elapsed_s < plan.tracks_s:
            return
        for track_id, part in self._parts.items():
            if part.free or not (plan.tracks == ("*",) or track_id in plan.tracks):
                continue
            if part.actor.type_id.startswith("vehicle."):
                part.free = True
                actor_pose = invert(part.actor_from_box)
                poses = [
                    self._map_from_box(part.track, self._stamp_us(t)) @ actor_pose
                    for t in (elapsed_s - 0.1, elapsed_s)
                ]
                self._release(part.actor, poses, drive=True)

    def _release(self, actor: carla.Vehicle, poses: Sequence[Matrix], *, drive: bool) -> None:
        """Give an actor its physics back, at the speed at which it was moved."""
        velocity = (poses[1][:3, 3] - poses[0][:3, 3]) / 0.1
        x, y, z = (float(v) for v in velocity)
        actor.set_simulate_physics(True)
        actor.set_target_velocity(carla.Vector3D(x, -y, z))
        if drive:
            assert self._manager is not None
            actor.set_autopilot(True, self._manager.get_port())
