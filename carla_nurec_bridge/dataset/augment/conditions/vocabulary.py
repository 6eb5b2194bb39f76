"""The values that conditions may have, and which of them do not go together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, field_validator, model_validator

from ....core.run_contract.record import Record
from ...facts import PlaceFacts
from .phrases import is_said, phrase_problem

Conditions = Mapping[str, str]
"""A value for each category."""

MOST_COMBINATIONS = 200_000
_FACTS = tuple(name for name in PlaceFacts.model_fields if name != "surfaces")


class ConditionValue(Record):
    """A value of a category and how prompts speak of it."""

    text: str = Field(max_length=300, description="a clause for prompts; empty says nothing")
    beside: dict[str, str] = Field({}, description="other texts, beside values of other categories")
    shown_by: tuple[str, ...] = Field((), description="phrases of which such a prompt has one")
    contradicts: tuple[str, ...] = Field((), description="phrases that none has")
    allows: tuple[str, ...] = Field(
        (), description="other values of the category that do not contradict it"
    )
    needs: dict[str, tuple[str, ...]] = Field(
        {}, description="what facts of the place must be for it to be drawn"
    )

    @field_validator("shown_by", "contradicts")
    @classmethod
    def _phrases(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            problem = phrase_problem(one)
            if problem:
                raise ValueError(f"phrase {one!r}: {problem}")
        return given

    @model_validator(mode="after")
    def _checkable(self) -> ConditionValue:
        for text in (self.text, *self.beside.values()):
            if self.text and not is_said(text, self.shown_by):
                raise ValueError(f"the text {text!r} has none of the phrases in shown_by")
        return self

    @field_validator("needs")
    @classmethod
    def _known_facts(cls, given: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name in given:
            if name not in _FACTS:
                raise ValueError(f"no fact of a place is called {name}: {', '.join(_FACTS)}")
        return given

    def fits(self, place: PlaceFacts) -> bool:
        """Say whether the facts of a place are known and as it needs them."""
        return all(str(getattr(place, name)) in wanted for name, wanted in self.needs.items())


class Constraint(Record):
    """Beside values in all categories of ``when``, no value of ``never`` is drawn."""

    name: str = Field(min_length=1)
    when: dict[str, tuple[str, ...]] = Field(min_length=1)
    never: dict[str, tuple[str, ...]] = Field(min_length=1)

    def is_broken_by(self, conditions: Conditions) -> bool:
        """Say whether conditions do not go together."""
        if not all(conditions.get(name) in values for name, values in self.when.items()):
            return False
        return any(conditions.get(name) in values for name, values in self.never.items())


class Vocabulary(Record):
    """All values by category, the constraints, and what prompts are never to show."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    categories: dict[str, dict[str, ConditionValue]] = Field(min_length=1)
    constraints: tuple[Constraint, ...] = ()
    negative_prompt: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Vocabulary:
        for name, values in self.categories.items():
            if not values:
                raise ValueError(f"category {name} has no values")
        for constraint in self.constraints:
            for side in (constraint.when, constraint.never):
                for name, wanted in side.items():
                    self._check(constraint.name, name, wanted)
        problem = self.negative_problem(self.negative_prompt)
        if problem:
            raise ValueError(problem)
        size = prod(len(values) for values in self.categories.values())
        if size > MOST_COMBINATIONS:
            raise ValueError(f"{size} combinations of values are more than {MOST_COMBINATIONS}")
        return self

    def _check(self, constraint: str, name: str, wanted: tuple[str, ...]) -> None:
        if name not in self.categories:
            known = ", ".join(self.categories)
            raise ValueError(f"constraint {constraint!r}: no category {name}; there are: {known}")
        for value in wanted:
            if value not in self.categories[name]:
                known = ", ".join(self.categories[name])
                raise ValueError(
                    f"constraint {constraint!r}: {name} has no value {value}; there are: {known}"
                )

    @cached_property
    def combinations(self) -> tuple[dict[str, str], ...]:
        """All conditions that go together, in the order of the file."""
        names = tuple(self.categories)
        every = (dict(zip(names, x, strict=True)) for x in product(*self.categories.values()))
        return tuple(x for x in every if not any(c.is_broken_by(x) for c in self.constraints))

    def never_drawn(self) -> list[str]:
        """Return the values, as ``road: sand``, that go together with nothing."""
        drawn = {item for one in self.combinations for item in one.items()}
        return [
            f"{name}: {value}"
            for name, values in self.categories.items()
            for value in values
            if (name, value) not in drawn
        ]

    def fitting(self, place: PlaceFacts) -> NDArray[np.bool_]:
        """Say which ``combinations`` (N,) go together with the facts of a place."""
        unfit = {
            (name, value)
            for name, values in self.categories.items()
            for value, told in values.items()
            if not told.fits(place)
        }
        return np.array([unfit.isdisjoint(one.items()) for one in self.combinations], bool)

    def code_of(self, conditions: Conditions) -> tuple[int | None, ...]:
        """Return the places of values in their categories, None for those that are unknown."""
        found = []
        for name, values in self.categories.items():
            known = list(values)
            value = conditions.get(name)
            found.append(known.index(value) if value in values else None)
        return tuple(found)

    def contradictions_of(self, category: str, value: str) -> tuple[str, ...]:
        """Return the phrases that contradict a value: its own, and those that show its siblings."""
        told = self.categories[category][value]
        if not told.text:
            return told.contradicts
        siblings = (
            phrase
            for name, sibling in self.categories[category].items()
            if name != value and name not in told.allows
            for phrase in sibling.shown_by
        )
        own = set(told.shown_by)
        return tuple(dict.fromkeys(x for x in (*told.contradicts, *siblings) if x not in own))

    def knows(self, conditions: Conditions) -> bool:
        """Say whether conditions have a value of each category and nothing else."""
        return set(conditions) == set(self.categories) and None not in self.code_of(conditions)

    def negative_problem(self, text: str) -> str | None:
        """Return why a text cannot be the negative prompt, None if it can."""
        for name, values in self.categories.items():
            for value, told in values.items():
                if is_said(text, told.shown_by):
                    return f"the negative prompt names what shows {name} {value}"
        return None

    def resolved(self) -> Vocabulary:
        """Return the same with all contradictions in each value, before siblings are left out."""
        categories = {
            name: {
                value: told.model_copy(
                    update={"contradicts": self.contradictions_of(name, value), "allows": ()}
                )
                for value, told in values.items()
            }
            for name, values in self.categories.items()
        }
        return self.model_copy(update={"categories": categories})

    def text_of(self, category: str, conditions: Conditions) -> str:
        """Return what a prompt says of a category, empty for nothing."""
        told = self.categories[category][conditions[category]]
        for name, value in conditions.items():
            if name != category and value in told.beside:
                return told.beside[value]
        return told.text
