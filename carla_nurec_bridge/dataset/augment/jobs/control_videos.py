"""The videos of a job: those beside a camera's images where they fit, others made of the images."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from ....cosmos.clip.codec import VideoOptions
from ....cosmos.clip.controls import DepthEncoding, depth_grey
from ....cosmos.clip.video import VideoWriter
from ....cosmos.jobs.control_names import MADE_BY_SERVERS
from ....labels.palette import semantic_rgb
from ...store.reader import StoredScenario
from .sent_frames import SentFrames
from .stored_videos import stored_video

_KINDS = {"rgb": "rgb", "edge": "edges", "depth": "depth", "seg": "semantic_segmentation"}
_THREADS = 2
_OF_COLOURS = VideoOptions(crf=4)
_OTHERS = VideoOptions(crf=12)
_KEPT_BYTES = 100_000_000
"""How much of the images of one video is kept for the frames that show them once more."""
CONTROLS = (*(name for name in _KINDS if name != "rgb"), *sorted(MADE_BY_SERVERS - {"edge"}))
"""The controls that a data set can give, or that servers make of its rgb."""


def write_control_videos(
    scenario: StoredScenario,
    camera: str,
    sent: SentFrames,
    controls: Collection[str],
    depth: DepthEncoding,
    folder: Path,
) -> dict[str, Path]:
    """Return ``rgb`` and the video of each control that the data set has, by name.

    A video of the data set that is what is sent is sent itself; the others are written into
    ``folder``, equal images as equal bytes. InputError for an image that cannot be read.
    """
    names = ["rgb", *(name for name in controls if name in _KINDS)]

    def write(name: str) -> Path:
        stored = stored_video(scenario, camera, _KINDS[name], sent, depth)
        if stored is not None:
            return stored
        path = folder / f"{name}.mp4"
        _write(scenario, camera, sent, name, depth, path)
        return path

    with ThreadPoolExecutor(_THREADS, "control-videos") as pool:
        return dict(zip(names, pool.map(write, names), strict=True))


def _write(
    scenario: StoredScenario,
    camera: str,
    sent: SentFrames,
    name: str,
    depth: DepthEncoding,
    path: Path,
) -> None:
    calibration = scenario.calibration(camera)
    width, height = calibration.width // 2 * 2, calibration.height // 2 * 2
    convert = _converters(depth)[name]
    rate = Fraction(sent.rate_hz).limit_denominator(1001)

    @lru_cache(max(1, _KEPT_BYTES // (3 * width * height)))
    def frame(number: int) -> NDArray[np.uint8]:
        image = convert(scenario.image(camera, _KINDS[name], number))
        if image.shape[0] < height or image.shape[1] < width:
            where = scenario.image_path(camera, _KINDS[name], number)
            raise InputError(f"{where} is smaller than the camera; run dataset check")
        return np.ascontiguousarray(image[:height, :width])

    writer = VideoWriter(path, width, height, rate, _OF_COLOURS if name == "seg" else _OTHERS)
    try:
        for number in sent.numbers:
            writer.add(frame(number))
    finally:
        writer.close()


def _converters(depth: DepthEncoding) -> Mapping[str, Callable[[NDArray[Any]], NDArray[np.uint8]]]:
    return {
        "rgb": lambda image: image,
        "edge": lambda image: image,
        "depth": lambda image: depth_grey(image, depth),
        "seg": semantic_rgb,
    }
