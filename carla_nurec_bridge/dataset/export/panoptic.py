"""COCO's panoptic form: every pixel has a segment, an object's, a crowd's or a surface's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...world.semantic_tags import semantic_tags
from .categories import CATEGORIES, CROWDS, surface, surfaces
from .coco import image_entry, write_annotations
from .images import write_png
from .labelled_image import LabelledImage

Entry = dict[str, Any]


def write_panoptic(labelled_images: Iterable[LabelledImage], out: Path) -> None:
    """Write the images, a PNG of segments each, and one file for each part of the split.

    The PNG's id is R + 256 G + 65536 B; 0 is what CARLA has no class for.
    """
    images: defaultdict[str, list[Entry]] = defaultdict(list)
    annotations: defaultdict[str, list[Entry]] = defaultdict(list)
    for labelled in labelled_images:
        ids, segments = segments_of(labelled)
        name = f"{labelled.stem}.png"
        rgb = np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1).astype(np.uint8)
        write_png(out / "annotations" / f"panoptic_{labelled.part}" / name, rgb)
        images[labelled.part].append(image_entry(labelled, out / "images"))
        annotations[labelled.part].append(
            {"image_id": labelled.number, "file_name": name, "segments_info": segments}
        )
    categories = [{**one.to_json(), "isthing": 1} for one in CATEGORIES.values()]
    categories += [{**entry, "isthing": 0} for entry in surfaces()]
    for part, entries in images.items():
        path = out / "annotations" / f"panoptic_{part}.json"
        write_annotations(path, entries, annotations[part], categories)


def segments_of(labelled: LabelledImage) -> tuple[NDArray[np.int32], list[Entry]]:
    """Return the segment of each pixel (H, W), from 1, and what the segments are.

    Objects come first, by track id; then what no object has, by semantic tag.
    """
    ids: NDArray[np.int32] = np.zeros((labelled.truth.height, labelled.truth.width), np.int32)
    segments: list[Entry] = []
    for one in labelled.truth.objects:
        if one.mask is not None:
            mask = one.mask.pixels()
            ids[mask] = len(segments) + 1
            category = CATEGORIES[one.object_class].number
            entry = _segment(len(segments) + 1, category, mask, crowd=False)
            segments.append({**entry, "track_id": one.track_id, "ignore": int(bool(one.ignored))})
    tags = np.where(ids, 0, labelled.pixels("semantic_segmentation"))
    for tag in semantic_tags():
        mask = tags == tag.tag
        if tag.tag and mask.any():
            thing = CROWDS.get(tag.name)
            category = CATEGORIES[thing].number if thing else surface(tag.tag)
            ids[mask] = len(segments) + 1
            segments.append(_segment(len(segments) + 1, category, mask, crowd=thing is not None))
    return ids, segments


def _segment(number: int, category: int, mask: NDArray[np.bool_], crowd: bool) -> Entry:
    return {
        "id": number,
        "category_id": category,
        "area": int(np.count_nonzero(mask)),
        "bbox": list(cv2.boundingRect(mask.view(np.uint8))),
        "iscrowd": int(crowd),
    }
