"""Ground-truth events of a recording, and the JSON file that lies beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from ..core.files.reasons import reason_of
from .spec import EventType

FORMAT = "carla_nurec_scenario"
Point = tuple[float, float, float]


@dataclass(frozen=True)
class EventParticipant:
    """Someone in an event: recorded id, role, blueprint, and where at its start and end.

    Positions are of the actor's origin in the right-handed map (x, y, z of OpenDRIVE), metres.
    """

    actor_id: int
    role_name: str
    blueprint: str
    start_m: Point
    end_m: Point


@dataclass(frozen=True)
class ScenarioEvent:
    """Something that happened: times in s of the recording, who, what in words, measured values.

    The first of ``actors`` is who did it. Units of ``measures`` are in their names. ``scripted``
    events are those of the hero and the incident car, others happened in the traffic around.
    """

    type: EventType
    start_s: float
    end_s: float
    actors: tuple[EventParticipant, ...]
    sentence: str
    measures: Mapping[str, float] = field(default_factory=dict)
    scripted: bool = False


def write_events(path: Path, head: Mapping[str, Any], events: Sequence[ScenarioEvent]) -> None:
    """Write the JSON beside a recording; InputError when that cannot be done."""
    document = {
        "format": FORMAT,
        **head,
        "frame": "right-handed map: x, y, z of OpenDRIVE in metres (CARLA's y mirrored)",
        "events": [asdict(event) for event in events],
    }
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {reason_of(error, path)}") from error


def read_events(path: Path) -> tuple[dict[str, Any], tuple[ScenarioEvent, ...]]:
    """Return (everything but the events, the events) of such a file; InputError when it is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise InputError(f"{path} is not a file of scenario events")
        events = tuple(_event(item) for item in document.pop("events"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a file of scenario events: {error}") from error
    return document, events


def _event(item: dict[str, Any]) -> ScenarioEvent:
    actors = tuple(
        EventParticipant(**{**a, "start_m": tuple(a["start_m"]), "end_m": tuple(a["end_m"])})
        for a in item["actors"]
    )
    return ScenarioEvent(**{**item, "actors": actors})
