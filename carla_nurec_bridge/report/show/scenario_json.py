"""What the page tells of a scenario, as values that JSON can hold."""

from __future__ import annotations

from typing import Any

from ...core.run_contract.timebase import NS_PER_S
from ...dataset.store import StoredScenario
from ...dataset.truth import ActorTruth, Event, ScenarioTruth
from ..markdown import size
from .track_colours import track_colour
from .videos import ShownVideo

_MOST_FACTS = 40


def scenario_json(
    scenario: StoredScenario,
    events: tuple[Event, ...],
    sizes: dict[str, tuple[int, int]],
    videos: dict[str, list[ShownVideo]],
    pictures: dict[str, str],
) -> dict[str, Any]:
    """Return all that the page tells of a scenario but its overlays and videos.

    ``sizes`` are width and height of each camera, ``pictures`` addresses of events' pictures.
    """
    truth = scenario.truth
    return {
        "name": scenario.name,
        "frames": truth.frames,
        "dt": truth.dt_ns / NS_PER_S,
        "facts": _facts(truth),
        "cameras": [
            {
                "name": camera,
                "width": sizes[camera][0],
                "height": sizes[camera][1],
                "videos": [
                    {"name": one.name, "fault": one.fault, "size": size(one.size)}
                    for one in videos[camera]
                ],
            }
            for camera in truth.cameras
        ],
        "actors": [_actor(actor) for actor in truth.actors],
        "events": [_event(event, truth, pictures.get(event.event_id)) for event in events],
    }


def _actor(actor: ActorTruth) -> dict[str, Any]:
    return {
        "track": actor.track_id,
        "class": str(actor.object_class),
        "blueprint": actor.blueprint,
        "role": actor.role_name,
        "paint": actor.colour_rgb,
        "colour": track_colour(actor.track_id),
        "size": [round(value, 2) for value in actor.size_m],
        "actor": actor.actor_id,
        "recorded": actor.recorded_id,
    }


def _event(event: Event, truth: ScenarioTruth, picture: str | None) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "kind": str(event.kind),
        "from": (event.start_ns - truth.t0_ns) / NS_PER_S,
        "to": (event.end_ns - truth.t0_ns) / NS_PER_S,
        "tracks": event.track_ids,
        "lane": event.lane,
        "evidence": list(event.evidence.items()),
        "mistaken": str(event.negative_of) if event.negative_of is not None else None,
        "difficulty": event.difficulty,
        "picture": picture,
    }


def _facts(truth: ScenarioTruth) -> list[tuple[str, str]]:
    """Return names and values of what is true of all of a scenario."""
    facts = [
        ("map", truth.map_name or "unknown"),
        ("frames", str(truth.frames)),
        ("actors", str(len(truth.actors))),
    ]
    for part in (truth.source, truth.weather or {}):
        facts += [(name.replace("_", " "), _value(value)) for name, value in part.items()]
    return facts[:_MOST_FACTS]


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return "none" if value is None else str(value)
