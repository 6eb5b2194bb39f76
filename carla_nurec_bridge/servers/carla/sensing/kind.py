"""What a kind of sensor is: how its device is made, and how that is asked in a tick."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ....core.frames import Matrix
from ..wire.streams import Part
from ..world.actors import EpisodeActor
from ..world.episode import Episode
from .drawing import EpisodeDrawing, Surroundings

Payload = tuple[Part, ...]
"""What a message holds behind its header."""


@dataclass(frozen=True, eq=False)
class Moment:
    """One sensor in one tick, and what it may ask of the world.

    * map_from_sensor: (4, 4), the sensor looks along +x.
    * tick_s: simulated seconds of this tick. What turns or casts rays by time covers these, as in
      CARLA: a lidar that measures every second tick (``sensor_tick``) sends half a turn.
    """

    episode: Episode
    actor: EpisodeActor
    map_from_sensor: Matrix
    tick_s: float
    drawing: EpisodeDrawing

    def surroundings(self) -> Surroundings:
        """Return the world drawn as the sensor sees it."""
        return self.drawing.around(self.episode, self.actor, self.map_from_sensor)


class Device(Protocol):
    """One sensor's own part: its attributes, noise, and what it keeps from tick to tick."""

    def measure(self, moment: Moment) -> Iterable[Payload]:
        """Return the payloads of the messages to send, none if there is nothing to tell."""


D = TypeVar("D", bound=Device)


@dataclass(frozen=True)
class Sharing(Generic[D]):
    """How devices that need the same work of a tick have it done once.

    Those of an equal ``key`` are given to ``measure`` together, which yields what
    ``Device.measure`` would return for each; whoever it leaves out is asked alone.
    """

    key: Callable[[D, Moment], Hashable]
    measure: Callable[[Sequence[tuple[D, Moment]]], Iterator[tuple[Moment, Payload]]]


@dataclass(frozen=True)
class SensorKind(Generic[D]):
    """A kind of sensor; each module of ``kinds`` registers one as ``KIND``.

    * blueprint: CARLA's id. message_type: the number that heads its messages.
    * open: makes a fresh actor's device; InputError when its attributes make no sense.
    * runs_unheard: its state follows every tick, so that it is asked though nobody listens.
    * is_rendered: it shows images and rests in ``no_rendering_mode``.
    """

    blueprint: str
    message_type: int
    open: Callable[[Episode, EpisodeActor], D]
    runs_unheard: bool = False
    is_rendered: bool = False
    sharing: Sharing[D] | None = None
