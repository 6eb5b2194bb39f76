"""Watches of conditions that remember nothing, and numbers against their bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .base import Condition, Observed
from .tick import EGO_NAME, Mover, Tick


@dataclass(frozen=True, eq=False)
class Watched:
    """A watch that is a function of the tick alone."""

    claim: str
    look: Callable[[Tick], Observed]


@dataclass(frozen=True)
class Bounds:
    """Two bounds of a number, at least one of them given; ``unit`` is written behind it."""

    above: float | None
    below: float | None
    unit: str

    @property
    def words(self) -> str:
        """The bounds in a sentence."""
        parts = [f"above {self.above:g} {self.unit}"] if self.above is not None else []
        parts += [f"below {self.below:g} {self.unit}"] if self.below is not None else []
        return " and ".join(parts)

    def margin(self, value: float) -> float:
        """Return by how much a value is within the bounds, negative outside."""
        over = [value - self.above] if self.above is not None else []
        under = [self.below - value] if self.below is not None else []
        return min(over + under)


def some_bound(condition: Condition, *names: str) -> None:
    """Demand at least one of these fields; ValueError names them."""
    if all(getattr(condition, name) is None for name in names):
        raise ValueError(f"give {' or '.join(names)}")


def named_words(name: str) -> str:
    """Return how somebody is called before anything is known of it."""
    return "the ego" if name == EGO_NAME else name


def absent(name: str) -> Observed:
    """Return what is seen of somebody who is not there."""
    return Observed(None, f"{named_words(name)} was not there")


def one_mover(name: str, look: Callable[[Tick, Mover], Observed]) -> Callable[[Tick], Observed]:
    """Return a look at somebody by name."""

    def seen(tick: Tick) -> Observed:
        mover = tick.mover(name)
        return absent(name) if mover is None else look(tick, mover)

    return seen


def two_movers(
    name: str, other_name: str, look: Callable[[Tick, Mover, Mover], Observed]
) -> Callable[[Tick], Observed]:
    """Return a look at two by name."""

    def seen(tick: Tick) -> Observed:
        one, other = tick.mover(name), tick.mover(other_name)
        if one is None or other is None:
            return absent(name if one is None else other_name)
        return look(tick, one, other)

    return seen
