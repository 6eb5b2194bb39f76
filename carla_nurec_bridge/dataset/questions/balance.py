"""Balance answers: none is more frequent than all others of its kind together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from .draft import generator
from .rows import AskedRow

_ALONE = 1
"""How many rows of a kind stay when all have one answer."""


def balanced(asked: Sequence[AskedRow], seed: int) -> tuple[list[AskedRow], Counter[str]]:
    """Return the rows that stay, in their order.

    Of those ``about`` one thing, the most frequent answer is cut to as many as there are of all
    others; with yes and no these are then as many. Whole questions go, drawn by the seed, so that
    no look of a clip tells an answer; of the last one its later looks. With no other answer one
    row stays. The counts are of what was cut, by ``about``.
    """
    groups: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, row in enumerate(asked):
        groups[row.question.about][row.question.option].append(index)
    gone: set[int] = set()
    cut: Counter[str] = Counter()
    for about, options in sorted(groups.items()):
        most = max(options, key=lambda name: (len(options[name]), name))
        others = sum(len(found) for name, found in options.items() if name != most)
        surplus = len(options[most]) - max(others, _ALONE)
        if surplus > 0:
            looks: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
            for index in options[most]:
                looks[asked[index].scenario, asked[index].question.question_id].insert(0, index)
            questions = list(looks.values())
            order = generator(seed, "balance", about).permutation(len(questions))
            gone.update([index for place in order for index in questions[place]][:surplus])
            cut[about] += surplus
    return [row for index, row in enumerate(asked) if index not in gone], cut
