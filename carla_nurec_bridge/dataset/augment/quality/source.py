"""What a camera's recorded images look like: measured once, for all of its variants."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ....labels.frame import ByteImage
from ...store.reader import StoredScenario
from .edges import BoolImage, edges_of, near
from .flicker import Cells, cells_of
from .limits import QualityLimits
from .outlines import Outline, outlines_of
from .tone import Tone, tone_of

WIDEST_PX = 960
MOST_JUDGED = 40
_SMALL = 4


@dataclass(frozen=True, eq=False)
class JudgedFrame:
    """A frame whose structure is judged, at the size of the measurement.

    ``edges`` (H, W) of the image, ``control`` those of the control video; ``reached`` is what lies
    near an edge of the image; ``groups`` are the classes' groups of the small image.
    """

    number: int
    edges: ByteImage
    control: BoolImage
    reached: BoolImage
    outlines: tuple[Outline, ...]
    groups: NDArray[np.uint8]
    tone: Tone


@dataclass(frozen=True, eq=False)
class SourceMeasure:
    """A camera's images: ``size`` (width, height) of the measurement, ``scale`` by the image's.

    ``cells`` (N, ...) are the brightness of parts, ``change`` (N - 1,) the difference of frames.
    """

    frames: int
    rate_hz: float
    width: int
    height: int
    scale: float
    size: tuple[int, int]
    cells: Cells
    change: NDArray[np.float32]
    judged: dict[int, JudgedFrame]


def small(image: ByteImage) -> ByteImage:
    """Return an image of the measurement's size as it is compared with the one before."""
    size = (max(1, image.shape[1] // _SMALL), max(1, image.shape[0] // _SMALL))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def changes(smalls: list[ByteImage]) -> NDArray[np.float32]:
    """Return the mean absolute differences (N - 1,) of small images, in levels."""
    pairs = zip(smalls[1:], smalls[:-1], strict=True)
    return np.array([cv2.absdiff(b, a).mean() for b, a in pairs], np.float32)


def measure_source(scenario: StoredScenario, camera: str, limits: QualityLimits) -> SourceMeasure:
    """Look at all images of a camera, and at the structure of up to MOST_JUDGED of them.

    InputError names an image or a label that cannot be read.
    """
    calibration = scenario.calibration(camera)
    width, height = calibration.width, calibration.height
    scale = min(1.0, WIDEST_PX / width)
    size = (round(width * scale), round(height * scale))
    frames = scenario.truth.frames
    numbers = np.unique(np.linspace(0, frames - 1, min(MOST_JUDGED, frames)).round().astype(int))
    chosen = set(numbers.tolist())

    def look(number: int) -> tuple[Cells, ByteImage, JudgedFrame | None]:
        rgb = scenario.image(camera, "rgb", number)
        scaled = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        grey = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY), np.uint8)
        judged = None
        if number in chosen:
            edges = edges_of(grey)
            control = scenario.image(camera, "edges", number)
            groups = scenario.image(camera, "masks", number)
            little = small(scaled)
            groups = cv2.resize(groups, little.shape[1::-1], interpolation=cv2.INTER_NEAREST)
            judged = JudgedFrame(
                number,
                edges,
                cv2.resize(control, size, interpolation=cv2.INTER_AREA) > 0,
                near(edges, limits.structure.within_px * scale),
                tuple(outlines_of(scenario.labels(camera, number), size, limits.objects)),
                np.asarray(groups, np.uint8),
                tone_of(little, np.asarray(groups, np.uint8)),
            )
        return cells_of(grey), small(grey), judged

    with ThreadPoolExecutor(os.cpu_count(), "variant-source") as pool:
        looks = list(pool.map(look, range(frames)))
    return SourceMeasure(
        frames=frames,
        rate_hz=1e9 / scenario.truth.dt_ns,
        width=width,
        height=height,
        scale=scale,
        size=size,
        cells=np.array([cells for cells, _, _ in looks], np.float32),
        change=changes([image for _, image, _ in looks]),
        judged={one.number: one for _, _, one in looks if one is not None},
    )
