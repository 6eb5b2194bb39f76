"""ODVG: the JSON of each frame that NVIDIA's smart-city pipeline reads, with its faults mended."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..odvg.frame import FILES, object_id, odvg_frame
from ..truth import Event, ObjectTruth
from .images import copy_image
from .labelled_image import LabelledImage


def write_odvg(labelled_images: Iterable[LabelledImage], out: Path) -> None:
    """Write ``PART/SCENARIO/CAMERA`` with the frames' images and, in ``odvg``, their JSON.

    ``instances.json`` beside them tells of each object that has pixels what is fixed about it.
    """
    events: dict[str, tuple[Event, ...]] = {}
    known: defaultdict[Path, dict[str, dict[str, Any]]] = defaultdict(dict)
    for labelled in labelled_images:
        scenario, truth = labelled.scenario, labelled.truth
        if scenario.name not in events:
            events[scenario.name] = scenario.events()
        folder = out / labelled.part / scenario.name / truth.camera
        names = {}
        for kind, (field, start) in FILES.items():
            if labelled.path(kind).exists():
                copied = copy_image(labelled.path(kind), folder / f"{start}{truth.number:012d}")
                names[field] = copied.relative_to(folder).as_posix()
        content = odvg_frame(truth, scenario.truth, events[scenario.name], names)
        path = folder / "odvg" / f"odvg_{truth.number:012d}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
        known[folder].update(described(one) for one in truth.objects if one.mask is not None)
    for folder, instances in known.items():
        _write(folder / "instances.json", {"instances": instances})


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def described(one: ObjectTruth) -> tuple[str, dict[str, Any]]:
    """Return the name and the entry that instances.json has of an object."""
    number = object_id(one.track_id, one.actor_id)
    return f"object_{number}", {
        "object_type": one.object_class.value,
        "instance_id": number,
        "color": one.colour_rgb,
        "caption": None,
    }
