"""YAML as plain values, read by libyaml: a sixth of the time that PyYAML's own parser takes.

A rig takes PyYAML 10 ms of processor time, and every process of a run reads one. libyaml's values
are put together by C that calls itself for each level, so that levels are counted first.
"""

from __future__ import annotations

from typing import Any

import yaml

_Loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_DEEPEST = 64
"""So many lists and mappings may lie in each other; what we read has six."""


def load_yaml(text: str | bytes) -> Any:
    """Return the values of a document: mappings, lists, numbers, texts and dates.

    yaml.YAMLError for what is no YAML, has tags of its own, or nests too deep.
    """
    level = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                level += 1
                if level > _DEEPEST:
                    raise yaml.YAMLError(f"lists and mappings lie more than {_DEEPEST} deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                level -= 1
        return yaml.load(text, Loader=_Loader)
    except UnicodeEncodeError as error:
        raise yaml.YAMLError(f"a character that no text has: {error.reason}") from error
