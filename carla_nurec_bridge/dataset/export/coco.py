"""COCO: ``annotations/instances_PART.json`` beside ``images/SCENARIO/CAMERA/NNNNNN.jpg``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..truth import ObjectTruth
from .categories import CATEGORIES
from .images import copy_image
from .labelled_image import LabelledImage

Entry = dict[str, Any]

OWN_FIELDS = {"object_class", "mask", "box_visible_px", "visible_px"}
"""What of an object COCO has fields for; all else goes into ``attributes``."""


def write_coco(labelled_images: Iterable[LabelledImage], out: Path) -> None:
    """Write the images, and one file of annotations for each part of the split.

    Ids of annotations count from 1 over all parts. An ignored object has ``ignore`` 1 and the
    reason in its attributes.
    """
    images: defaultdict[str, list[Entry]] = defaultdict(list)
    annotations: defaultdict[str, list[Entry]] = defaultdict(list)
    count = 0
    for labelled in labelled_images:
        images[labelled.part].append(image_entry(labelled, out / "images"))
        for one in labelled.truth.objects:
            if one.mask is not None:
                count += 1
                annotations[labelled.part].append(_annotation(count, labelled.number, one))
    categories = [category.to_json() for category in CATEGORIES.values()]
    for part, entries in images.items():
        path = out / "annotations" / f"instances_{part}.json"
        write_annotations(path, entries, annotations[part], categories)


def write_annotations(
    path: Path, images: Sequence[Entry], annotations: Sequence[Entry], categories: Sequence[Entry]
) -> None:
    """Write a file in COCO's outer form."""
    content = {
        "info": {"description": "Ground truth of CARLA, by carla_nurec_bridge"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def image_entry(labelled: LabelledImage, folder: Path) -> Entry:
    """Copy an image into a folder of images, and return COCO's entry of it."""
    name = copy_image(labelled.path("rgb"), folder / labelled.stem).relative_to(folder)
    truth = labelled.truth
    return {
        "id": labelled.number,
        "file_name": name.as_posix(),
        "width": truth.width,
        "height": truth.height,
        "scenario": labelled.scenario.name,
        "camera": truth.camera,
        "frame": truth.number,
        "stamp_ns": truth.stamp_ns,
        "camera_model": labelled.calibration.camera_model,
        "k": labelled.calibration.k,
        "map_from_camera": labelled.map_from_camera.tolist(),
    }


def _annotation(number: int, image: int, one: ObjectTruth) -> Entry:
    assert one.mask is not None
    assert one.box_visible_px is not None
    return {
        "id": number,
        "image_id": image,
        "category_id": CATEGORIES[one.object_class].number,
        "bbox": one.box_visible_px,
        "area": one.visible_px,
        "segmentation": one.mask.coco(),
        "iscrowd": 0,
        "ignore": int(one.ignored is not None),
        "attributes": one.model_dump(mode="json", exclude=OWN_FIELDS),
    }
