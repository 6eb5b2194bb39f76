"""One condition in time: once, always, never, or at the end of the time that it is watched."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.run_contract.verdict import ConditionVerdict, VerdictStatus
from ..conditions import Condition, Course, Observed, Tick

_SLACK_S = 1e-9


@dataclass(frozen=True, eq=False)
class _Moment:
    """What was seen, and when."""

    stamp_ns: int
    time_s: float
    seen: Observed


class TimedCondition:
    """Watches a condition and decides, once and for all, whether it came out as expected."""

    def __init__(self, condition: Condition, course: Course, name: str) -> None:
        self._watch = condition.watch(course)
        self._holds = condition.holds or "once"
        self._from_s = condition.after_s or 0.0
        self._until_s = condition.within_s
        self._name = name
        self._closest: _Moment | None = None
        self._last: _Moment | None = None
        self._could_tell = False
        self._decided: tuple[VerdictStatus, str, _Moment | None] | None = None

    @property
    def status(self) -> VerdictStatus:
        """What is known so far."""
        return self._decided[0] if self._decided is not None else "undecided"

    def update(self, tick: Tick) -> None:
        """Look at the next tick."""
        if self._decided is not None:
            return
        until_s = self._until_s
        if until_s is not None and tick.time_s > until_s + _SLACK_S:
            self.settle()
            return
        seen = self._watch.look(tick)
        if tick.time_s < self._from_s - _SLACK_S:
            return
        now = _Moment(tick.moment.stamp_ns, tick.time_s, seen)
        self._last = now
        self._could_tell = self._could_tell or seen.holds is not None
        self._note_closest(now)
        if seen.holds and self._holds == "once":
            self._decide("passed", _told(now), now)
        elif seen.holds and self._holds == "never":
            self._decide("failed", _told(now), now)
        elif seen.holds is False and self._holds == "always":
            self._decide("failed", f"{_told(now)}; expected always: {self._watch.claim}", now)

    def settle(self) -> None:
        """Decide what is still open: the time that it is watched is over."""
        if self._decided is not None:
            return
        last, claim = self._last, self._watch.claim
        if last is None:
            self._decide("failed", f"the drive ended before it was looked at whether {claim}", None)
            return
        span = f"until {last.time_s:.2f} s"
        if not self._could_tell:
            words = f"{span} nobody could tell whether {claim}: {last.seen.words}"
            self._decide("failed", words, last)
            return
        match self._holds:
            case "once":
                near = self._closest
                tail = f"; nearest to it: {_told(near)}" if near is not None else ""
                self._decide("failed", f"{span} it never came true that {claim}{tail}", near)
            case "never":
                near = self._closest
                tail = f"; nearest to it: {_told(near)}" if near is not None else ""
                self._decide("passed", f"{span} it never came true that {claim}{tail}", near)
            case "always":
                near = self._closest
                tail = f"; the least: {_told(near)}" if near is not None else ""
                self._decide("passed", f"{span} it was always true that {claim}{tail}", near)
            case "at_end":
                good = bool(last.seen.holds)
                words = _told(last) + ("" if good else f"; expected at the end: {claim}")
                self._decide("passed" if good else "failed", words, last)

    def verdict(self) -> ConditionVerdict:
        """Return what became of it so far."""
        status, sentence, at = self._decided or (
            "undecided",
            f"the drive ended before it was known whether {self._watch.claim}",
            self._last,
        )
        seen = at.seen if at is not None else Observed(None)
        place = None
        if seen.place is not None:
            x, y, z = (float(value) for value in seen.place)
            place = x, y, z
        return ConditionVerdict(
            condition=self._name,
            status=status,
            sentence=sentence,
            stamp_ns=at.stamp_ns if at is not None else None,
            time_s=at.time_s if at is not None else None,
            place_m=place,
            actors=seen.actors,
            figures=seen.figures,
        )

    def _note_closest(self, now: _Moment) -> None:
        """Keep the moment that came nearest to deciding it."""
        margin = now.seen.margin
        if margin is None:
            return
        best = self._closest.seen.margin if self._closest is not None else None
        nearer = best is None or (margin < best if self._holds == "always" else margin > best)
        if nearer:
            self._closest = now

    def _decide(self, status: VerdictStatus, sentence: str, at: _Moment | None) -> None:
        self._decided = status, sentence, at


def _told(at: _Moment) -> str:
    """Return what was seen with its time and place."""
    where = ""
    if at.seen.place is not None:
        x, y = (float(value) for value in at.seen.place[:2])
        where = f", at ({x:.1f}, {y:.1f})"
    return f"at {at.time_s:.2f} s {at.seen.words}{where}"
