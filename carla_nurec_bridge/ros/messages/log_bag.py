"""A CARLA recording as a bag of standard ROS messages, for Foxglove, RViz and rosbag2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import Matrix, invert, rotation_rate
from ...core.run_contract.timebase import seconds_to_ns
from ...core.run_contract.topics import TOPICS
from ...recorder_log import Log
from ...recorder_log.statistics import frame_events
from ...recorder_log.trajectories import Track, trajectories
from ...recording import BagOptions, BagWriter, OfferedQos
from ...scene.build.base_link import actor_from_base
from ...scene.build.road_user_classes import actor_of, box_of, track_ids
from ...world.states import ActorState
from .convert import (
    header,
    pose_message,
    stamp_message,
    transform_message,
    vector_message,
)
from .interfaces import (
    Clock,
    Odometry,
    PoseWithCovariance,
    TFMessage,
    TwistWithCovariance,
    serialized,
)
from .interfaces import Log as LogMessage
from .latched_messages import map_markers
from .objects import boxes_of, markers_message, objects_message

_LONGEST_S = 1_000_000
_LATEST_DATE_S = 2**31 - 1 - _LONGEST_S
_LARGEST_ID = 2**31 - 1
_LATCHED = OfferedQos(depth=1, durability="transient_local")
_EGO_FRAME = "base_link"
_INFO, _WARNING = 20, 30
_UNTOLD = np.full(3, np.nan)

Lines = Sequence[tuple[NDArray[np.float64], str]]


def write_bag(
    log: Log,
    path: Path,
    lines: Lines,
    remarks: Sequence[tuple[float, str]],
    on_frame: Callable[[int, int], None],
) -> dict[str, int]:
    """Write a recording to one MCAP file; return the messages per topic.

    ``/clock``, ``/tf`` (map -> every vehicle and walker), ``objects`` and ``objects/markers`` (all
    but the hero), ``/rosout`` (events in words, and as warnings the ``remarks``:
    time in s, sentence); ``odometry`` of base_link when exactly one actor
    is the hero; latched ``map/markers`` from ``lines``, polylines with their kinds. Stamps are the
    recording's date plus its time. InputError when the file exists, or when times or ids of the
    recording do not fit into messages.
    """
    if log.total_s > _LONGEST_S or max(log.actors, default=0) > _LARGEST_ID:
        raise InputError(
            f"{log.source} lasts {log.total_s:g} s and has actor ids up to "
            f"{max(log.actors, default=0)}; ROS messages hold up to {_LONGEST_S} s and "
            f"{_LARGEST_ID}"
        )
    start_ns = seconds_to_ns(log.date_s if 0 < log.date_s < _LATEST_DATE_S else 1)
    movers = {i: t for i, t in trajectories(log).items() if t.event.moves}
    heroes = [i for i, track in movers.items() if track.event.is_hero]
    hero = movers[heroes[0]] if len(heroes) == 1 else None
    movers_by_frame = _Movers(movers, hero)
    with BagWriter(path, BagOptions(compression="zstd")) as bag:
        sink, waiting = _Sink(bag), sorted(remarks)
        if lines:
            sink.write("map_markers", start_ns, map_markers(lines, [], start_ns))
        for number, frame in enumerate(log.frames):
            stamp_ns = start_ns + seconds_to_ns(frame.elapsed_s)
            sink.write("clock", stamp_ns, Clock(clock=stamp_message(stamp_ns)))
            transforms, states = movers_by_frame.at(number, stamp_ns)
            sink.write("tf", stamp_ns, TFMessage(transforms=transforms))
            boxes = boxes_of(states)
            sink.write("objects", stamp_ns, objects_message(states, boxes, stamp_ns))
            sink.write("objects_markers", stamp_ns, markers_message(states, boxes, stamp_ns))
            odometry = movers_by_frame.odometry(number, stamp_ns)
            if odometry is not None:
                sink.write("odometry", stamp_ns, odometry)
            for sentence in frame_events(log, frame):
                sink.say(stamp_ns, _INFO, sentence)
            while waiting and waiting[0][0] <= frame.elapsed_s:
                sink.say(stamp_ns, _WARNING, waiting.pop(0)[1])
            on_frame(number + 1, len(log.frames))
        return sink.counts


class _Sink:
    """Writes messages by the key of their topic; a topic is announced with its first message."""

    def __init__(self, bag: BagWriter) -> None:
        self._bag = bag
        self._channels: dict[str, int] = {}
        self.counts: dict[str, int] = {}

    def write(self, key: str, stamp_ns: int, message: Any) -> None:
        self.write_as(TOPICS[key].name, TOPICS[key].type, stamp_ns, message, TOPICS[key].qos)

    def say(self, stamp_ns: int, level: int, sentence: str) -> None:
        message = LogMessage(
            stamp=stamp_message(stamp_ns), level=level, name="recording", msg=sentence
        )
        self.write_as("/rosout", "rcl_interfaces/msg/Log", stamp_ns, message)

    def write_as(
        self, topic: str, type_name: str, stamp_ns: int, message: Any, qos: str = "event"
    ) -> None:
        name = topic if topic.startswith("/") else f"/{topic}"
        if name not in self._channels:
            offered = (_LATCHED,) if qos == "latched" else (OfferedQos(),)
            self._channels[name] = self._bag.add_stream(name, type_name, offered)
            self.counts[name] = 0
        self._bag.write(self._channels[name], stamp_ns, serialized(message))
        self.counts[name] += 1


class _Movers:
    """Everybody that moves, by frame of the recording."""

    def __init__(self, movers: dict[int, Track], hero: Track | None) -> None:
        self._names = track_ids(track.event for track in movers.values())
        self._hero = hero
        self._tracks = movers
        self._rows = {
            i: dict(zip(t.frames.tolist(), range(len(t.frames)), strict=True))
            for i, t in movers.items()
        }
        self._actors = {i: (actor_of(track), box_of(track)[1]) for i, track in movers.items()}
        self._base: Matrix | None = None
        if hero is not None:
            self._base = actor_from_base(hero, box_of(hero)[0][0])

    def at(self, frame: int, stamp_ns: int) -> tuple[list[Any], list[ActorState]]:
        """Return the transforms and the objects of a frame."""
        transforms, states = [], []
        for actor_id, track in self._tracks.items():
            row = self._rows[actor_id].get(frame)
            if row is None:
                continue
            pose = track.map_from_actor[row]
            if track is self._hero and self._base is not None:
                transforms.append(transform_message(pose @ self._base, "map", _EGO_FRAME, stamp_ns))
                continue
            transforms.append(transform_message(pose, "map", self._names[actor_id], stamp_ns))
            actor, actor_from_box = self._actors[actor_id]
            states.append(ActorState(actor, pose @ actor_from_box, _UNTOLD, _UNTOLD, _UNTOLD))
        return transforms, states

    def odometry(self, frame: int, stamp_ns: int) -> Odometry | None:
        """Return the hero's pose in the map and its twist in base_link, from its poses."""
        if self._hero is None or self._base is None:
            return None
        row = self._rows[self._hero.actor_id].get(frame)
        if row is None:
            return None
        pose = self._hero.map_from_actor[row] @ self._base
        linear, angular = np.zeros(3), np.zeros(3)
        if row:
            step_s = float(self._hero.times_s[row] - self._hero.times_s[row - 1])
            before = self._hero.map_from_actor[row - 1] @ self._base
            if step_s > 0.0:
                linear = invert(pose)[:3, :3] @ (pose[:3, 3] - before[:3, 3]) / step_s
                angular = rotation_rate(before, pose, step_s)
        message = Odometry(header=header(stamp_ns, "map"), child_frame_id=_EGO_FRAME)
        message.pose = PoseWithCovariance(pose=pose_message(pose))
        message.twist = TwistWithCovariance()
        message.twist.twist.linear = vector_message(linear)
        message.twist.twist.angular = vector_message(angular)
        return message
