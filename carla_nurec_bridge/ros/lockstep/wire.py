"""The words of lock-step as messages: ``lockstep/run`` and ``lockstep/done``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import String

from ...core.errors import ProtocolError
from ...core.lockstep.words import (
    MOST_BEHIND_FRAMES,
    Announcement,
    Answer,
    Asked,
    Declaration,
    Farewell,
    Heard,
    Member,
    RunState,
)
from ..messages.convert import nanoseconds_of, stamp_message

_OWN = "lockstep."
"""Before the keys that are no topics."""
_MOST_PERIOD_FRAMES = 1_000_000


def run_message(state: RunState) -> String:
    """Return the message of ``lockstep/run``."""
    return String(data=json.dumps(asdict(state)))


def run_state(message: String) -> RunState:
    """Read a message of ``lockstep/run``; ProtocolError when it is not one."""
    try:
        told: dict[str, Any] = json.loads(message.data)
        members = tuple(
            Member(Declaration(**_tupled(m["of"], "reads")), m["from_frame"])
            for m in told.pop("members", ())
        )
        asked = told.pop("asked", None)
        asked = None if asked is None else Asked(**_tupled(asked, "names"))
        return RunState(**told, members=members, asked=asked)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProtocolError(
            f"lockstep/run carries no run state but {message.data[:80]!r}; "
            "is another program publishing there?"
        ) from error


def _tupled(values: dict[str, Any], field: str) -> dict[str, Any]:
    return values | {field: tuple(values[field])}


def done_message(word: Announcement | Answer | Farewell | Heard) -> DiagnosticArray:
    """Return the message of ``lockstep/done``.

    Stamp zero is an announcement (OK: ready, WARN: what it waits for), a farewell (level STALE), or
    word of who was heard (it has that name); any other stamp is that of the frame which is
    answered, OK or ERROR.
    """
    status = DiagnosticStatus()
    stamp_ns = 0
    match word:
        case Announcement(of, waits):
            status.level = DiagnosticStatus.WARN if waits else DiagnosticStatus.OK
            status.name, status.message = of.name, waits
            told = {
                "incarnation": of.incarnation,
                "period_frames": str(of.period_frames),
                "deadline_s": repr(of.deadline_s),
                "reads": ",".join(of.reads),
                "hears": "all" if of.hears_all else "",
                "behind_frames": str(of.behind_frames),
            }
        case Heard():
            status.level, status.name = DiagnosticStatus.OK, word.participant
            told = {
                "incarnation": word.incarnation,
                "heard": word.other,
                "heard_incarnation": word.other_incarnation,
            }
        case Farewell(name, incarnation):
            status.level, status.name = DiagnosticStatus.STALE, name
            told = {"incarnation": incarnation}
        case Answer():
            status.level = DiagnosticStatus.OK if word.ok else DiagnosticStatus.ERROR
            status.name, status.message = word.participant, word.message
            status.hardware_id, stamp_ns = word.run_id, word.stamp_ns
            status.values = [KeyValue(key=k, value=str(n)) for k, n in word.counts.items()]
            told = {"incarnation": word.incarnation}
    status.values += [KeyValue(key=_OWN + k, value=v) for k, v in told.items() if v]
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp_message(stamp_ns)
    return message


def done_word(message: DiagnosticArray) -> Announcement | Answer | Farewell | Heard | None:
    """Return what a message of ``lockstep/done`` says, None for one that no participant sends."""
    if len(message.status) != 1:
        return None
    status, stamp_ns = message.status[0], nanoseconds_of(message.header.stamp)
    values = {item.key: item.value for item in status.values}
    own = {k.removeprefix(_OWN): values.pop(k) for k in [*values] if k.startswith(_OWN)}
    incarnation = own.get("incarnation", "")
    ok = status.level == DiagnosticStatus.OK
    try:
        counts = {topic: int(count) for topic, count in values.items()}
        if stamp_ns > 0:
            run_id, text = status.hardware_id, status.message
            return Answer(status.name, stamp_ns, run_id, ok, text, counts, incarnation)
        if status.level == DiagnosticStatus.STALE:
            return Farewell(status.name, incarnation)
        if other := own.get("heard"):
            return Heard(status.name, incarnation, other, own.get("heard_incarnation", ""))
        return Announcement(
            _declaration(status.name, incarnation, own), "" if ok else status.message or "?"
        )
    except ValueError:
        return None


def _declaration(name: str, incarnation: str, own: dict[str, str]) -> Declaration:
    """Read a declaration; ValueError for numbers that it cannot have."""
    period_frames = int(own.get("period_frames", "1"))
    deadline_s = float(own.get("deadline_s", "0"))
    behind_frames = int(own.get("behind_frames", "0"))
    if not (
        name
        and 1 <= period_frames <= _MOST_PERIOD_FRAMES
        and 0 <= deadline_s < 1e9
        and 0 <= behind_frames <= MOST_BEHIND_FRAMES
    ):
        raise ValueError(f"no declaration: {name} {own}")
    reads = tuple(topic for topic in own.get("reads", "").split(",") if topic)
    hears_all = own.get("hears") == "all"
    return Declaration(
        name, incarnation, period_frames, deadline_s, reads, hears_all, behind_frames
    )
