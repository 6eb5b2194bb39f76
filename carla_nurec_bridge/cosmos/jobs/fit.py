"""Resample and cut a job's videos to what a backend takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ...core.errors import InputError
from ..clip.codec import VideoOptions
from ..clip.video import VideoWriter
from .contracts import ClipFacts, Contract, model_frames
from .control_names import MAP

_OF_COLOURS = {"seg", MAP, "wsm", "hdmap_bbox"}


def fitted_size(
    contract: Contract, clip: ClipFacts, controls: Collection[str] = ()
) -> tuple[int, float]:
    """Return the frames and the rate a clip gets; InputError when it is too short."""
    rule = contract.frame_rule(controls)
    rate = float(
        contract.model_rate
        if contract.model_rate in contract.rates
        else min(contract.rates, key=lambda r: abs(r - clip.rate_hz))
    )
    if any(abs(clip.rate_hz - taken) < 0.01 for taken in contract.rates):
        rate = clip.rate_hz
    available = int(clip.frames * rate / clip.rate_hz + 1e-6)
    at_model = model_frames(contract, ClipFacts(available, rate, clip.width, clip.height))
    wanted = rule.largest(at_model)
    if not wanted:
        raise InputError(
            f"{contract.backend} needs {rule.text()}; the clip has {clip.frames} at "
            f"{clip.rate_hz:g} frames/s, which makes {at_model}. Record a longer one"
        )
    step = 1.0 if contract.model_rate is None else rate / contract.model_rate
    return round(wanted * step), rate


def fit(
    videos: Mapping[str, Path], clip: ClipFacts, contract: Contract, folder: Path
) -> dict[str, Path]:
    """Write each video anew into ``folder``; return the new files.

    Frame n of the result is the one shown at n / rate, the same for every video of the job.
    """
    frames, rate = fitted_size(contract, clip, videos)
    sources = [min(clip.frames - 1, int(n * clip.rate_hz / rate + 1e-6)) for n in range(frames)]
    result = {}
    for name, path in videos.items():
        # Colours that mean something must survive: the writer's best quality instead of its usual.
        options = VideoOptions(crf=4 if name in _OF_COLOURS else 12)
        result[name] = folder / f"{name}.mp4"
        _copy(path, result[name], sources, Fraction(rate).limit_denominator(1001), options)
    return result


def _copy(
    source: Path, target: Path, frames: list[int], rate: Fraction, options: VideoOptions
) -> None:
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        width, height = stream.width // 2 * 2, stream.height // 2 * 2
        writer = VideoWriter(target, width, height, rate, options)
        try:
            wanted = iter(frames)
            due = next(wanted, None)
            for index, frame in enumerate(container.decode(stream)):
                image = None
                while due == index:
                    if image is None:
                        image = np.asarray(frame.to_ndarray(format="rgb24")[:height, :width])
                    writer.add(image)
                    due = next(wanted, None)
                if due is None:
                    break
        finally:
            writer.close()
    if writer.frames != len(frames):
        raise InputError(f"{source} ends after {writer.frames} of the frames that were needed")
