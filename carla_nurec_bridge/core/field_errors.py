"""What is wrong with one field of a file, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SHOWN, _FEW = 60, 6
_PLAIN = (str, int, float, bool, type(None))


def problem_text(problem: Mapping[str, Any]) -> str:
    """Return pydantic's sentence about a field and, where it helps, what was found there.

    A check of several fields together names them itself; the table that they stand in is not shown.
    """
    found = problem["input"]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "missing" or (
        problem["type"] == "value_error" and isinstance(found, dict)
    ):
        return message
    return f"{message}; found {_shown(found)}"


def _shown(found: object) -> str:
    """Return a value as it may stand in a sentence: hostile files have endless ones."""
    if isinstance(found, str):
        return repr(found[:_SHOWN])
    if found is None or isinstance(found, int | float | bool):
        return repr(found)[:_SHOWN]
    if isinstance(found, list | tuple):
        short = len(found) <= _FEW and all(isinstance(one, _PLAIN) for one in found)
        return f"[{', '.join(map(_shown, found))}]" if short else "a list"
    return "a table" if isinstance(found, dict) else type(found).__name__
