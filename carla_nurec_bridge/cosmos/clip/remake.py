"""Make the depth video of a clip again from its masters, with a range measured in the clip."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.errors import InputError, RunError
from ...labels.kernels import FARTHEST_CM
from .controls import DepthEncoding, depth_grey
from .masters import metres, read_master
from .streams import STREAMS, ControlOptions
from .video import VideoWriter

_STEP_PX = 4


class DepthRange:
    """Counts how often each centimetre of depth is seen, but for the pixels of ``own`` ids."""

    def __init__(self, own: Collection[int]) -> None:
        self._own = sorted(own)
        self._counts: NDArray[np.int64] = np.zeros(FARTHEST_CM + 1, np.int64)

    def add(self, depth_cm: NDArray[np.uint16], ids: NDArray[Any]) -> None:
        """Count a frame (H, W): whole centimetres, the farthest being sky, and pixel ids."""
        seen, owner = depth_cm[::_STEP_PX, ::_STEP_PX], ids[::_STEP_PX, ::_STEP_PX]
        others = seen[~np.isin(owner, self._own)]
        self._counts += np.bincount(others, minlength=len(self._counts))

    def of(self, encoding: DepthEncoding, where: str) -> DepthEncoding:
        """Return the encoding with the range that was seen.

        ``clip_percent`` of the pixels lie before it and as many behind; sky does not count.
        InputError names ``where`` nothing is left.
        """
        counts = self._counts.copy()
        counts[0] = counts[FARTHEST_CM] = 0
        if not counts.any():
            raise InputError(f"{where} shows nothing but sky; its depth has no range to measure")
        share = np.cumsum(counts) / counts.sum() * 100.0
        ends = [encoding.clip_percent, 100.0 - encoding.clip_percent]
        near_cm, far_cm = map(int, np.searchsorted(share, ends))
        return replace(encoding, near_m=near_cm / 100.0, far_m=max(far_cm, near_cm + 1) / 100.0)


def measured(
    depth: Path,
    ids: Path,
    own: frozenset[int],
    encoding: DepthEncoding,
    until_s: float = math.inf,
) -> DepthEncoding:
    """Return the encoding with the range that a clip's depth master has, as ``DepthRange`` does.

    RunError where ``until_s`` of the monotonic clock is over before its last frame.
    """
    seen = DepthRange(own)
    for number, (depth_cm, numbers) in enumerate(
        zip(read_master(depth), read_master(ids), strict=True)
    ):
        _check_time(until_s, depth, number)
        seen.add(depth_cm, numbers)
    return seen.of(encoding, str(depth))


def remake_depth(
    directory: Path,
    model: OpenCVPinholeCamera,
    rate: Fraction,
    options: ControlOptions,
    own: frozenset[int],
    until_s: float,
) -> ControlOptions:
    """Write depth.mp4 from the masters of a clip; return the options with the measured range.

    The instances ``own`` are the ego's and do not count in it. RunError where ``until_s`` of the
    monotonic clock is over before it is whole.
    """
    depth = directory / STREAMS["depth_master"].file
    ids = directory / STREAMS["instance_master"].file
    encoding = measured(depth, ids, own, options.depth, until_s)
    path = directory / STREAMS["depth"].file
    writer = VideoWriter(path, model.width, model.height, rate, options.video)
    try:
        for number, numbers in enumerate(read_master(depth)):
            _check_time(until_s, path, number)
            writer.add(depth_grey(metres(numbers), encoding))
    finally:
        writer.close()
    return replace(options, depth=encoding)


def _check_time(until_s: float, path: Path, frame: int) -> None:
    if time.monotonic() > until_s:
        raise RunError(
            f"{path}: the time to end the videos is over at frame {frame}, while its depth range "
            "is measured; without a depth clip the range is the one that is given"
        )
