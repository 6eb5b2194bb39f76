"""Facts of a clip in words: the place, who is there, what they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ....world.object_classes import VEHICLES, ObjectClass
from ...facts import ActorFacts, EventFacts, Manoeuvre, ManoeuvreKind, PlaceFacts, SceneFacts
from ...facts.words import carrier_name, noun, number_word, one_of_many, plural, with_article
from ...truth.events import EventKind

_MOST_NAMES, _MOST_DEEDS = 6, 4
_ROAD_USERS = (*VEHICLES, ObjectClass.PEDESTRIAN)

_LAYOUTS = {"intersection": "an intersection", "straight_road": "a straight road", "bend": "a bend"}
_SETTINGS = {"built_up": " between buildings", "green": " among trees and grass"}
_DEEDS: dict[ManoeuvreKind, str] = {
    ManoeuvreKind.CROSSING_ROAD: "crosses the road",
    ManoeuvreKind.OVERTAKING: "overtakes",
    ManoeuvreKind.TURNING_ROUND: "turns round",
    ManoeuvreKind.TURNING_LEFT: "turns left",
    ManoeuvreKind.TURNING_RIGHT: "turns right",
    ManoeuvreKind.CHANGING_LANE_LEFT: "changes to the lane on its left",
    ManoeuvreKind.CHANGING_LANE_RIGHT: "changes to the lane on its right",
    ManoeuvreKind.STOPPING: "comes to a stop",
    ManoeuvreKind.STARTING: "drives off",
    ManoeuvreKind.BRAKING: "brakes",
}
"""What is told, the most telling first."""
_TOLD_BY: dict[EventKind, ManoeuvreKind] = {
    EventKind.HARD_BRAKE: ManoeuvreKind.BRAKING,
    EventKind.JAYWALKING: ManoeuvreKind.CROSSING_ROAD,
    EventKind.OVERTAKING: ManoeuvreKind.OVERTAKING,
    EventKind.STOPPED_VEHICLE: ManoeuvreKind.STOPPING,
}
"""What an event says of who it is of, so that it is not said again."""


def listed(parts: Sequence[str]) -> str:
    """Return parts with commas and a last ``and``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def place_words(place: PlaceFacts) -> str:
    """Return where it is, as a noun with its article."""
    layout = "a road" if place.layout is None else _LAYOUTS[place.layout]
    lanes = place.driving_lanes
    if lanes is not None and place.layout in (None, "straight_road"):
        layout += f" with {number_word(lanes)} lane{'' if lanes == 1 else 's'}"
    if place.setting is not None:
        layout += _SETTINGS[place.setting]
    seen = [
        words
        for words, there in (
            ("traffic lights", place.traffic_lights),
            ("a pedestrian crossing", place.crossing),
        )
        if there
    ]
    return f"{layout}, with {listed(seen)}" if seen else layout


def who_words(facts: SceneFacts) -> str:
    """Return who is seen, by class and colour, empty for nobody."""
    shown = [one for one in facts.shown() if one.object_class in _ROAD_USERS]
    names = Counter(one.name for one in shown)
    if len(names) > _MOST_NAMES:
        names = Counter(one.object_class.value for one in shown)
    coloured = {name.rpartition(" ")[2] for name in names if " " in name}
    parts = []
    for name, number in sorted(names.items(), key=lambda item: (-item[1], item[0])):
        other = name in coloured
        if number == 1:
            parts.append(f"another {name}" if other else with_article(name))
        else:
            parts.append(f"{number_word(number)} {'other ' if other else ''}{plural(name)}")
    parts.sort(key=lambda part: "other " in part)
    return listed(parts)


def shown_events(facts: SceneFacts) -> tuple[EventFacts, ...]:
    """Return what happens to those who are seen then: a video does not show the others' part."""
    return tuple(
        one
        for one in facts.events
        if one.kind is not EventKind.NORMAL and set(one.track_ids) <= set(one.seen_track_ids)
    )


def what_words(facts: SceneFacts) -> str:
    """Return what happens and what they do, the most telling first, empty for nothing."""
    events = shown_events(facts)
    doers: dict[tuple[ManoeuvreKind, str, bool], dict[int, ActorFacts]] = {}
    for one in facts.manoeuvres:
        actor = facts.actor(one.track_id)
        if one.kind not in _DEEDS or actor is None:
            continue
        if not any(_is_told_by(event, one) for event in events):
            deed = one.kind, actor.name, actor.carries_camera
            doers.setdefault(deed, {})[one.track_id] = actor
    order = list(_DEEDS)
    named: dict[str, int] = {}
    told = [
        f"{_subject(list(doers[deed].values()), facts, named)} {_DEEDS[deed[0]]}"
        for deed in sorted(doers, key=lambda deed: (order.index(deed[0]), *deed[1:]))
    ]
    happened = dict.fromkeys(one.plain_text for one in events)
    return listed([*happened, *told][:_MOST_DEEDS])


def _is_told_by(event: EventFacts, done: Manoeuvre) -> bool:
    return (
        _TOLD_BY.get(event.kind) is done.kind
        and event.track_ids[0] == done.track_id
        and event.span.overlap(done.span) is not None
    )


def carrier_words(facts: SceneFacts) -> str:
    """Return what carries the camera, as ``car``; empty for a camera that nobody carries."""
    return next((noun(one.object_class) for one in facts.actors if one.carries_camera), "")


def _subject(doers: Sequence[ActorFacts], facts: SceneFacts, named: dict[str, int]) -> str:
    """Return those, all of one name, who do the same; ``named`` has who was told of first, by name.

    Of several that look alike it is said how many there are, so that nobody is counted twice.
    """
    first, name = doers[0], doers[0].name
    if first.carries_camera:
        return f"the {carrier_name(first.object_class)}"
    alike = sum(one.name == name for one in facts.shown())
    if alike == 1:
        return f"the {name}"
    if len(doers) > 1:
        return one_of_many(name, alike, "each" if len(doers) == alike else "more than one")
    if name not in named or alike > 2:
        again = named.setdefault(name, first.track_id) != first.track_id
        return one_of_many(name, alike, "another" if again else "one")
    return f"the {'same' if named[name] == first.track_id else 'other'} {name}"
