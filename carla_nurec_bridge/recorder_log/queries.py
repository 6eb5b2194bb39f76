"""The questions ``show_recorder_collisions`` and ``show_recorder_actors_blocked``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .export.carla_text import head_lines, tail_lines
from .layouts import PacketKind
from .log import Log

_LETTERS = ("o", "v", "w", "t", "h", "a")
"""CARLA indexes its letters by actor kind, so a traffic sign shows as h and a sensor as a."""


@dataclass(frozen=True)
class CollisionRow:
    """The first frame of a contact: time in s, CARLA's letter of each side, and their ids."""

    time_s: float
    kinds: tuple[str, str]
    ids: tuple[int, int]


@dataclass(frozen=True)
class BlockedRow:
    """An actor that stood: since when and for how long, in seconds."""

    start_s: float
    duration_s: float
    actor_id: int


def collision_rows(log: Log, letter1: str, letter2: str) -> list[CollisionRow]:
    """Return the collisions between two kinds of actor.

    Letters: h hero, v vehicle, w walker, t traffic light, o other, a any. A pair that collided in
    the frame before as well goes on and is not listed again.
    """
    rows = []
    before: set[tuple[int, int]] = set()
    for frame in log.frames:
        now: set[tuple[int, int]] = set()
        for _, id1, id2, hero1, hero2 in log.records(frame, PacketKind.COLLISION).tolist():
            now.add((id1, id2))
            kind1, kind2 = _letter(log, id1), _letter(log, id2)
            wanted = _matches(letter1, kind1, hero1) and _matches(letter2, kind2, hero2)
            if wanted and (id1, id2) not in before:
                rows.append(CollisionRow(frame.elapsed_s, (kind1, kind2), (id1, id2)))
        before = now
    return rows


def collisions(log: Log, letter1: str, letter2: str) -> str:
    """Return ``collision_rows`` as CARLA's table."""
    rows = collision_rows(log, letter1, letter2)
    lines = head_lines(log)
    lines.append(f"{'Time':>8}{'Types':>6}{'Id':>6} {'Actor 1':<35}{'Id':>6} {'Actor 2':<35}")
    for row in rows:
        (kind1, kind2), (id1, id2) = row.kinds, row.ids
        lines.append(
            f"{row.time_s:>8.0f}  {kind1} {kind2} {id1:>6} "
            f"{_blueprint(log, id1):<35}{id2:>6} {_blueprint(log, id2):<35}"
        )
    return _ended(log, lines, bool(rows))


def blocked_rows(
    log: Log, min_time_s: float = 30.0, min_distance_cm: float = 10.0
) -> list[BlockedRow]:
    """Return the actors that stayed within a distance for a time, longest first."""
    rows: list[BlockedRow] = []
    last: dict[int, tuple[float, float, float]] = {}
    since: dict[int, float] = {}
    blocked_s: dict[int, float] = {}
    for frame in log.frames:
        for actor_id, location, _ in log.records(frame, PacketKind.POSITION).tolist():
            place = tuple(location)
            if math.dist(place, last.get(actor_id, (0.0, 0.0, 0.0))) < min_distance_cm:
                since.setdefault(actor_id, frame.elapsed_s)
                blocked_s[actor_id] = blocked_s.get(actor_id, 0.0) + frame.duration_s
                continue
            if blocked_s.get(actor_id, 0.0) >= min_time_s:
                # Of a time from 0 down, one that has never stood is told too, as in CARLA.
                stood_s = blocked_s.get(actor_id, 0.0)
                rows.append(BlockedRow(since.get(actor_id, 0.0), stood_s, actor_id))
            since.pop(actor_id, None)
            blocked_s.pop(actor_id, None)
            last[actor_id] = (place[0], place[1], place[2])
    rows += [BlockedRow(since[i], s, i) for i, s in blocked_s.items() if s >= min_time_s]
    return sorted(rows, key=lambda row: -row.duration_s)


def actors_blocked(log: Log, min_time_s: float = 30.0, min_distance_cm: float = 10.0) -> str:
    """Return ``blocked_rows`` as CARLA's table."""
    rows = blocked_rows(log, min_time_s, min_distance_cm)
    lines = head_lines(log)
    lines.append(f"{'Time':>8}{'Id':>6} {'Actor':<35}{'Duration':>10}")
    for row in rows:
        name = _blueprint(log, row.actor_id)
        lines.append(f"{row.start_s:>8.0f}{row.actor_id:>6} {name:<35}{row.duration_s:>10.0f}")
    return _ended(log, lines, bool(rows))


def _ended(log: Log, lines: list[str], rounded: bool) -> str:
    """Join a table and its tail; CARLA rounds the duration once it has rounded a row."""
    tail = tail_lines(log)
    if rounded:
        tail[-1] = f"Duration: {log.total_s:.0f} seconds"
    return "\n".join([*lines, *tail]) + "\n"


def _letter(log: Log, actor_id: int) -> str:
    event = log.actors.get(actor_id)
    return _LETTERS[event.kind] if event and event.kind < len(_LETTERS) else "o"


def _matches(letter: str, kind: str, hero: int) -> bool:
    return letter in ("a", kind) or (letter == "h" and hero != 0)


def _blueprint(log: Log, actor_id: int) -> str:
    event = log.actors.get(actor_id)
    return event.blueprint if event else ""
