"""Sentences about a scene from its facts, as ``dataset/facts`` has them in JSON; parts may lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ....dataset.augment.prompts.scene_words import listed
from ....dataset.facts.words import number_word, plural

_LAYOUTS = {
    "intersection": "an intersection",
    "straight_road": "a straight road",
    "bend": "a bend in the road",
}
_TIMES = {
    "night": "at night",
    "twilight": "at twilight",
    "low_sun": "under a low sun",
    "day": "by day",
    "high_sun": "under a high sun",
}
_GERMAN = {
    "car": "Auto",
    "van": "Lieferwagen",
    "truck": "Lastwagen",
    "bus": "Bus",
    "motorcycle": "Motorrad",
    "bicycle": "Fahrrad",
    "pedestrian": "Fußgänger",
}
_ACTIONS = {
    "changing_lane_left": "changing to the left lane",
    "changing_lane_right": "changing to the right lane",
    "crossing_road": "crossing the road",
}


def scene_sentences(facts: Mapping[str, Any], *, with_conditions: bool) -> list[str]:
    """Return sentences on place, road users, what they do, and events, each told once."""
    sentences = [*_place(_table(facts, "place")), *_who(facts), *_what(facts)]
    if with_conditions:
        sentences += _conditions(_table(facts, "conditions"))
    return sentences


def scene_in_german(facts: Mapping[str, Any]) -> str:
    """Return a short German description: what a model does that slips into another language."""
    counts = [f"{number} {_GERMAN.get(kind, kind)}" for kind, number in _counts(facts).items()]
    who = f"Zu sehen sind: {', '.join(counts)}." if counts else "Niemand ist zu sehen."
    return f"Das Video zeigt eine Straße in der Stadt. {who} Das Wetter ist ruhig."


def _place(place: Mapping[str, Any]) -> Iterator[str]:
    layout = _LAYOUTS.get(str(place.get("layout")), "a road")
    setting = {"built_up": " among buildings", "green": " among trees"}.get(
        str(place.get("setting")), ""
    )
    extras = []
    if place.get("traffic_lights") is True:
        extras.append("traffic lights")
    if place.get("crossing") is True:
        extras.append("a pedestrian crossing")
    lanes = place.get("driving_lanes")
    if isinstance(lanes, int) and not isinstance(lanes, bool) and lanes > 0:
        extras.insert(0, _counted("lane", lanes))
    tail = f" with {listed(extras)}" if extras else ""
    yield f"The camera shows {layout}{setting}{tail}."


def _who(facts: Mapping[str, Any]) -> Iterator[str]:
    counts = _counts(facts)
    if counts:
        are = "is" if next(iter(counts.values())) == 1 else "are"
        yield f"There {are} {listed([_counted(kind, n) for kind, n in counts.items()])}."
    names = Counter(
        str(actor["name"])
        for actor in _tables(facts, "actors")
        if actor.get("colour") and actor.get("name") and not actor.get("carries_camera")
    )
    if names:
        told = [_counted(name, number) for name, number in names.items()]
        yield f"Among them {_are(names)} {listed(told)}."


def _what(facts: Mapping[str, Any]) -> Iterator[str]:
    names: dict[str, str] = {}
    own = ""
    for one in _tables(facts, "actors"):
        track = str(one.get("track_id"))
        if one.get("carries_camera"):
            own = f"the {one.get('object_class') or 'vehicle'} with the camera"
            names[track] = own
        else:
            names[track] = str(one.get("name"))
    doing: dict[str, dict[str, str]] = {}
    for one in _tables(facts, "manoeuvres"):
        if isinstance(one.get("kind"), str):
            track = str(one.get("track_id"))
            doing.setdefault(one["kind"], {})[track] = names.get(track, "road user")
    for kind, who in doing.items():
        counts = Counter(name for name in who.values() if name != own)
        action = _ACTIONS.get(kind, kind.replace("_", " "))
        told = [_counted(name, number) for name, number in counts.items()]
        if own and own in who.values():
            told.insert(0, own)
        are = "is" if len(who) == 1 else "are"
        whole = listed(told)
        yield f"{whole[0].upper()}{whole[1:]} {are} {action}."
    for event in _tables(facts, "events"):
        text = event.get("plain_text") or event.get("text")
        if isinstance(text, str) and text.strip():
            sentence = text.strip().rstrip(".")
            yield f"{sentence[0].upper()}{sentence[1:]}."


def _conditions(conditions: Mapping[str, Any]) -> Iterator[str]:
    parts = []
    if conditions.get("time_of_day") in _TIMES:
        parts.append(_TIMES[conditions["time_of_day"]])
    if isinstance(conditions.get("sky"), str):
        parts.append(f"with a {conditions['sky'].replace('_', ' ')} sky")
    for name in ("rain", "fog"):
        strength = conditions.get(name)
        if isinstance(strength, str) and strength != "none":
            parts.append(f"in {strength} {name}")
    if isinstance(conditions.get("road"), str):
        road = {"puddles": "the road is covered with puddles"}
        parts.append(road.get(conditions["road"], f"the road is {conditions['road']}"))
    if parts:
        yield f"It was recorded {', '.join(parts)}."


def _counts(facts: Mapping[str, Any]) -> dict[str, int]:
    """Return how many there are of each class, of ``{"car": 3}`` or ``{"car": {"total": 3}}``."""
    counts = {}
    for kind, value in _table(facts, "counts").items():
        number = value.get("total") if isinstance(value, Mapping) else value
        if isinstance(number, int) and not isinstance(number, bool) and number > 0:
            counts[str(kind)] = number
    return counts


def _counted(name: str, number: int) -> str:
    return f"{number_word(number)} {name if number == 1 else plural(name)}"


def _are(counts: Counter[str]) -> str:
    return "is" if counts.total() == 1 else "are"


def _table(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = facts.get(name)
    return value if isinstance(value, Mapping) else {}


def _tables(facts: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = facts.get(name)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
