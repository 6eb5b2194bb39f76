"""Which part of a split a scenario belongs to: all of it, so that no twin is in another part."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from ...core.errors import InputError

_SUM_SLACK = 1e-6
ALL = {"train": 1.0}
"""What one has without a split."""


def parse_split(text: str) -> dict[str, float]:
    """Return the share of each part of ``train=0.8,val=0.2``; InputError says what is wrong."""
    shares: dict[str, float] = {}
    for piece in text.split(","):
        name, equals, share = (part.strip() for part in piece.partition("="))
        try:
            number = float(share)
        except ValueError:
            number = -1.0
        if not (equals and name.isidentifier() and 0.0 < number <= 1.0):
            raise InputError(f"{piece!r} is no part of a split; write train=0.8,val=0.2")
        if name in shares:
            raise InputError(f"the split has {name} twice")
        shares[name] = number
    if abs(sum(shares.values()) - 1.0) > _SUM_SLACK:
        raise InputError(f"the shares of the split {text} sum to {sum(shares.values()):g}, not 1")
    return shares


def split_scenarios(
    scenarios: Sequence[str], shares: Mapping[str, float], seed: int
) -> dict[str, str]:
    """Return the part that each scenario belongs to.

    Parts get whole scenarios, at least one each, drawn by the seed and the scenarios' names.
    InputError when there are fewer scenarios than parts.
    """
    if len(scenarios) < len(shares):
        raise InputError(
            f"{len(scenarios)} scenario(s) cannot be split into {', '.join(shares)}: a scenario "
            "is never divided, since its frames are alike; record more, or leave --split out"
        )
    order = sorted(scenarios, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
    parts = [part for part, count in _counts(len(order), shares).items() for _ in range(count)]
    return dict(zip(order, parts, strict=True))


def _counts(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return how many scenarios each part gets: one, and the rest where most is owed."""
    counts = dict.fromkeys(shares, 1)
    for _ in range(total - len(counts)):
        most = max(shares, key=lambda part: shares[part] * total - counts[part])
        counts[most] += 1
    return counts
