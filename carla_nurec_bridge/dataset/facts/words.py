"""Actors and events in words."""

from __future__ import annotations

from collections.abc import Callable

from ...world.object_classes import ObjectClass
from ..truth.events import Event, EventKind

_NOUNS = {
    ObjectClass.PROP: "object",
    ObjectClass.OTHER: "road user",
    ObjectClass.TRAFFIC_LIGHT: "traffic light",
    ObjectClass.TRAFFIC_SIGN: "traffic sign",
}
_MPS_TO_KMH = 3.6
_NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()
_PLURALS = {"bus": "buses", "person": "people"}

NameOf = Callable[[int], str]


def noun(object_class: ObjectClass) -> str:
    """Return what one of a class is called, as ``traffic light``."""
    return _NOUNS.get(object_class, object_class.value)


def actor_name(object_class: ObjectClass, colour: str | None) -> str:
    """Return what an actor is called, as ``red car``; people have no paint."""
    painted = colour is not None and object_class is not ObjectClass.PEDESTRIAN
    return f"{colour} {noun(object_class)}" if painted else noun(object_class)


def carrier_name(object_class: ObjectClass) -> str:
    """Return what the vehicle that carries the camera is called, as ``car with the camera``."""
    return f"{noun(object_class)} with the camera"


def with_article(name: str) -> str:
    """Return a name with the indefinite article."""
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def number_word(number: int) -> str:
    """Return a number as text has it."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def plural(name: str) -> str:
    """Return the plural of an actor's name."""
    before, space, last = name.rpartition(" ")
    return f"{before}{space}{_PLURALS.get(last, last + 's')}"


def one_of_many(name: str, number: int, which: str = "one") -> str:
    """Return one of so many that have the same name, as ``one of the two red cars``."""
    return f"{which} of the {number_word(number)} {plural(name)}"


def event_text(event: Event, name_of: NameOf) -> str:
    """Return an event as a sentence without a full stop.

    ``name_of`` names a track, with its article.
    """
    first, *rest = (name_of(track) for track in event.track_ids)
    other = rest[0] if rest else "another road user"
    return _SENTENCES[event.kind](event, first, other)


def _normal(event: Event, first: str, other: str) -> str:
    almost = {
        EventKind.CUT_IN: f"{first} and {other} drive one behind the other, and nobody cuts in",
        EventKind.NEAR_MISS: f"the paths of {first} and {other} cross at a safe distance in time",
    }
    usual = f"{first} and {other} come near each other and do not touch"
    return usual if event.negative_of is None else almost.get(event.negative_of, usual)


def _hard_brake(event: Event, first: str, _: str) -> str:
    figures = event.evidence
    if not {"from_mps", "to_mps"} <= figures.keys():
        return f"{first} brakes hard"
    before, after = (round(_MPS_TO_KMH * figures[name]) for name in ("from_mps", "to_mps"))
    return f"{first} brakes hard from {before} to {after} km/h"


def _cut_in(event: Event, first: str, other: str) -> str:
    gap = event.evidence.get("gap_m")
    distance = "closely" if gap is None else f"{gap:.0f} m"
    return f"{first} cuts in {distance} ahead of {other}"


def _stopped(event: Event, first: str, _: str) -> str:
    seconds = event.evidence.get("seconds")
    length = "" if seconds is None else f" for {seconds:.0f} s"
    return f"{first} stands on the road{length}"


_SENTENCES: dict[EventKind, Callable[[Event, str, str], str]] = {
    EventKind.COLLISION: lambda _, first, other: f"{first} and {other} collide",
    EventKind.NEAR_MISS: lambda _, first, other: f"{first} and {other} nearly collide",
    EventKind.WRONG_WAY: lambda _, first, __: f"{first} drives against the direction of its lane",
    EventKind.OVERTAKING: lambda _, first, __: f"{first} overtakes on the lane of oncoming traffic",
    EventKind.HARD_BRAKE: _hard_brake,
    EventKind.CUT_IN: _cut_in,
    EventKind.RED_LIGHT: lambda _, first, __: f"{first} drives over the stop line at a red light",
    EventKind.JAYWALKING: lambda _, first, __: f"{first} walks on the road away from any crossing",
    EventKind.STOPPED_VEHICLE: _stopped,
    EventKind.NORMAL: _normal,
}
