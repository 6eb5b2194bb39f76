"""Playing a recording back, as CARLA's replayer does.

What is shown lags one frame: between two frames an actor moves from where it was in the frame
before to where it is in the frame found (see ``Replayer.step``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ....core.frames import carla_from_matrix, matrix_from_carla
from ....recorder_log.layouts import PacketKind
from ....recorder_log.log import Log
from ....recorder_log.packets import LogFrame
from ....recorder_log.records import EventAdd
from .replay_apply import apply_states
from .replay_options import ReplayOptions, reply_text, time_range
from .replay_target import ReplayedActor, ReplayTarget, WheelPose

__all__ = [
    "ReplayOptions",
    "ReplayTarget",
    "ReplayedActor",
    "Replayer",
    "WheelPose",
    "reply_text",
]

CM_PER_M = 100.0
_NO_INTERPOLATION_FROM = 2.0


@dataclass(frozen=True)
class _Positions:
    """Live ids (N,), locations (N, 3) in cm and rotations (N, 3) roll, pitch, yaw in degrees."""

    ids: NDArray[np.int64]
    locations: NDArray[np.float64]
    rotations: NDArray[np.float64]


_NOTHING = _Positions(np.zeros(0, np.int64), np.zeros((0, 3)), np.zeros((0, 3)))


class Replayer:
    """Drives a simulation from a recording; made when the recorded map is loaded.

    ``start`` brings the actors in, ``step`` goes with every tick, ``stop`` gives the actors back.
    """

    def __init__(self, log: Log, target: ReplayTarget, options: ReplayOptions) -> None:
        """Keep the parts; nothing happens before ``start``."""
        self.log = log
        self.options = options
        self.running = False
        self.now_s = 0.0
        self.live_ids: dict[int, int] = {}
        self._target = target
        self._heroes: set[int] = set()
        self._frames: Iterator[LogFrame] = iter(log.frames)
        self._frame: LogFrame | None = None
        self._previous = _NOTHING
        self._current = _NOTHING
        self._start_s, self._stop_s = time_range(log, options)

    def start(self) -> None:
        """Clear the level's props and bring in everything up to the start time."""
        self._target.remove_level_props()
        self._process(self._start_s)
        self._previous = _NOTHING
        self.running = True

    def set_time_factor(self, factor: float) -> None:
        """Play faster or slower; from 2 on, positions are not interpolated."""
        self.options = replace(self.options, time_factor=factor)

    def set_ignore_hero(self, *, ignore: bool) -> None:
        """Leave actors with role_name hero out, from now on."""
        self.options = replace(self.options, ignore_hero=ignore)

    def set_ignore_spectator(self, *, ignore: bool) -> None:
        """Leave the spectator out, from now on."""
        self.options = replace(self.options, ignore_spectator=ignore)

    def step(self, delta_s: float) -> bool:
        """Play ``delta_s`` seconds of simulation; return whether the replay still runs.

        Frames that are skipped only make, destroy and attach actors; the frame in which the new
        time falls also sets poses, lights and animations.
        """
        if not self.running:
            return False
        self._process(self.now_s + delta_s * self.options.time_factor)
        if self.now_s >= self._stop_s:
            self._finish()
        return self.running

    def stop(self, *, keep_actors: bool) -> None:
        """End the replay; without ``keep_actors`` the rest of the recording's events happen."""
        if not self.running:
            return
        if not keep_actors:
            for frame in self._frames:
                self._apply_events(frame)
        self._finish()

    def _process(self, time_s: float) -> None:
        found = self._frame if self._frame and _holds(self._frame, time_s) else None
        if found is None:
            found = self._advance(time_s)
        if found is not None and self.running:
            share = (time_s - found.elapsed_s) / found.duration_s
            self._move(share)
        self.now_s = time_s

    def _advance(self, time_s: float) -> LogFrame | None:
        """Read on to the frame that holds ``time_s``; None when the recording ends before."""
        for frame in self._frames:
            self._frame = frame
            self._apply_events(frame)
            if _holds(frame, time_s):
                self._previous, self._current = self._current, self._positions(frame)
                apply_states(self.log, frame, self._target, self._driven_ids())
                return frame
        return None

    def _apply_events(self, frame: LogFrame) -> None:
        visual_s = self.log.number(frame, PacketKind.VISUAL_TIME)
        if visual_s is not None:
            self._target.set_visual_time(visual_s)
        for event in self.log.added(frame):
            live_id = self._bring_in(event)
            if live_id is not None:
                self.live_ids[event.actor_id] = live_id
                if event.is_hero:
                    self._heroes.add(live_id)
        for recorded_id in self.log.records(frame, PacketKind.EVENT_DEL)["id"].tolist():
            if recorded_id in self.live_ids:
                self._target.destroy(self.live_ids.pop(recorded_id))
        for child, parent in self.log.records(frame, PacketKind.EVENT_PARENT).tolist():
            if child in self.live_ids and parent in self.live_ids:
                self._target.attach(self.live_ids[child], self.live_ids[parent])

    def _bring_in(self, event: EventAdd) -> int | None:
        """Return the live actor that plays a recorded one, or None when nobody does."""
        target, options = self._target, self.options
        if event.blueprint.startswith("traffic."):
            return target.traffic_light_at(event.location_cm)
        if event.blueprint.startswith("spectator"):
            return None if options.ignore_spectator else target.spectator_id()
        if event.blueprint.startswith("sensor.") and not options.replay_sensors:
            return None
        if event.is_hero and options.ignore_hero:
            return None
        if target.blueprint_of(event.actor_id) == event.blueprint:
            live_id: int | None = event.actor_id
            target.move(
                [event.actor_id], np.array([event.location_cm]), np.array([event.rotation_deg])
            )
        else:
            attributes = {a.name: a.value for a in event.attributes}
            live_id = target.spawn_replayed(
                ReplayedActor(
                    event.actor_id,
                    event.kind,
                    event.blueprint,
                    attributes,
                    event.location_cm,
                    event.rotation_deg,
                )
            )
        if live_id is not None and event.moves:
            target.hold(live_id)
        return live_id

    def _driven_ids(self) -> dict[int, int]:
        """Return recorded id -> live id of the actors that the replay may drive."""
        if not self.options.ignore_hero:
            return self.live_ids
        return {rec: live for rec, live in self.live_ids.items() if live not in self._heroes}

    def _positions(self, frame: LogFrame) -> _Positions:
        records = self.log.records(frame, PacketKind.POSITION)
        ids = np.array([self.live_ids.get(i, -1) for i in records["id"].tolist()], np.int64)
        keep = ids >= 0
        if self.options.ignore_spectator:
            spectator = self._target.spectator_id()
            keep &= ids != (-1 if spectator is None else spectator)
        return _Positions(
            ids[keep],
            records["location"][keep].astype(np.float64),
            records["rotation"][keep].astype(np.float64),
        )

    def _move(self, share: float) -> None:
        locations, rotations = self._current.locations.copy(), self._current.rotations.copy()
        mine, theirs = _common(self._current.ids, self._previous.ids)
        if self.options.time_factor >= _NO_INTERPOLATION_FROM:
            share = 0.0
        before, turn = self._previous.locations[theirs], self._previous.rotations[theirs]
        locations[mine] = before + (locations[mine] - before) * share
        rotations[mine] = turn + shortest_turn(rotations[mine] - turn) * share
        driven = np.ones(len(locations), bool)
        if self.options.ignore_hero and self._heroes:
            driven = ~np.isin(self._current.ids, sorted(self._heroes))
        ids = self._current.ids[driven].tolist()
        self._target.move(ids, locations[driven], rotations[driven])
        followed = self.live_ids.get(self.options.follow_id)
        if followed in ids:
            self._follow(
                locations[driven][ids.index(followed)], rotations[driven][ids.index(followed)]
            )

    def _follow(self, location_cm: NDArray[np.float64], rpy_deg: NDArray[np.float64]) -> None:
        spectator = self._target.spectator_id()
        if spectator is None:
            return
        options = self.options
        world_from_actor = matrix_from_carla(location_cm / CM_PER_M, rpy_deg[[1, 2, 0]])
        actor_from_view = matrix_from_carla(options.offset_location_m, options.offset_rotation_deg)
        location_m, (pitch, yaw, roll) = carla_from_matrix(world_from_actor @ actor_from_view)
        self._target.move([spectator], location_m[None] * CM_PER_M, np.array([[roll, pitch, yaw]]))

    def _finish(self) -> None:
        self.running = False
        for recorded_id, live_id in self.live_ids.items():
            hero = self.options.ignore_hero and live_id in self._heroes
            if self.log.actors[recorded_id].moves and not hero:
                self._target.release(live_id)


def shortest_turn(angle_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles in (-180, 180] that turn equally far."""
    return 180.0 - (180.0 - angle_deg) % 360.0


def _holds(frame: LogFrame, time_s: float) -> bool:
    return frame.duration_s > 0.0 and time_s < frame.elapsed_s + frame.duration_s


def _common(
    ids: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the ids that both arrays hold stand in each."""
    _, mine, theirs = np.intersect1d(ids, others, return_indices=True)
    return mine, theirs
