"""The images of one frame in the pipeline's folders, and the frames of its videos."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from ....cosmos.clip.controls import DepthEncoding, depth_grey, masked_rgb
from ....labels.class_filter import class_filter
from ....labels.palette import InstancePalette, semantic_rgb
from ...truth import ObjectTruth
from ..images import copy_image, write_png
from ..labelled_image import LabelledImage
from .overlays import with_boxes, with_boxes_in_space, with_masks

MOST_MM = np.iinfo(np.uint16).max
"""The farthest that a 16-bit depth can tell; what lies beyond is there, not where it wraps to."""

CLASSES = class_filter(
    (
        "road, sidewalk, wall, fence, pole, traffic_light, traffic_sign, vegetation, terrain, "
        "pedestrian, rider, car, truck, bus, train, motorcycle, bicycle, other, road_line, ground"
    ).split(", ")
).tags
"""The classes that its filter_semantic_classes.yaml keeps in masks and edges.

A data set that was recorded with a filter has its own.
"""

_QUALITY = 95


@dataclass(frozen=True, eq=False)
class FrameFolder:
    """One of its folders: how its files' names begin and end, and its frame (H, W[, 3]) of video.

    ``write`` makes the file of a frame at a path without suffix, and returns the video's frame.
    """

    name: str
    start: str
    write: Callable[[FrameImages, Path], NDArray[np.uint8]]
    lossless: bool = False


class FrameImages:
    """What all folders make their images of: a frame's own, and who is in it."""

    def __init__(
        self,
        labelled: LabelledImage,
        objects: Collection[ObjectTruth],
        in_collisions: Collection[int],
        palette: InstancePalette,
    ) -> None:
        """Read the images; ``in_collisions`` are tracks, ``palette`` colours the pixel ids."""
        self.labelled = labelled
        self.rgb: NDArray[np.uint8] = labelled.pixels("rgb")
        self.tags: NDArray[np.uint8] = labelled.pixels("semantic_segmentation")
        self.ids: NDArray[np.uint16] = labelled.pixels("instance_segmentation")
        self.id_colours = palette.rgb(self.ids.astype(np.int32), self.tags)
        self.objects = objects
        kept = labelled.scenario.truth.kept_classes
        self.classes = CLASSES if kept is None else class_filter(kept).tags
        self.colliding = [one for one in objects if one.track_id in in_collisions]
        by_pixel = {entry["id"]: tuple(entry["rgb"]) for entry in palette.entries()}
        self.colours: Mapping[int, Any] = {
            one.track_id: by_pixel[one.pixel_id] for one in objects if one.pixel_id in by_pixel
        }


def _rgb(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    copy_image(images.labelled.path("rgb"), stem)
    return images.rgb


def _depth(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    """Write millimetres that stop at 65.535 m, and beside them the metres as they are."""
    depth_m = images.labelled.pixels("depth")
    millimetres = np.rint(np.minimum(depth_m, MOST_MM / 1000.0) * 1000.0)
    write_png(stem.with_suffix(".png"), millimetres.astype(np.uint16))
    copy_image(images.labelled.path("depth"), stem)
    return depth_grey(depth_m, DepthEncoding())


def _semantic(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    return _png(stem, semantic_rgb(images.tags))


def _semantic_raw(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    copy_image(images.labelled.path("semantic_segmentation"), stem)
    return images.tags


def _instance(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    return _png(stem, images.id_colours)


def _instance_raw(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    """Copy the pixel ids; the video has them as CARLA does: tag, low byte, high byte."""
    copy_image(images.labelled.path("instance_segmentation"), stem)
    return np.dstack([images.tags, images.ids & 0xFF, images.ids >> 8]).astype(np.uint8)


def _normals(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    copy_image(images.labelled.path("normals"), stem)
    return np.asarray(images.labelled.pixels("normals"), np.uint8)


def _masks(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    return _png(stem, masked_rgb(images.rgb, images.tags, images.classes))


def _edges(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    kept = np.isin(images.tags, sorted(images.classes))
    return _png(stem, images.labelled.pixels("edges") * kept)


def _boxes(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    return _jpeg(stem, with_boxes(images.rgb, images.objects))


def _object_masks(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    return _jpeg(stem, with_masks(images.rgb, images.objects, images.colours))


def _boxes_in_space(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    model = images.labelled.calibration.model()
    return _jpeg(stem, with_boxes_in_space(images.rgb, images.objects, model))


def _collisions(images: FrameImages, stem: Path) -> NDArray[np.uint8]:
    return _png(stem, with_boxes(images.rgb, images.colliding))


def _png(stem: Path, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    write_png(stem.with_suffix(".png"), pixels)
    return pixels


def _jpeg(stem: Path, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    path = stem.with_suffix(".jpg")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), _QUALITY, "RGB", "420"))
    return rgb


FOLDERS = (
    FrameFolder("rgb", "frame_", _rgb),
    FrameFolder("depth", "depth_", _depth),
    FrameFolder("semantic_segmentation", "seg_", _semantic),
    FrameFolder("semantic_segmentation_raw", "seg_", _semantic_raw, lossless=True),
    FrameFolder("instance_segmentation", "seg_", _instance),
    FrameFolder("instance_segmentation_raw", "seg_", _instance_raw, lossless=True),
    FrameFolder("normals", "frame_", _normals),
    FrameFolder("masks", "frame_", _masks),
    FrameFolder("edges", "edge_", _edges),
    FrameFolder("rgb_with_bboxes", "frame_", _boxes),
    FrameFolder("rgb_with_masks", "frame_", _object_masks),
    FrameFolder("rgb_with_3d_bboxes", "frame_", _boxes_in_space),
    FrameFolder("rgb_with_collisions", "frame_", _collisions),
)
"""All folders of images; normals are left out where the data set has none."""
