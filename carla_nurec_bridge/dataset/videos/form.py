"""What the videos of a data set show, and how an image of each kind becomes a frame of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...cosmos.clip.codec import VideoOptions
from ...cosmos.clip.controls import DepthEncoding, depth_grey
from ...cosmos.clip.streams import STREAMS, ClipStream, ControlOptions
from ...labels.palette import InstancePalette, semantic_rgb
from ..store.class_groups import GROUPS

Images = Mapping[str, NDArray[Any]]
"""The images of a camera's frame by their kind in ``store.IMAGES``."""

_MASKS = ClipStream("masks", "masks.mp4", "masks", "colour of the class that stands for the group")
VIDEOS: dict[str, ClipStream] = {
    kind: replace(stream, file=f"{kind}.mp4")
    for kind, stream in {
        "rgb": STREAMS["rgb"],
        "depth": STREAMS["depth"],
        "semantic_segmentation": STREAMS["semantic"],
        "instance_segmentation": STREAMS["instance"],
        "normals": STREAMS["normals"],
        "edges": STREAMS["edges"],
        "masks": _MASKS,
    }.items()
}
"""The stream of each kind of images; its file is called as the folder of images beside it."""

_GROUP_TAGS: NDArray[np.uint8] = np.zeros(256, np.uint8)
for _number, _tags in enumerate(GROUPS.values()):
    _GROUP_TAGS[_number] = _tags[0] if _tags else 0


@dataclass(frozen=True)
class VideoForm:
    """How videos are made: grey levels of depth, and the encoding of all of them."""

    depth: DepthEncoding = field(default_factory=DepthEncoding)
    video: VideoOptions = field(default_factory=VideoOptions)

    def for_size(self, width: int, height: int) -> VideoForm:
        """Return the form for images of a size: odd ones cannot have their colours halved."""
        if self.video.pixel_format == "yuv420p" and (width % 2 or height % 2):
            return replace(self, video=replace(self.video, pixel_format="yuv444p"))
        return self

    def options(self) -> ControlOptions:
        """Return the same as clips say it."""
        return ControlOptions(depth=self.depth, video=self.video)


def video_frame(
    kind: str, images: Images, depth: DepthEncoding, palette: InstancePalette
) -> NDArray[np.uint8]:
    """Return the frame of a kind's video, (H, W, 3) RGB or (H, W) grey, of a camera's images."""
    pixels = images[kind]
    if kind == "depth":
        return depth_grey(pixels, depth)
    if kind == "semantic_segmentation":
        return semantic_rgb(pixels)
    if kind == "instance_segmentation":
        return palette.rgb(pixels.astype(np.int32), images["semantic_segmentation"])
    if kind == "masks":
        return semantic_rgb(np.asarray(cv2.LUT(pixels, _GROUP_TAGS), np.uint8))
    return np.asarray(pixels, np.uint8)
