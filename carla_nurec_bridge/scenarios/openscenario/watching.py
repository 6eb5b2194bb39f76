"""What conditions of an OpenSCENARIO file are watched with."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...evaluation.conditions import Course, Watch
from .document import Element
from .positions import PoseOf

_EQUAL = 1e-3
_RULES: dict[str, Callable[[float, float], bool]] = {
    "lessThan": operator.lt,
    "greaterThan": operator.gt,
    "lessOrEqual": operator.le,
    "greaterOrEqual": operator.ge,
    "equalTo": lambda one, other: abs(one - other) <= _EQUAL,
}
ElementKey = tuple[str, str]


@dataclass(eq=False)
class StoryStates:
    """When elements of the storyboard, by type and name, began and ended, in s."""

    began: dict[ElementKey, float] = field(default_factory=dict)
    ended: dict[ElementKey, float] = field(default_factory=dict)

    def holds(self, key: ElementKey, state: str) -> bool:
        """Say whether an element is, or has been, in a state."""
        if state == "standbyState":
            return key not in self.began
        if state == "startTransition":
            return key in self.began
        if state == "runningState":
            return key in self.began and key not in self.ended
        return key in self.ended


@dataclass(frozen=True, eq=False)
class WatchContext:
    """What conditions are watched with: the course, poses at the start, the storyboard, names.

    ``names`` says by entity how the world calls it; the ego is ``ego`` there.
    """

    course: Course
    pose_of: PoseOf
    states: StoryStates
    names: Mapping[str, str]


WatchMaker = Callable[[WatchContext], Watch]
"""Begins to watch a condition that was read."""


def named_entity(element: Element, name: str, context: WatchContext) -> str:
    """Return how the world calls an entity; InputError for one that there is none of."""
    if name not in context.names:
        raise element.refuse(f"names the entity {name!r}, which there is none of")
    return context.names[name]


def rule_of(kind: Element) -> Callable[[float], bool]:
    """Return the comparison with ``value`` that a condition's rule names."""
    value = kind.number("value")
    compare = _RULES[kind.choice("rule", tuple(_RULES))]
    return lambda found: compare(found, value)
