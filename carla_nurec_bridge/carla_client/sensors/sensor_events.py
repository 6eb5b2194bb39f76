"""What happened to the ego: collisions, crossed lane markings, obstacles ahead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import carla

from ...core.frames import mirror_vector
from ...core.rig.rig import SensorKind
from .non_cameras import NonCameraSensor


@dataclass(frozen=True)
class SensorEvent:
    """One event: what kind, reported by which sensor, at which CARLA frame, and its facts."""

    kind: SensorKind
    sensor: str
    frame: int
    summary: str
    facts: dict[str, str]


def happenings(devices: Iterable[NonCameraSensor]) -> list[SensorEvent]:
    """Return what the event sensors have reported since the last call, in order of frames."""
    found = [
        _happening(device.sensor.kind, device.sensor.name, event)
        for device in devices
        for event in device.drain()
    ]
    return sorted(found, key=lambda happening: (happening.frame, happening.sensor))


def _happening(kind: SensorKind, sensor: str, event: Any) -> SensorEvent:
    if kind == "lane_invasion":
        markings = event.crossed_lane_markings
        facts = {
            "types": ",".join(str(m.type) for m in markings),
            "colors": ",".join(str(m.color) for m in markings),
        }
        return SensorEvent(kind, sensor, event.frame, f"crossed {facts['types']}", facts)
    facts = _other(event.other_actor)
    if kind == "collision":
        i = event.normal_impulse
        impulse = mirror_vector((i.x, i.y, i.z))
        facts |= {f"impulse_{axis}": repr(float(v)) for axis, v in zip("xyz", impulse, strict=True)}
    else:
        facts["distance_m"] = repr(float(event.distance))
    return SensorEvent(kind, sensor, event.frame, facts["type_id"], facts)


def _other(actor: carla.Actor | None) -> dict[str, str]:
    """Return who the other was; static parts of the level have no actor of their own."""
    if actor is None:
        return {"actor_id": "0", "type_id": "static", "role_name": ""}
    role = actor.attributes.get("role_name", "")
    return {"actor_id": str(actor.id), "type_id": actor.type_id, "role_name": role}
