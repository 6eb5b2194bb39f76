"""The vocabulary that comes with the package, and files of users that restrict or extend it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from ....core.errors import InputError
from ....core.field_errors import problem_text
from ....core.files.plain_yaml import load_yaml
from ....core.resources import config_path
from ....core.run_contract.record import Record
from .vocabulary import ConditionValue, Constraint, Vocabulary

_MOST_BYTES = 1 << 20


class _Changes(Record):
    """A user's file: what is left of the shipped vocabulary, and what comes on top."""

    only: dict[str, tuple[str, ...]] = Field({}, description="the values left of a category")
    categories: dict[str, dict[str, ConditionValue]] = Field({}, description="added or replaced")
    constraints: tuple[Constraint, ...] = Field((), description="added")
    without_constraints: tuple[str, ...] = Field((), description="names of those that go")
    negative_prompt: str | None = None


def read_vocabulary(path: Path | None = None) -> Vocabulary:
    """Return the shipped vocabulary, changed by a user's file; InputError names file and field."""
    shipped = config_path("augment", "conditions.yaml")
    vocabulary: Vocabulary = _validated(Vocabulary, _content(shipped), shipped)
    if path is None:
        return vocabulary.resolved()
    changes = _validated(_Changes, _content(path), path)
    known = [constraint.name for constraint in vocabulary.constraints]
    for name in changes.without_constraints:
        if name not in known:
            raise InputError(f"{path}: no constraint is called {name!r}: {', '.join(known)}")
    categories = {
        name: {
            **vocabulary.categories.get(name, {}),
            **changes.categories.get(name, {}),
        }
        for name in (*vocabulary.categories, *changes.categories)
    }
    changed = {
        "categories": categories,
        "constraints": tuple(
            one for one in vocabulary.constraints if one.name not in changes.without_constraints
        )
        + changes.constraints,
        "negative_prompt": vocabulary.negative_prompt
        if changes.negative_prompt is None
        else changes.negative_prompt,
    }
    whole: Vocabulary = _validated(Vocabulary, changed, path)
    return restricted(whole.resolved(), changes.only, str(path))


def restricted(
    vocabulary: Vocabulary, only: Mapping[str, tuple[str, ...]], where: str
) -> Vocabulary:
    """Return a vocabulary with only some values of some categories.

    InputError, that names ``where`` they were asked for, for an unknown category or value, and for
    wanted values that go together with nothing.
    """
    categories = dict(vocabulary.categories)
    for name, values in only.items():
        if name not in categories:
            raise InputError(f"{where}: no category {name}; there are: {', '.join(categories)}")
        unknown = [value for value in values if value not in categories[name]]
        if unknown or not values:
            told = f"no value {unknown[0]}" if unknown else "at least one value"
            raise InputError(
                f"{where}: {name} has {told}; there are: {', '.join(categories[name])}"
            )
        categories[name] = {value: categories[name][value] for value in values}
    constraints = tuple(_cut(one, categories) for one in vocabulary.constraints)
    made = Vocabulary(
        categories=categories,
        constraints=tuple(one for one in constraints if one is not None),
        negative_prompt=vocabulary.negative_prompt,
    )
    if not made.combinations:
        raise InputError(f"{where}: no values of it go together; the constraints forbid all")
    asked = {f"{name}: {value}" for name, values in only.items() for value in values}
    lost = [value for value in made.never_drawn() if value in asked]
    if lost:
        raise InputError(
            f"{where}: {lost[0]} goes together with nothing that is left; leave it out, or allow "
            "more"
        )
    return made


def _cut(
    constraint: Constraint, categories: Mapping[str, Mapping[str, ConditionValue]]
) -> Constraint | None:
    """Return a constraint about the values that there are, None where none are left."""
    sides = []
    for side in (constraint.when, constraint.never):
        kept = {n: tuple(v for v in values if v in categories[n]) for n, values in side.items()}
        sides.append(kept)
    when, never = sides[0], {name: values for name, values in sides[1].items() if values}
    if not never or not all(when.values()):
        return None
    return Constraint(name=constraint.name, when=when, never=never)


def _content(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError(f"{path} is longer than {_MOST_BYTES >> 20} MiB")
        content = load_yaml(data.decode("utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold 'field: value' lines")
    return content


def _validated(kind: type[Any], content: dict[str, Any], path: Path) -> Any:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise InputError(
            f"{path}: {field + ': ' if field else ''}{problem_text(problem)}"
        ) from error
