"""How often each condition was drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations

from pydantic import Field

from ....core.run_contract.record import Record
from .vocabulary import Conditions, Vocabulary


class Coverage(Record):
    """How often each value was drawn, and how many pairs of values were."""

    variants: int
    values: dict[str, dict[str, int]] = Field(description="by category, in the vocabulary's order")
    pairs_drawn: int = Field(description="different pairs of values of two categories")
    pairs_possible: int = Field(description="those that go together")

    def undrawn(self) -> list[str]:
        """Return the values that were not drawn, as ``road: sand``."""
        return [
            f"{name}: {value}"
            for name, counts in self.values.items()
            for value, count in counts.items()
            if not count
        ]


def coverage_of(vocabulary: Vocabulary, drawn: Iterable[Conditions]) -> Coverage:
    """Return how far drawn conditions cover a vocabulary."""
    draws = list(drawn)
    counts: Counter[tuple[str, str]] = Counter(item for one in draws for item in one.items())
    pairs = {pair for one in draws for pair in combinations(one.items(), 2)}
    possible = {pair for one in vocabulary.combinations for pair in combinations(one.items(), 2)}
    return Coverage(
        variants=len(draws),
        values={
            name: {value: counts[name, value] for value in values}
            for name, values in vocabulary.categories.items()
        },
        pairs_drawn=len(pairs & possible),
        pairs_possible=len(possible),
    )
