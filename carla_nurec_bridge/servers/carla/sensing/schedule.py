"""The schedule of sensors: which are due and heard in a tick, and who pays for a failing one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....town.level import Level
from ....town.street import cached_street
from ..attributes import real
from ..faults import Faults
from ..wire.state import sensor_header
from ..wire.streams import StreamHub
from ..wire.structs import ActorDescription, EpisodeSettings
from ..world.actors import EpisodeActor
from ..world.blueprints import definitions_by_id
from ..world.episode import Episode
from .drawing import EpisodeDrawing
from .kind import Device, Moment, Payload, SensorKind
from .registry import sensor_kinds

SENSOR_TICK = "sensor_tick"
SLACK_S = 1e-6
WARM_UP_SIZE = {"image_size_x": "16", "image_size_y": "8"}
WARM_UP_S = 0.05


@dataclass(slots=True, eq=False)
class _Scheduled:
    """A live sensor: its stream, how often and when next it is due, and whether it has failed."""

    kind: SensorKind[Any]
    device: Device
    stream: int
    tick_s: float
    due_s: float | None = None
    stopped: bool = False

    def is_due(self, now_s: float) -> bool:
        """Say whether its time has come; if so, plan the next one."""
        due_s = now_s if self.due_s is None else self.due_s
        if now_s + SLACK_S < due_s:
            return False
        planned_s = due_s + self.tick_s
        self.due_s = planned_s if planned_s > now_s else now_s + self.tick_s
        return True


class Sensors:
    """The sensors of the present episode; data is made after each tick, for whom someone listens.

    ``drawing`` is the world as they see it, which rays on request look at too.
    """

    def __init__(self, streams: StreamHub, faults: Faults) -> None:
        self._streams = streams
        self._faults = faults
        self._scheduled: dict[int, _Scheduled] = {}
        self.drawing = EpisodeDrawing()

    def open_level(self, level: Level) -> None:
        """Make ready to draw a level; the street itself is opened when first seen."""
        cached_street(level.xodr)

    def warm_up(self, episode: Episode) -> None:
        """Let every kind measure twice: a client gives up while its first data compiles."""
        for kind in sensor_kinds().values():
            definition = definitions_by_id()[kind.blueprint]
            values = {a.id: a.value for a in definition.attributes}
            actor = EpisodeActor(
                id=0,
                kind="sensor",
                description=ActorDescription(definition.uid, definition.id),
                attributes=values | WARM_UP_SIZE,
            )
            moment = Moment(episode, actor, np.eye(4), WARM_UP_S, self.drawing)
            what = f"the first measurement of {kind.blueprint}"
            with self._faults.within(what, "sensors of this kind may fail or begin late"):
                device = kind.open(episode, actor)
                for _ in range(2):
                    list(device.measure(moment))

    def add(self, episode: Episode, actor: EpisodeActor) -> bytes:
        """Take up a fresh sensor; return its stream's token.

        InputError when its attributes make no sense.
        """
        kind = sensor_kinds()[actor.description.id]
        told = {a.id for a in definitions_by_id()[kind.blueprint].attributes}
        tick_s = real(actor.attributes, SENSOR_TICK) if SENSOR_TICK in told else 0.0
        device = kind.open(episode, actor)
        stream = self._streams.new_stream()
        self._scheduled[actor.id] = _Scheduled(kind, device, stream, tick_s)
        return self._streams.token(stream)

    def forget(self, actor: EpisodeActor) -> None:
        """Drop what is kept for a destroyed sensor; other actors are ignored."""
        self._scheduled.pop(actor.id, None)

    def clear(self) -> None:
        """Forget all sensors and what is drawn: the episode ends."""
        self._scheduled.clear()
        self.drawing.close()

    def produce(self, episode: Episode, settings: EpisodeSettings, delta_s: float) -> None:
        """Send the data of every sensor that is due after a tick of ``delta_s`` seconds.

        A sensor whose data cannot be made sends no more; the others and the world go on.
        """
        shared: defaultdict[tuple[Any, Hashable], list[Moment]] = defaultdict(list)
        with self.drawing.held():
            for moment in self._due(episode, settings, delta_s):
                entry = self._scheduled[moment.actor.id]
                sharing = entry.kind.sharing
                if sharing is None:
                    self._measure_alone(moment, settings)
                else:
                    shared[sharing, sharing.key(entry.device, moment)].append(moment)
            for (sharing, _), moments in shared.items():
                left = list(moments)
                devices = [(self._scheduled[m.actor.id].device, m) for m in moments]
                with suppress(Exception):  # told of below, by the sensor whose fault it is
                    for moment, payload in sharing.measure(devices):
                        self._send(moment, payload, settings)
                        left.remove(moment)
                for moment in left:
                    self._measure_alone(moment, settings)

    def _due(self, episode: Episode, settings: EpisodeSettings, delta_s: float) -> list[Moment]:
        """Return the moments of all sensors that are to measure now."""
        moments = []
        for actor in episode.actors.of_kind("sensor"):
            entry = self._scheduled.get(actor.id)
            if entry is None or not entry.is_due(episode.elapsed_s) or entry.stopped:
                continue
            heard = entry.kind.runs_unheard or self._streams.has_listener(entry.stream)
            if not heard or (entry.kind.is_rendered and settings.no_rendering_mode):
                continue
            pose = episode.matrix_of(actor)
            moments.append(Moment(episode, actor, pose, delta_s, self.drawing))
        return moments

    def _measure_alone(self, moment: Moment, settings: EpisodeSettings) -> None:
        """Measure and send; what is raised stops this sensor only."""
        actor, entry = moment.actor, self._scheduled[moment.actor.id]
        name = f"sensor {actor.id} ({actor.description.id})"
        with self._faults.within(name, "its stream stops, all else goes on") as part:
            for payload in entry.device.measure(moment):
                self._send(moment, payload, settings)
        entry.stopped = part.error is not None

    def _send(self, moment: Moment, payload: Payload, settings: EpisodeSettings) -> None:
        entry, episode = self._scheduled[moment.actor.id], moment.episode
        pose = episode.transform_of(moment.actor)
        header = sensor_header(
            entry.kind.message_type,
            episode.frame,
            episode.elapsed_s,
            (*pose.location, *pose.rotation),
        )
        self._streams.publish(entry.stream, (header, *payload), keep_all=settings.synchronous_mode)
