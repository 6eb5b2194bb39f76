"""Figures of a benchmark: told to the table and the JSON file of ``./dev bench``.

A benchmark run alone only prints. Run by ``./dev bench`` it finds a file to add its figures to in
the environment, one JSON value a line; ``quick`` asks for fewer rounds.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

FILE, QUICK = "CNB_BENCH_FIGURES", "CNB_BENCH_QUICK"


@dataclass(frozen=True)
class Figure:
    """A figure beside what it is held against in the same run: a floor, or a peer.

    ``better`` says whether it is to be "less" (a time) or "more" (a rate).
    """

    benchmark: str
    name: str
    value: float
    unit: str
    against: str
    floor: float
    better: Literal["less", "more"] = "less"

    @property
    def ratio(self) -> float | None:
        """How many times the floor it is; None where the floor is too small to have been seen."""
        return self.value / self.floor if self.floor else None

    def change(self, earlier: Figure) -> str:
        """Say how many times better or worse than an earlier one it is, by the ratios of both."""
        if not self.ratio or not earlier.ratio:
            return "–"
        times = self.ratio / earlier.ratio
        if self.better == "more":
            times = 1.0 / times
        return f"{times:.3g} x worse" if times > 1.0 else f"{1.0 / times:.3g} x better"


def quick() -> bool:
    """Return whether few rounds are enough."""
    return bool(os.environ.get(QUICK))


def tell(figure: Figure) -> None:
    """Add a figure to what ``./dev bench`` collects; alone it goes nowhere."""
    file = os.environ.get(FILE)
    if file:
        with Path(file).open("a") as stream:
            stream.write(json.dumps(asdict(figure)) + "\n")
