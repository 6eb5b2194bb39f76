"""YAML as plain values, read by libyaml: a sixth of the time that PyYAML's own parser takes.

A rig takes PyYAML 10 ms of processor time, and every process of a run reads one. libyaml's values
are put together by C that calls itself for each level, and aliases of aliases (``*name``, ``<<``)
make a few lines to more values than memory holds, so that both are counted first.
"""

from __future__ import annotations

from typing import Any

import yaml

_Loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_DEEPEST = 64
"""So many lists and mappings may lie in each other; what we read has six."""
_MOST_REPEATED = 1_000_000
"""So many values may aliases stand for, one after another; what we read has none."""
_NO_VALUE = (ValueError, ArithmeticError, LookupError, AttributeError)
"""What PyYAML lets through of numbers, dates and truth values that are none, as 2030-13-01."""


def load_yaml(text: str | bytes) -> Any:
    """Return the values of a document: mappings, lists, numbers, texts and dates.

    yaml.YAMLError for what is no YAML, has tags of its own or an anchor twice, nests too deep,
    holds itself, repeats too much, or has a date or number that is none.
    """
    try:
        _check_size(text)
        return yaml.load(text, Loader=_Loader)
    except UnicodeEncodeError as error:
        raise yaml.YAMLError(f"a character that no text has: {error.reason}") from error
    except _NO_VALUE as error:
        raise yaml.YAMLError(f"a value is none of its kind: {error}") from error


def _check_size(text: str | bytes) -> None:
    """Raise yaml.YAMLError where lists and mappings nest too deep, or aliases are for too much."""
    sizes: dict[str, int] = {}  # of what has an anchor, in values, with all that is in it
    open_ones: list[tuple[str | None, int]] = []  # the anchor, and how many values came before
    count = repeated = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_ones.append((event.anchor, count))
            if len(open_ones) > _DEEPEST:
                raise yaml.YAMLError(f"lists and mappings lie more than {_DEEPEST} deep")
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_ones.pop()
            if anchor is not None:
                sizes[anchor] = count - before
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_ones):
                raise yaml.YAMLError(f"&{event.anchor} holds itself")
            size = sizes.get(str(event.anchor), 0)
            count, repeated = count + size, repeated + size
            if repeated > _MOST_REPEATED:
                raise yaml.YAMLError(f"its aliases stand for more than {_MOST_REPEATED} values")
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
