"""The expected outcome of a drive: a tree of conditions in time, judged tick by tick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ...core.run_contract.verdict import ConditionVerdict, ScenarioVerdict, VerdictStatus
from ..conditions import Condition, Course, Tick
from .timed import TimedCondition

_TURNED: dict[VerdictStatus, VerdictStatus] = {
    "passed": "failed",
    "failed": "passed",
    "undecided": "undecided",
}


class _Node(Protocol):
    @property
    def status(self) -> VerdictStatus: ...

    def update(self, tick: Tick) -> None: ...

    def settle(self) -> None: ...

    def verdicts(self) -> Iterator[ConditionVerdict]: ...


class OutcomeJudge:
    """Judges one drive; ``update`` is told every tick, ``settle`` that the whole drive was seen.

    ``name`` is the scenario's. Conditions that combine others and say no time of their own are
    decided as their parts are; all others are watched in time as a whole.
    """

    def __init__(self, outcome: Condition, course: Course, name: str) -> None:
        self._root = _node(outcome, course, "outcome")
        self._name = name
        self._time_s = 0.0

    @property
    def status(self) -> VerdictStatus:
        """What is known so far."""
        return self._root.status

    def update(self, tick: Tick) -> None:
        """Look at the next tick; once the whole is decided nothing changes any more."""
        if self.status == "undecided":
            self._time_s = tick.time_s
            self._root.update(tick)

    def settle(self) -> None:
        """Decide what is still open: the drive has come to its end."""
        if self.status == "undecided":
            self._root.settle()

    def verdict(self) -> ScenarioVerdict:
        """Return what is known so far."""
        return ScenarioVerdict(
            name=self._name,
            status=self.status,
            time_s=self._time_s,
            conditions=tuple(self._root.verdicts()),
        )


class _Leaf(TimedCondition):
    def verdicts(self) -> Iterator[ConditionVerdict]:
        yield self.verdict()


class _Combination:
    """All (or any) of some parts: one that fails (or passes) decides it."""

    def __init__(self, parts: list[_Node], decisive: VerdictStatus) -> None:
        self._parts, self._decisive = parts, decisive

    @property
    def status(self) -> VerdictStatus:
        found = [part.status for part in self._parts]
        if self._decisive in found:
            return self._decisive
        return "undecided" if "undecided" in found else found[0]

    def update(self, tick: Tick) -> None:
        for part in self._parts:
            part.update(tick)

    def settle(self) -> None:
        for part in self._parts:
            part.settle()

    def verdicts(self) -> Iterator[ConditionVerdict]:
        for part in self._parts:
            yield from part.verdicts()


class _Opposite:
    """What has passed when its part has failed."""

    def __init__(self, part: _Node) -> None:
        self._part = part

    @property
    def status(self) -> VerdictStatus:
        return _TURNED[self._part.status]

    def update(self, tick: Tick) -> None:
        self._part.update(tick)

    def settle(self) -> None:
        self._part.settle()

    def verdicts(self) -> Iterator[ConditionVerdict]:
        for one in self._part.verdicts():
            yield one.model_copy(update={"status": _TURNED[one.status]})


def _node(condition: Condition, course: Course, path: str) -> _Node:
    if not condition.parts or condition.is_timed:
        return _Leaf(condition, course, f"{path} ({condition.type})")
    listed = condition.type != "not"
    parts = [
        _node(part, course, f"{path}.of.{number}" if listed else f"{path}.of")
        for number, part in enumerate(condition.parts)
    ]
    if condition.type == "not":
        return _Opposite(parts[0])
    return _Combination(parts, "failed" if condition.type == "all" else "passed")
