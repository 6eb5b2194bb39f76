"""What the page tells of a scenario, as values that JSON can hold."""

from __future__ import annotations

from typing import Any

from ...core.run_contract.timebase import NS_PER_S
from ...dataset.facts import Manoeuvre, SceneFacts
from ...dataset.store import StoredScenario
from ...dataset.truth import ActorTruth, Event, Question, ScenarioTruth
from ..markdown import size
from .track_colours import track_colour
from .videos import ShownVideo

_MOST_FACTS = 60
_PLACE = ("layout", "driving_lanes", "setting", "traffic_lights", "crossing")


def scenario_json(
    scenario: StoredScenario,
    known: SceneFacts,
    events: tuple[Event, ...],
    sizes: dict[str, tuple[int, int]],
    videos: dict[str, list[ShownVideo]],
    pictures: dict[str, str],
) -> dict[str, Any]:
    """Return all that the page tells of a scenario but its overlays and videos.

    ``known`` are the facts of all of it.

    ``sizes`` are width and height of each camera, ``pictures`` addresses of events' pictures.
    """
    truth, asked = scenario.truth, scenario.questions()
    return {
        "name": scenario.name,
        "frames": truth.frames,
        "dt": truth.dt_ns / NS_PER_S,
        "facts": _facts(truth, known),
        "cameras": [
            {
                "name": camera,
                "width": sizes[camera][0],
                "height": sizes[camera][1],
                "marked": scenario.folder.marks(camera).is_file(),
                "videos": [_video(one) for one in videos[camera]],
            }
            for camera in truth.cameras
        ],
        "actors": [_actor(actor, known) for actor in truth.actors],
        "events": [_event(event, truth, known, pictures.get(event.event_id)) for event in events],
        "manoeuvres": [_manoeuvre(one, truth) for one in known.manoeuvres],
        "questions": [_question(one, truth) for one in asked.questions] if asked else [],
    }


def _video(one: ShownVideo) -> dict[str, Any]:
    """Return what a video is; ``frames`` are the scenario's frames that a variant's own show."""
    made = one.variant
    variant = made and {
        "rate": made.rate_hz,
        "frames": made.source_frames,
        "conditions": list(made.conditions.values()),
        "prompt": made.prompt,
        "accepted": made.accepted,
        "faults": made.attempt.faults,
    }
    return {"name": one.name, "fault": one.fault, "size": size(one.size), "variant": variant}


def _seconds(stamp_ns: int, truth: ScenarioTruth) -> float:
    return (stamp_ns - truth.t0_ns) / NS_PER_S


def _actor(actor: ActorTruth, known: SceneFacts) -> dict[str, Any]:
    facts = known.actor(actor.track_id)
    return {
        "track": actor.track_id,
        "name": facts.name if facts is not None else str(actor.object_class),
        "class": str(actor.object_class),
        "blueprint": actor.blueprint,
        "role": actor.role_name,
        "paint": actor.colour_rgb,
        "colour": track_colour(actor.track_id),
        "size": [round(value, 2) for value in actor.size_m],
        "actor": actor.actor_id,
        "recorded": actor.recorded_id,
    }


def _event(
    event: Event, truth: ScenarioTruth, known: SceneFacts, picture: str | None
) -> dict[str, Any]:
    texts = {one.event_id: one.text for one in known.events}
    return {
        "id": event.event_id,
        "kind": str(event.kind),
        "from": _seconds(event.start_ns, truth),
        "to": _seconds(event.end_ns, truth),
        "text": texts.get(event.event_id, ""),
        "tracks": event.track_ids,
        "lane": event.lane,
        "evidence": list(event.evidence.items()),
        "mistaken": str(event.negative_of) if event.negative_of is not None else None,
        "difficulty": event.difficulty,
        "picture": picture,
    }


def _manoeuvre(one: Manoeuvre, truth: ScenarioTruth) -> dict[str, Any]:
    return {
        "kind": str(one.kind),
        "track": one.track_id,
        "other": one.other_track_id,
        "from": _seconds(one.span.start_ns, truth),
        "to": _seconds(one.span.end_ns, truth),
        "figures": list(one.figures.items()),
    }


def _question(one: Question, truth: ScenarioTruth) -> dict[str, Any]:
    evidence = one.evidence
    return {
        "id": one.question_id,
        "camera": one.camera,
        "kind": str(one.kind),
        "text": one.text,
        "answer": one.answer,
        "marks": one.needs_marks,
        "at": _seconds(min(evidence.stamps_ns), truth) if evidence.stamps_ns else None,
        "tracks": evidence.track_ids,
    }


def _facts(truth: ScenarioTruth, known: SceneFacts) -> list[tuple[str, str]]:
    """Return names and values of what is true of all of a scenario; what is unknown is left out."""
    place = known.place.to_json()
    facts: list[tuple[str, Any]] = [
        ("map", truth.map_name or "unknown"),
        ("frames", truth.frames),
        ("actors", len(truth.actors)),
        *((name, place[name]) for name in _PLACE if place.get(name) is not None),
    ]
    if known.conditions is not None:
        facts += known.conditions.to_json().items()
    facts += truth.source.items()
    facts += (truth.weather or {}).items()
    facts += [("note", note) for note in known.notes]
    return [(name.replace("_", " "), _value(value)) for name, value in facts[:_MOST_FACTS]]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return "none" if value is None else str(value)
