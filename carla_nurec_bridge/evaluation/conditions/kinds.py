"""All kinds of conditions, and those that combine others: all, any, not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    Field,
    GetPydanticSchema,
    TypeAdapter,
    model_validator,
)

from . import encounters, lanes, motion, places, rules, timing
from .base import Condition, Course, Observed, Watch
from .tick import Tick

_LEAVES: tuple[type[Condition], ...] = (
    *timing.KINDS,
    *motion.KINDS,
    *encounters.KINDS,
    *places.KINDS,
    *lanes.KINDS,
    *rules.KINDS,
)


class _Combined(Condition):
    @model_validator(mode="after")
    def _once_timed(self) -> _Combined:
        if self.is_timed and any(part.is_timed for part in _below(self)):
            raise ValueError(
                "holds, after_s and within_s stand here and in a condition below; give them once"
            )
        return self

    def _watches(self, course: Course) -> list[Watch]:
        return [part.watch(course) for part in self.parts]


class AllOf(_Combined):
    """All of some conditions."""

    type: Literal["all"]
    of: tuple[AnyCondition, ...] = Field(min_length=1, description="the conditions")

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The conditions that it combines."""
        return self.of

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        return _Several(self._watches(course), decisive=False, word=" and ")


class AnyOf(_Combined):
    """Any of some conditions."""

    type: Literal["any"]
    of: tuple[AnyCondition, ...] = Field(min_length=1, description="the conditions")

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The conditions that it combines."""
        return self.of

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        return _Several(self._watches(course), decisive=True, word=" or ")


class Negation(_Combined):
    """The opposite of a condition."""

    type: Literal["not"]
    of: AnyCondition = Field(description="the condition")

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The condition that it turns round."""
        return (self.of,)

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        return _Opposite(self.of.watch(course))


class _Several:
    """All (or any) of some watches: the first that decides it speaks, else the first of all."""

    def __init__(self, watches: Sequence[Watch], *, decisive: bool, word: str) -> None:
        self._watches, self._decisive = watches, decisive
        self.claim = word.join(watch.claim for watch in watches)

    def look(self, tick: Tick) -> Observed:
        seen = [watch.look(tick) for watch in self._watches]
        for one in seen:
            if one.holds is self._decisive:
                return one
        unknown = next((one for one in seen if one.holds is None), None)
        if unknown is not None:
            return unknown
        words = "; ".join(one.words for one in seen if one.words)
        actors = tuple(dict.fromkeys(actor for one in seen for actor in one.actors))
        figures = reduce(or_, (one.figures for one in reversed(seen)))
        return Observed(not self._decisive, words, seen[0].place, actors, figures)


class _Opposite:
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.claim = f"it is not so that {watch.claim}"

    def look(self, tick: Tick) -> Observed:
        seen = self._watch.look(tick)
        holds = None if seen.holds is None else not seen.holds
        margin = None if seen.margin is None else -seen.margin
        return Observed(holds, seen.words, seen.place, seen.actors, seen.figures, margin)


_KINDS: tuple[type[Condition], ...] = (*_LEAVES, AllOf, AnyOf, Negation)
CONDITION_KINDS: dict[str, type[Condition]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in _KINDS
}
"""Every kind by its ``type``."""

_UNION: Any = Annotated[reduce(or_, CONDITION_KINDS.values()), Field(discriminator="type")]
AnyCondition = Annotated[
    Condition, GetPydanticSchema(lambda _, handler: handler.generate_schema(_UNION))
]
"""A condition of whichever kind its ``type`` names."""


def condition_of(fields: Mapping[str, object]) -> Condition:
    """Return the condition that these fields say; pydantic's ValidationError for none."""
    return _adapter().validate_python(fields)


@cache
def _adapter() -> TypeAdapter[Condition]:
    return TypeAdapter(AnyCondition)


def _below(condition: Condition) -> list[Condition]:
    return [x for part in condition.parts for x in (part, *_below(part))]


def _without_times(condition: Condition) -> Condition:
    if any(one.is_timed for one in (condition, *_below(condition))):
        raise ValueError("holds, after_s and within_s are for outcomes; a trigger comes once")
    return condition


Trigger = Annotated[AnyCondition, AfterValidator(_without_times)]
"""A condition that starts something as soon as it holds."""
