"""The ODVG files of a scenario in the native layout: all that its labels and events say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..store import StoredScenario
from ..truth import Event, FrameTruth
from .frame import FILES, odvg_frame


def odvg_files(scenario: StoredScenario, events: Sequence[Event]) -> Iterator[tuple[Path, bytes]]:
    """Yield the path and the content of each camera's frames, with these events."""
    for camera in scenario.truth.cameras:
        for truth in scenario.all_labels(camera):
            content = odvg_of(scenario, truth, events)
            text = json.dumps(content, separators=(",", ":")) + "\n"
            yield scenario.folder.odvg(camera, truth.number), text.encode()


def odvg_of(scenario: StoredScenario, truth: FrameTruth, events: Sequence[Event]) -> dict[str, Any]:
    """Return the content for a camera's frame; it names images by their paths in the scenario."""
    names = {}
    for kind, (field, _) in FILES.items():
        path = scenario.image_path(truth.camera, kind, truth.number)
        if path.exists():
            names[field] = path.relative_to(scenario.folder.path).as_posix()
    return odvg_frame(truth, scenario.truth, events, names)
