"""What a running episode holds in CARLA: opened in order, advanced frame by frame, closed whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from ...core.rig.rig import Rig
from ...core.run_contract.timebase import seconds_to_ns
from ...core.teardown import Teardown
from ...world.command import Command
from ..actors.ego_watch import EgoWatch
from ..actors.entities import Entities
from ..actors.observer import WorldObserver
from ..actors.spawned_actors import SpawnedActors
from ..driving.pedals import DriveController
from ..sensors.rig import RigSensors
from .episode_setup import EpisodeSetup, PreparedEpisode
from .session import Session, Snapshot


@dataclass(frozen=True)
class FrameMaking:
    """How an episode's frames are made.

    A frame lasts ``dt_s`` of simulated time and takes ``ticks`` of CARLA's. With
    ``paced_cameras`` CARLA draws the images that are due and no others. ``from_poses`` is for
    actors that a replay moves: their speeds are those of their poses. ``follows`` another
    client's ticks, who may do with the ego what it likes. ``watch`` says what happens when one
    does so otherwise: ``end`` the run, ``warn``, or ``off``.
    """

    dt_s: float
    ticks: int
    paced_cameras: bool
    from_poses: bool
    follows: bool = False
    watch: str = "end"


@final
class LiveEpisode:
    """The handles of one episode; ``close`` ends all of them and tells every one that failed.

    * prepared: ego, traffic, route and what is replayed; leads them on before each tick.
    * spawned: who was spawned while the run goes on.
    * sensors: CARLA's sensors of the rig, on the ego.
    * observer: makes a frame's state of a snapshot.
    * entities: everything in the world by name, for services.
    * watch: compares every tick with what the run does to the ego; None in other modes than drive.
    """

    def __init__(
        self, session: Session, setup: EpisodeSetup, rig: Rig, making: FrameMaking
    ) -> None:
        self.session = session
        self._making = making
        with Teardown(session.has_ended) as opening:
            self.prepared = PreparedEpisode(session, setup)
            opening.keep("what the episode began with", self.prepared)
            self.prepared.open()
            ego = self.prepared.ego
            self.spawned = opening.keep("who was spawned", SpawnedActors(session))
            self.sensors = RigSensors(
                session.client,
                ego,
                rig,
                seconds_to_ns(making.dt_s),
                making.ticks,
                paced=making.paced_cameras,
            )
            opening.keep("the sensors", self.sensors)
            lights, from_poses = self.prepared.lights, making.from_poses
            self.observer = WorldObserver(session, ego, lights, making.dt_s, from_poses=from_poses)
            self.entities = Entities(session, ego, self.spawned, self.observer)
            self._controller = DriveController(ego.info, making.dt_s)
            self.watch = self._watch()
            opening.add("the haste before the end", session.hasten)
            opening.add("the tick under way", session.ticks.close)
            self._teardown = opening.hand_over()

    @property
    def notes(self) -> Sequence[str]:
        """Sentences for the user about the map and the sensors."""
        opendrive = self.session.opendrive
        of_map = (f"map {opendrive.name}: {note}" for note in opendrive.notes)
        return (*of_map, *self.prepared.lights.without_place, *self.sensors.notes)

    def drive(self, command: Command) -> str:
        """Have the ego do what is commanded, if commands drive it.

        Returns what of it the vehicle cannot do, or an empty text.
        """
        state = self.observer.last
        if state is None or not self.prepared.ego_is_driven:
            return ""
        control = self._controller.control(command, state.ego.speed_mps, self.observer.steer_rad)
        self.prepared.ego.actor.apply_control(control)
        if self.watch is not None:
            self.watch.sent(control)
        return self._controller.clip

    def _watch(self) -> EgoWatch | None:
        making = self._making
        if making.from_poses or making.follows or making.watch == "off":
            return None
        posts = list(self.prepared.lights.posts.values())
        return EgoWatch(
            self.session,
            self.prepared.ego.actor,
            posts,
            self.entities.ours,
            warns=making.watch == "warn",
        )

    @property
    def steer_limit_rad(self) -> float:
        """How far the front wheels turn at the speed of now."""
        state = self.observer.last
        return self._controller.limit_rad(state.ego.speed_mps if state is not None else 0.0)

    def advance(self, frame: int) -> Snapshot:
        """Make the ticks of ``frame`` and return the last one's snapshot.

        Until ``settle`` that tick is under way: the world may only be looked at.
        """
        ticks, watch = self._making.ticks, self.watch
        if watch is not None and self.entities.places_ego:
            watch.excuse()
        for tick in range(1, ticks + 1):
            self.session.end_tick()
            self.prepared.before_tick((frame - 1 + tick / ticks) * self._making.dt_s)
            if tick == ticks:
                self.sensors.before_last_tick(frame)
            snapshot = self.session.begin_tick()
            self.prepared.after_tick(snapshot)
            if watch is not None:
                watch.after_tick(snapshot)
        return snapshot

    def settle(self) -> None:
        """Wait until the frame's last tick has ended, and let those drive who were spawned."""
        self.session.end_tick()
        self.spawned.after_tick()
        self.entities.after_tick()

    def close(self) -> None:
        """Remove everything from the world; RunError names what stayed. May be called twice."""
        self._teardown.close()
