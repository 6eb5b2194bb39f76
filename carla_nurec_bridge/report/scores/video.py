"""The video of a drive for its page: the run's own, or one made of a camera in the bag."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from ...core.frames import Matrix
from ...core.run_contract.timebase import NS_PER_S
from ...cosmos.clip.codec import VideoOptions
from ...cosmos.clip.video import VideoWriter
from ...nurec.images import decoded
from ...recording import BagReader
from .asked import bag_of
from .pictures import camera_name, front_camera

_OWN = ("controls", "rgb.mp4")
_WIDTH_PX, _MOST_FRAMES, _MOST_BYTES = 640, 6000, 32_000_000
_SMALL = VideoOptions(crf=28, preset="veryfast")


@dataclass(frozen=True)
class DriveVideo:
    """An mp4 of a drive, or why there is none."""

    data: bytes | None = field(repr=False)
    caption: str


def drive_video(source: Path, base_from_link: Mapping[str, Matrix]) -> DriveVideo:
    """Return the video of a bag or a run's folder: ``controls/rgb.mp4`` beside the bag, or made."""
    own = bag_of(source).parent.joinpath(*_OWN)
    if own.is_file():
        return _fitting(own.read_bytes(), f"{'/'.join(_OWN)} of the run.")
    with BagReader(bag_of(source)) as bag:
        topic = front_camera(bag, base_from_link)
        if topic is None:
            return DriveVideo(None, "The bag has no pictures of a camera.")
        frames = [(stamp_ns, bytes(message.data)) for _, stamp_ns, message in bag.messages([topic])]
    if len(frames) < 2:
        return DriveVideo(None, f"The bag has {len(frames)} pictures of {camera_name(topic)}.")
    every = -(-len(frames) // _MOST_FRAMES)
    chosen = frames[::every]
    step_ns = max(1, round(float(np.median(np.diff([stamp for stamp, _ in chosen])))))
    with tempfile.TemporaryDirectory() as folder:
        data = _encoded(Path(folder) / "drive.mp4", [x for _, x in chosen], step_ns)
    return _fitting(data, f"Camera {camera_name(topic)} of the bag.")


def _encoded(path: Path, pictures: list[bytes], step_ns: int) -> bytes:
    height_px, width_px = decoded(pictures[0]).shape[:2]
    scale = min(1.0, _WIDTH_PX / width_px)
    width, height = (max(2, 2 * round(0.5 * scale * side)) for side in (width_px, height_px))
    rate_hz = Fraction(NS_PER_S, step_ns).limit_denominator(1000)
    writer = VideoWriter(path, width, height, rate_hz, _SMALL)
    try:
        for picture in pictures:
            pixels = cv2.resize(decoded(picture), (width, height), interpolation=cv2.INTER_AREA)
            writer.add(np.asarray(pixels, np.uint8))
    finally:
        writer.close()
    return path.read_bytes()


def _fitting(data: bytes, caption: str) -> DriveVideo:
    if len(data) > _MOST_BYTES:
        most, size = _MOST_BYTES / 1e6, len(data) / 1e6
        return DriveVideo(None, f"{caption} Its {size:.0f} MB are more than a page's {most:.0f}.")
    return DriveVideo(data, caption)
