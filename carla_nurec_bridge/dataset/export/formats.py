"""The formats that a data set is exported to, and what each of them cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .coco import write_coco
from .kitti import write_kitti
from .labelled_image import LabelledImage
from .mot import write_mot
from .nuscenes import write_nuscenes
from .odvg import write_odvg
from .panoptic import write_panoptic
from .smart_city.write import write_smart_city
from .yolo import write_yolo

Write = Callable[[Iterable[LabelledImage], Path, Path], None]
"""Writes images and what is true of them into a folder; the last path is where it will stand."""


def _anywhere(write: Callable[[Iterable[LabelledImage], Path], None]) -> Write:
    """Return who writes a format that has no absolute paths."""
    return lambda labelled_images, folder, _: write(labelled_images, folder)


@dataclass(frozen=True)
class Format:
    """A format: its name, the end of its labels' files, who writes it, and what is lost in it."""

    name: str
    suffix: str
    write: Write
    cannot_hold: tuple[str, ...]
    has_parts: bool = True
    """Whether the parts of a split have places of their own."""


_NO_PIXELS = "objects without a pixel in the image"
_NO_EVENTS = "events"
_NO_3D = "3D boxes, velocities, poses of the camera"
_NO_IDS = "actors' ids, blueprints, colours"
_NO_DEPTH = "depth and class images"
_ODVG_LOSES = (
    "holes of masks in polygons (mask_rle has them)",
    "recorded ids, amodal boxes, velocities, riders' pixels, poses of the camera",
)

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("coco", ".json", _anywhere(write_coco), (_NO_PIXELS, _NO_EVENTS, _NO_DEPTH)),
        Format(
            "panoptic",
            ".png",
            _anywhere(write_panoptic),
            (
                _NO_PIXELS,
                _NO_EVENTS,
                "all of an object but its class, track, pixels and whether it is ignored",
                "depth",
            ),
        ),
        Format(
            "odvg",
            ".json",
            _anywhere(write_odvg),
            (_NO_PIXELS, *_ODVG_LOSES),
        ),
        Format(
            "kitti",
            ".txt",
            _anywhere(write_kitti),
            (
                _NO_PIXELS,
                _NO_EVENTS,
                _NO_DEPTH,
                _NO_IDS,
                "masks, amodal boxes",
                "tracks, velocities, poses of the camera",
                "buses, motorcycles, props and fixtures as such: they are Misc",
                "of ignored objects all but the box: they are DontCare",
                "the tilt of an object on a slope",
                "visible fractions but as three steps",
            ),
        ),
        Format(
            "yolo",
            ".txt",
            _anywhere(write_yolo),
            (
                _NO_PIXELS,
                _NO_EVENTS,
                _NO_3D,
                _NO_DEPTH,
                "all of an object but its class and visible box",
                "ignored objects: they are left out",
            ),
        ),
        Format(
            "nuscenes",
            ".json",
            _anywhere(write_nuscenes),
            (
                "objects that no camera is to learn from",
                _NO_EVENTS,
                _NO_DEPTH,
                _NO_IDS,
                "masks and boxes in images, truncation",
                "velocities (its tools take them from the places)",
                "lidar: an object has -1 points, and the map is empty",
                "vans as such: they are cars; props and others are debris",
                "visible fractions but as four steps",
            ),
        ),
        Format(
            "mot",
            ".txt",
            _anywhere(write_mot),
            (
                _NO_PIXELS,
                _NO_EVENTS,
                _NO_3D,
                _NO_DEPTH,
                "all of an object but its track, class, visible box and visible fraction",
                "vans, trucks and buses as such: they are cars",
                "why an object is ignored",
            ),
        ),
        Format(
            "smart-city",
            ".json",
            write_smart_city,
            (
                "ignored objects: they are left out",
                "depth beyond 65.535 m in its 16-bit images (the metres are beside them)",
                "actors' ids beyond 16 bits in its images (objects tell pixel_id beside theirs)",
                *_ODVG_LOSES,
                "events but collisions and hard negatives of two vehicles that the camera sees",
                "vans and props as such: they are car and static (object_class has the word)",
            ),
            has_parts=False,
        ),
    )
}
"""All formats by name."""
