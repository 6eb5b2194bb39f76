"""Whether the ODVG file of a frame says what the labels and events say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from ..odvg.of_scenario import odvg_of
from ..store import StoredScenario
from ..truth import Event, FrameTruth


def odvg_problems(
    scenario: StoredScenario, truth: FrameTruth, events: Sequence[Event]
) -> Iterator[str]:
    """Yield the first thing that a frame's file says otherwise than its labels, if there is one."""
    path = scenario.folder.odvg(truth.camera, truth.number)
    where = _inside(scenario, path)
    try:
        found = json.loads(path.read_bytes())
        expected = json.loads(json.dumps(odvg_of(scenario, truth, events)))
    except ValueError as error:
        yield f"{where} is no JSON: {error}"
        return
    except InputError:  # the mask is no mask, which the labels are blamed for
        return
    unlike = _difference(found, expected, "")
    if unlike is not None:
        yield f"{where}: {unlike or 'its content'} is not what the labels and events say"


def _inside(scenario: StoredScenario, path: Path) -> str:
    return f"{scenario.name}/{path.relative_to(scenario.folder.path).as_posix()}"


def _difference(found: Any, expected: Any, at: str) -> str | None:
    """Return where two JSON values differ first, as a.b.0; None where they are equal."""
    if isinstance(found, dict) and isinstance(expected, dict) and found.keys() == expected.keys():
        pairs = [(key, found[key], expected[key]) for key in expected]
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        pairs = [(str(n), *both) for n, both in enumerate(zip(found, expected, strict=True))]
    else:
        return None if found == expected else at
    inner = (_difference(a, b, f"{at}.{key}".lstrip(".")) for key, a, b in pairs)
    return next((where for where in inner if where is not None), None)
