"""The messages of what is around the ego: in CDR, where what changes is written in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ProtocolError
from ...core.frames import quaternion_from_rotation
from ...core.run_contract.timebase import NS_PER_S
from ...world.states import ActorState, TrafficLight
from .bulk import CdrMessage
from .interfaces import BoundingBox3D, Header, serialized
from .objects import boxes_of, lights_message, markers_message, objects_message, states_message

_Words = NDArray[np.uint32]

_WORD_BYTES = 4
_STAMP = 2
"""Words of a stamp: seconds and nanoseconds."""
_NUMBERS = 16
"""Of an actor: position, quaternion, velocity, angular velocity, acceleration; two words each."""
_FIRST_MARK = 0x5A5A0000
"""Two such words are a finite double, and one is a second that a stamp can have."""

_EVERY_BYTE = 0x01010101
"""Bits by which the second marks differ from the first: one in each byte."""


@dataclass(frozen=True)
class ObjectMessages:
    """What a frame tells of all actors."""

    objects: CdrMessage
    states: CdrMessage
    markers: CdrMessage


@final
class KeptObjects:
    """Messages that are made and serialised anew only when others are there than before.

    That takes ten times as long as writing what moves where it stands in CDR.
    """

    def __init__(self) -> None:
        self._actors: Sequence[Any] = ()
        self._around: Sequence[_Template] = ()
        self._shown: Sequence[str] = ()
        self._lights: Sequence[_Template] = ()

    def of(
        self, actors: Sequence[ActorState], ages: Mapping[int, int], stamp_ns: int
    ) -> ObjectMessages:
        """Return the messages of all actors; ``ages`` are those of ``states_message``."""
        known = [(s.actor.id, s.actor.object_class, s.actor.size_m) for s in actors]
        if not self._around or known != self._actors:
            self._around = _around(actors, ages, stamp_ns)
            self._actors = known
        numbers = [_numbers(state) for state in actors]
        words = np.concatenate(
            [
                _stamp_words(stamp_ns),
                np.array([ages[state.actor.id] for state in actors], np.uint32),
                np.array(numbers, np.float64).reshape(-1).view(np.uint32),
            ]
        )
        return ObjectMessages(*(template.filled(words) for template in self._around))

    def lights(
        self, lights: Sequence[TrafficLight], boxes: Sequence[BoundingBox3D], stamp_ns: int
    ) -> CdrMessage:
        """Return the stop areas of lights, which are the same in every frame of an episode."""
        shown = [light.shows for light in lights]
        if not self._lights or shown != self._shown:
            message = lights_message(lights, boxes, stamp_ns)
            self._lights = _templates(
                [message], _STAMP, lambda words: _put_stamp(message.header, words)
            )
            self._shown = shown
        return self._lights[0].filled(_stamp_words(stamp_ns))


class _Template:
    """A message in CDR, and where in it each of the words stands that change."""

    def __init__(self, marked: bytes, marked_otherwise: bytes, count: int) -> None:
        self._data = bytearray(marked)
        self._words = _words_of(self._data)
        number = self._words - np.uint32(_FIRST_MARK)
        again = (_words_of(marked_otherwise) ^ np.uint32(_EVERY_BYTE)) - np.uint32(_FIRST_MARK)
        self._places = np.flatnonzero((number < count) & (number == again))
        self.sources = number[self._places]

    def filled(self, words: _Words) -> CdrMessage:
        """Return the message with these words."""
        self._words[self._places] = words[self.sources]
        return CdrMessage(bytes(self._data))


def _templates(
    messages: Sequence[Any], count: int, put: Callable[[_Words], None]
) -> Sequence[_Template]:
    """Return messages of whose CDR ``count`` words change, which ``put`` sets in all of them.

    Where they stand is seen by two marks for each, of which no byte is equal: whatever shares a
    word with a byte that stays is none of them, also beside padding, in which anything may stand
    (marks of before as well). ProtocolError when one is not found.
    """
    marks = np.arange(_FIRST_MARK, _FIRST_MARK + count, dtype=np.uint32)
    put(marks)
    marked = [serialized(message) for message in messages]
    put(marks ^ np.uint32(_EVERY_BYTE))
    made = [
        _Template(one, serialized(message), count)
        for one, message in zip(marked, messages, strict=True)
    ]
    found = len(np.unique(np.concatenate([template.sources for template in made])))
    if found != count:
        raise ProtocolError(
            f"{count - found} of {count} changing words of a message are not found in its CDR: "
            "this middleware writes messages in a way that is not known here"
        )
    return made


def _around(
    actors: Sequence[ActorState], ages: Mapping[int, int], stamp_ns: int
) -> Sequence[_Template]:
    boxes = boxes_of(actors)
    objects = objects_message(actors, boxes, stamp_ns)
    states = states_message(actors, boxes, ages, stamp_ns)
    markers = markers_message(actors, boxes, stamp_ns)
    count = len(actors)

    def put(words: _Words) -> None:
        # These headers stand for all others: parts of a message share its own.
        for header in (objects.header, states.header, markers.markers[0].header):
            _put_stamp(header, words)
        marked_ages = words[_STAMP : _STAMP + count].tolist()
        numbers = words[_STAMP + count :].view(np.float64).reshape(count, _NUMBERS).tolist()
        for box, told, age, of_one in zip(boxes, states.objects, marked_ages, numbers, strict=True):
            told.classification_age = age
            centre, turned = box.center.position, box.center.orientation
            centre.x, centre.y, centre.z = of_one[:3]
            turned.x, turned.y, turned.z, turned.w = of_one[3:7]
            for vector, at in (
                (told.twist.linear, 7),
                (told.twist.angular, 10),
                (told.accel.linear, 13),
            ):
                vector.x, vector.y, vector.z = of_one[at : at + 3]

    return _templates([objects, states, markers], _STAMP + count * (1 + 2 * _NUMBERS), put)


def _numbers(state: ActorState) -> list[float]:
    """Return what changes of an actor, in the order of ``_NUMBERS``."""
    pose = state.map_from_box
    return [
        *pose[:3, 3].tolist(),
        *quaternion_from_rotation(pose[:3, :3]).tolist(),
        *state.linear_map_mps.tolist(),
        *state.angular_map_radps.tolist(),
        *state.acceleration_map_mps2.tolist(),
    ]


def _stamp_words(stamp_ns: int) -> _Words:
    return np.array(divmod(stamp_ns, NS_PER_S), np.uint32)


def _put_stamp(header: Header, words: _Words) -> None:
    header.stamp.sec, header.stamp.nanosec = words[:_STAMP].tolist()


def _words_of(data: bytes | bytearray) -> _Words:
    """Return the whole words of a message in CDR; whatever has four bytes or more begins at one."""
    return np.frombuffer(data, np.uint32, len(data) // _WORD_BYTES)
