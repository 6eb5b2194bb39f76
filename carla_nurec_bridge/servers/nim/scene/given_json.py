"""JSON objects that stand in the text of messages, fenced or between words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_MOST_TRIES = 200
_LONGEST = 1_000_000


def json_objects(texts: Iterable[str]) -> list[dict[str, Any]]:
    """Return the objects in texts in their order; braces that are no JSON are passed over."""
    found: list[dict[str, Any]] = []
    decoder = json.JSONDecoder()
    tries = 0
    for text in texts:
        text = text[:_LONGEST]
        at = text.find("{")
        while at >= 0 and tries < _MOST_TRIES:
            tries += 1
            try:
                value, end = decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                at = text.find("{", at + 1)
                continue
            found.append(value)
            at = text.find("{", end)
    return found
