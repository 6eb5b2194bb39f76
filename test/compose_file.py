"""docker/compose.yaml as Compose reads it: anchors followed, variables filled in.

Run as a program it prints that for the defaults.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

COMPOSE = Path(__file__).parents[1] / "docker/compose.yaml"
_INNERMOST = re.compile(r"\$\{([A-Z_]+)(?::([-+])([^${}]*))?\}")


def filled(text: str, environment: Mapping[str, str]) -> str:
    """Fill in variables as the Compose specification's page on interpolation says."""

    def value(match: re.Match[str]) -> str:
        name, way, other = match.groups()
        given = environment.get(name, "")
        if way == "+":
            return other if given else ""
        return given or other or ""

    text = text.replace("$$", "\0")
    while _INNERMOST.search(text):
        text = _INNERMOST.sub(value, text)
    assert "$" not in text
    return text.replace("\0", "$")


def services(**environment: str) -> dict[str, dict[str, Any]]:
    """Return the services."""
    return yaml.safe_load(filled(COMPOSE.read_text(), environment))["services"]


if __name__ == "__main__":
    whole = yaml.safe_load(filled(COMPOSE.read_text(), {}))
    print(yaml.safe_dump(whole).replace("$", "$$"))
