"""Find what does not come out the same when it is done again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import Field

from ...core.run_contract.record import Record


class Flaky(Record):
    """A run whose repeats, with one seed, came out differently."""

    name: str = Field(description="the run without the number of its repeat")
    outcomes: dict[str, int] = Field(description="how often it came out how")


def flaky_runs(outcomes: Iterable[tuple[str, str]]) -> tuple[Flaky, ...]:
    """Return who came out differently, from each repeat's name and outcome."""
    counts: dict[str, Counter[str]] = {}
    for name, outcome in outcomes:
        counts.setdefault(name, Counter())[outcome] += 1
    return tuple(
        Flaky(name=name, outcomes=dict(sorted(each.items())))
        for name, each in sorted(counts.items())
        if len(each) > 1
    )
