"""Write ``docs/scenario-fields.md`` from the models of the files: run it with ``python -m``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ...core.resources import share_dir
from ...evaluation.conditions import CONDITION_KINDS
from ...evaluation.conditions.base import Condition
from ...evaluation.conditions.places import PlaceInMap, PlaceOnLane, PlaceOnRoute
from .adversaries import ADVERSARIES, Adversary
from .course_file import (
    AlongLanes,
    RecordedStart,
    SpawnPlace,
    StretchStart,
    Via,
)
from .file import ClosedLoopScenario, ScenarioEgo

_HEAD = """# Fields of closed-loop scenarios

Generated from the models of `carla_nurec_bridge/scenarios/closed_loop` and
`carla_nurec_bridge/evaluation/conditions` by
`python -m carla_nurec_bridge.scenarios.closed_loop.fields_page`; do not edit.

[scenarios.md](scenarios.md) says how they are used. Two numbers are a range from which the seed
draws; a field without a default must be given.
"""
_TIMES = ("holds", "after_s", "within_s")


def render() -> str:
    """Return the page."""
    sections = [
        _HEAD,
        "## The file\n\n" + _table(ClosedLoopScenario),
        "## The ego\n\n" + _table(ScenarioEgo),
        "## Starts\n\n"
        + _kinds((StretchStart, SpawnPlace, PlaceOnLane, PlaceInMap, RecordedStart)),
        "## Routes\n\n" + _kinds((AlongLanes, Via)),
        "## Adversaries\n\nAll have these fields, and those of their type.\n\n"
        + _table(Adversary)
        + "\n\n"
        + _kinds(ADVERSARIES.values(), set(Adversary.model_fields)),
        "## Conditions\n\nIn an outcome all may have these three fields besides.\n\n"
        + _table(Condition)
        + "\n\n"
        + _kinds(CONDITION_KINDS.values(), set(_TIMES)),
        "## Places of conditions\n\n" + _kinds((PlaceOnLane, PlaceInMap, PlaceOnRoute)),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _kinds(kinds: Iterable[type[BaseModel]], but: set[str] | None = None) -> str:
    """Return one table of kinds: a row for each, and rows for its fields."""
    rows = ["| type | field | default | meaning |", "|---|---|---|---|"]
    for kind in kinds:
        (name,) = get_args(kind.model_fields["type"].annotation)
        rows.append(f"| `{name}` | | | {' '.join((kind.__doc__ or '').split())} |")
        rows += [f"| {row}" for row in _rows(kind, but)]
    return "\n".join(rows)


def _rows(model: type[BaseModel], but: set[str] | None = None) -> list[str]:
    return [
        f"| `{field.alias or name}` | {_default(field)} | {_meaning(field)} |"
        for name, field in model.model_fields.items()
        if name != "type" and name not in (but or ())
    ]


def _table(model: type[BaseModel]) -> str:
    return "\n".join(["| field | default | meaning |", "|---|---|---|", *_rows(model)])


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if field.is_required() or value is None or value in ("", ()):
        return ""
    if isinstance(value, tuple):
        return f"`[{', '.join(f'{x:g}' if isinstance(x, float) else str(x) for x in value)}]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _meaning(field: FieldInfo) -> str:
    words = field.description or ""
    choices = [x for x in get_args(field.annotation) if isinstance(x, str)]
    if choices and not all(re.search(rf"\b{x}\b", words) for x in choices):
        words += f" ({', '.join(choices)})"
    return words.replace("|", "\\|")


if __name__ == "__main__":
    (share_dir() / "docs" / "scenario-fields.md").write_text(render(), encoding="utf-8")
