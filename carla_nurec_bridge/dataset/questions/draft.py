"""A question before it has words: what is asked, of whom, and what the truth says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..truth import Evidence, QuestionKind


@dataclass(frozen=True)
class Draft:
    """What is asked: ``pattern`` names its wordings, ``slots`` fill them.

    ``about`` names whose answers are balanced, by default the kind's, ``option`` the answer as it
    is counted there, by default ``short``. ``hardness`` says how close the truth is to another
    answer, 1 being the hardest.
    """

    kind: QuestionKind
    pattern: str
    slots: Mapping[str, str]
    short: str
    answer: str
    evidence: Evidence
    about: str = ""
    option: str = ""
    needs_marks: bool = True
    any_look: bool = True
    hardness: float = 0.0


@dataclass
class Unclear:
    """Counts what was not asked because the truth leaves room for another answer."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, why: str) -> None:
        """Count one."""
        self.counts[why] = self.counts.get(why, 0) + 1


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return numbers that depend on the seed and some names, and on nothing else."""
    text = "/".join(map(str, (seed, *names)))
    return np.random.default_rng(list(hashlib.sha256(text.encode()).digest()[:16]))
