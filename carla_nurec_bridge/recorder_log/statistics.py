"""What a recording holds, as values for tables: its packets, its actors, its events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..world.states import TELEPORT_MPS
from .layouts import (
    COUNT,
    NUMBERS,
    ActorKind,
    PacketKind,
)
from .log import Log
from .mapped import note_reading
from .packets import LogFrame
from .trajectories import CM_PER_M, boxes_of, check_ids

_UNCOUNTED = {PacketKind.FRAME_START, PacketKind.FRAME_END, *NUMBERS}
_NO_ACTOR = (0, 0xFFFFFFFF)


@dataclass(frozen=True)
class PacketUse:
    """How much of one kind of packet there is; ``records`` is None for unknown kinds."""

    number: int
    name: str
    packets: int
    records: int | None
    bytes: int


@dataclass(frozen=True)
class ActorSummary:
    """An actor over its recorded life; without positions ``distance_m`` and the speed are None.

    ``first_s`` and ``last_s`` are seconds of the recording, ``size_m`` length, width, height.
    """

    actor_id: int
    kind: str
    blueprint: str
    role_name: str
    first_s: float
    last_s: float
    size_m: tuple[float, float, float] | None
    distance_m: float | None
    max_speed_mps: float | None


def packet_uses(log: Log) -> list[PacketUse]:
    """Return how often each kind of packet occurs, by rising number."""
    found: dict[int, list[int]] = {}
    known = PacketKind._value2member_map_
    for frame in log.frames:
        for packet in frame.packets:
            kind = log.kinds.get(packet.number, packet.number)
            entry = found.setdefault(kind, [0, 0, 0])
            entry[0] += 1
            entry[2] += packet.size
            if kind in known and kind not in _UNCOUNTED and packet.size >= COUNT.size:
                note_reading(log.data, COUNT.size)
                entry[1] += COUNT.unpack_from(log.data, packet.offset)[0]
    return [
        PacketUse(
            kind,
            PacketKind(kind).name if kind in known else "unknown",
            packets,
            (packets if kind in _UNCOUNTED else records) if kind in known else None,
            size,
        )
        for kind, (packets, records, size) in sorted(found.items())
    ]


def actor_summaries(log: Log) -> list[ActorSummary]:
    """Return every actor of a recording by rising id."""
    check_ids(log)
    first, last = _lives(log)
    driven, boxes = _driven(log), boxes_of(log)
    summaries = []
    for actor_id in sorted(log.actors):
        event = log.actors[actor_id]
        distance_m, speed_mps = driven.get(actor_id, (None, None))
        size_m, _ = boxes.get(actor_id, (None, None)) if actor_id in driven else (None, None)
        summaries.append(
            ActorSummary(
                actor_id,
                kind_name(event.kind),
                event.blueprint,
                event.attribute("role_name") or "",
                first[actor_id],
                last[actor_id],
                size_m,
                distance_m,
                speed_mps,
            )
        )
    return summaries


def frame_events(log: Log, frame: LogFrame) -> Iterator[str]:
    """Yield what happens in a frame as short sentences."""
    for event in log.added(frame):
        yield f"{actor_words(log, event.actor_id)} appears"
    for (actor_id,) in log.records(frame, PacketKind.EVENT_DEL).tolist():
        yield f"{actor_words(log, actor_id)} goes"
    for child, parent in log.records(frame, PacketKind.EVENT_PARENT).tolist():
        yield f"{actor_words(log, child)} rides on {actor_words(log, parent)}"
    for _, one, other, *_ in log.records(frame, PacketKind.COLLISION).tolist():
        yield f"{actor_words(log, one)} collides with {actor_words(log, other)}"
    for actor_id, door, is_open in log.records(frame, PacketKind.VEHICLE_DOOR).tolist():
        yield f"{actor_words(log, actor_id)} {'opens' if is_open else 'closes'} door {door}"


def actor_words(log: Log, actor_id: int) -> str:
    """Return the words for an actor: its role or blueprint, with its id."""
    event = log.actors.get(actor_id)
    if event is None:
        return "the scenery" if actor_id in _NO_ACTOR else f"actor {actor_id}"
    return f"{event.attribute('role_name') or event.blueprint} ({actor_id})"


def kind_name(kind: int) -> str:
    """Return the word for an actor's kind."""
    known = kind in ActorKind._value2member_map_
    return ActorKind(kind).name.lower().replace("_", " ") if known else str(kind)


def _lives(log: Log) -> tuple[dict[int, float], dict[int, float]]:
    first: dict[int, float] = {}
    last = dict.fromkeys(log.actors, log.total_s)
    for frame in log.frames:
        for event in log.added(frame):
            first.setdefault(event.actor_id, frame.elapsed_s)
            last[event.actor_id] = log.total_s
        for (actor_id,) in log.records(frame, PacketKind.EVENT_DEL).tolist():
            last[actor_id] = frame.elapsed_s
    return first, last


def _driven(log: Log) -> dict[int, tuple[float, float]]:
    """Return how far each actor went (m) and its highest speed (m/s); jumps count for neither.

    Only what the frame before tells is kept, so that a recording may be of any length.
    """
    ids = np.array(sorted(log.actors), np.uint32)
    before_m, before_s = np.zeros((len(ids), 3)), np.full(len(ids), np.nan)
    driven_m, fastest_mps = np.zeros(len(ids)), np.zeros(len(ids))
    for frame in log.frames:
        records = log.records(frame, PacketKind.POSITION)
        records = records[np.isin(records["id"], ids)]
        at = np.searchsorted(ids, records["id"])
        place_m = records["location"].astype(np.float64) / CM_PER_M
        step_m = np.linalg.norm(place_m - before_m[at], axis=1)
        step_s = frame.elapsed_s - before_s[at]
        with np.errstate(invalid="ignore"):
            real = (step_s > 0.0) & (step_m <= TELEPORT_MPS * step_s)
        driven_m[at[real]] += step_m[real]
        fastest_mps[at[real]] = np.maximum(fastest_mps[at[real]], step_m[real] / step_s[real])
        before_m[at], before_s[at] = place_m, frame.elapsed_s
    seen = np.isfinite(before_s)
    table = zip(
        ids[seen].tolist(), driven_m[seen].tolist(), fastest_mps[seen].tolist(), strict=True
    )
    return {actor_id: (driven_m, fastest) for actor_id, driven_m, fastest in table}
