"""Make the depth video of a clip again from its masters, with a range measured in the clip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.errors import InputError
from ...labels.kernels import FARTHEST_CM
from .controls import DepthEncoding, depth_grey
from .masters import metres, read_master
from .streams import STREAMS, ControlOptions
from .video import VideoWriter

_STEP_PX = 4


def measured(depth: Path, ids: Path, own: frozenset[int], encoding: DepthEncoding) -> DepthEncoding:
    """Return the encoding with the range that a clip's depth master has.

    ``clip_percent`` of the pixels lie before it and as many behind; sky and the pixels of the
    instances ``own`` do not count. InputError when nothing is left.
    """
    counts = np.zeros(FARTHEST_CM + 1, np.int64)
    ego = sorted(own)
    for far_cm, numbers in zip(read_master(depth), read_master(ids), strict=True):
        seen, owner = far_cm[::_STEP_PX, ::_STEP_PX], numbers[::_STEP_PX, ::_STEP_PX]
        counts += np.bincount(seen[~np.isin(owner, ego)], minlength=len(counts))
    counts[0] = counts[FARTHEST_CM] = 0
    if not counts.any():
        raise InputError(f"{depth} shows nothing but sky; its depth has no range to measure")
    share = np.cumsum(counts) / counts.sum() * 100.0
    near, far = np.searchsorted(share, [encoding.clip_percent, 100.0 - encoding.clip_percent])
    return replace(encoding, near_m=near / 100.0, far_m=max(far, near + 1) / 100.0)


def remake_depth(
    directory: Path,
    model: OpenCVPinholeCamera,
    rate: Fraction,
    options: ControlOptions,
    own: frozenset[int],
) -> ControlOptions:
    """Write depth.mp4 from the masters of a clip; return the options with the measured range.

    The instances ``own`` are the ego's and do not count in it.
    """
    depth = directory / STREAMS["depth_master"].file
    ids = directory / STREAMS["instance_master"].file
    encoding = measured(depth, ids, own, options.depth)
    path = directory / STREAMS["depth"].file
    writer = VideoWriter(path, model.width, model.height, rate, options.video)
    try:
        for numbers in read_master(depth):
            writer.add(depth_grey(metres(numbers), encoding))
    finally:
        writer.close()
    return replace(options, depth=encoding)
