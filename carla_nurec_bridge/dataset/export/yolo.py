"""YOLO: ``labels/PART/SCENARIO/CAMERA/NNNNNN.txt`` beside the images, and ``data.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from ...core.errors import InputError
from ..truth import FrameTruth
from .categories import CATEGORIES
from .images import copy_image
from .labelled_image import LabelledImage

_CLASSES = {object_class: index for index, object_class in enumerate(CATEGORIES)}
_IMAGES = "images"
_KEYS = ("names", "nc", "path", "download")
"""Words of ``data.yaml`` that are no parts."""


def write_yolo(labelled_images: Iterable[LabelledImage], out: Path) -> None:
    """Write images and labels by part of the split, and the table of both.

    Without a part called val, validation takes the images of training, as the tools want one.
    """
    parts: dict[str, str] = {}
    for labelled in labelled_images:
        if _IMAGES in labelled.stem.split("/"):
            raise InputError(
                f"{labelled.stem}: YOLO finds labels by the folder's name {_IMAGES}; neither a "
                "scenario nor a camera can have it"
            )
        if labelled.part in _KEYS:
            raise InputError(f"a part of a split cannot be called {labelled.part} in YOLO's table")
        folder = f"{_IMAGES}/{labelled.part}"
        parts[labelled.part] = folder
        copy_image(labelled.path("rgb"), out / folder / labelled.stem)
        labels = (out / "labels" / labelled.part / labelled.stem).with_suffix(".txt")
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text("".join(_lines(labelled.truth)), encoding="utf-8")
    content = {
        "train": parts.get("train", next(iter(parts.values()))),
        "val": parts.get("val", parts.get("train", next(iter(parts.values())))),
        **parts,
        "names": {index: one.value for one, index in _CLASSES.items()},
    }
    (out / "data.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _lines(truth: FrameTruth) -> list[str]:
    """Return a line for each object: class, then its visible box by middle and size, 0 to 1."""
    lines = []
    for one in truth.kept(scenery=True):
        if one.box_visible_px is not None:
            x, y, width, height = one.box_visible_px
            box = (
                (x + width / 2) / truth.width,
                (y + height / 2) / truth.height,
                width / truth.width,
                height / truth.height,
            )
            numbers = " ".join(f"{number:.8f}" for number in box)
            lines.append(f"{_CLASSES[one.object_class]} {numbers}\n")
    return lines
