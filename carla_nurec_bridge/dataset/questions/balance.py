"""Balance answers: none is more frequent than all others of its kind together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from ..truth import Question
from .draft import generator

_ALONE = 1
"""How many questions of a kind stay when all have one answer."""


def balanced(
    asked: Sequence[tuple[str, Question]], seed: int
) -> tuple[list[tuple[str, Question]], Counter[str]]:
    """Return the questions that stay, each with its scenario's name, in their order.

    Of those ``about`` one thing, the most frequent answer is cut to as many as there are of all
    others; with yes and no these are then as many. Which ones go, the seed draws. With no other
    answer one question stays. The counts are of what was cut, by ``about``.
    """
    groups: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, (_, question) in enumerate(asked):
        groups[question.about][question.option].append(index)
    gone: set[int] = set()
    cut: Counter[str] = Counter()
    for about, options in sorted(groups.items()):
        most = max(options, key=lambda name: (len(options[name]), name))
        others = sum(len(found) for name, found in options.items() if name != most)
        surplus = len(options[most]) - max(others, _ALONE)
        if surplus > 0:
            drawn = generator(seed, "balance", about).permutation(options[most])[:surplus]
            gone.update(drawn.tolist())
            cut[about] += surplus
    return [one for index, one in enumerate(asked) if index not in gone], cut
