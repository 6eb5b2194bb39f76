"""The videos of a job, made of a camera's stored images."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
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

_KINDS = {"rgb": "rgb", "edge": "edges", "depth": "depth", "seg": "semantic_segmentation"}
_THREADS = 2
_OF_COLOURS = VideoOptions(crf=4)
_OTHERS = VideoOptions(crf=12)
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
    """Write ``rgb`` and the video of each control that the data set has; return them by name.

    Equal images make equal bytes. InputError for an image that cannot be read.
    """
    names = ["rgb", *(name for name in controls if name in _KINDS)]

    def write(name: str) -> Path:
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
    writer = VideoWriter(path, width, height, rate, _OF_COLOURS if name == "seg" else _OTHERS)
    try:
        for number in sent.numbers:
            image = convert(scenario.image(camera, _KINDS[name], number))
            if image.shape[0] < height or image.shape[1] < width:
                where = scenario.image_path(camera, _KINDS[name], number)
                raise InputError(f"{where} is smaller than the camera; run dataset check")
            writer.add(np.ascontiguousarray(image[:height, :width]))
    finally:
        writer.close()


def _converters(depth: DepthEncoding) -> Mapping[str, Callable[[NDArray[Any]], NDArray[np.uint8]]]:
    return {
        "rgb": lambda image: image,
        "edge": lambda image: image,
        "depth": lambda image: depth_grey(image, depth),
        "seg": semantic_rgb,
    }
