"""Bring a server's video to the frames and the rate of the scenario."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ....core.errors import InputError
from ....cosmos.clip.codec import VideoOptions
from ....cosmos.clip.video import VideoWriter
from ....cosmos.jobs.probe import probe

_SAME_RATE = 0.01
_CODED = VideoOptions(crf=10)


def finish_video(served: Path, frames: int, rate_hz: float, target: Path) -> str:
    """Give a video its name with its first ``frames`` frames, at that rate; say what was done.

    What needs no change stays as the server gave it, byte for byte; ``served`` is gone after it.
    InputError for what cannot be decoded.
    """
    clip = probe(served)
    same_rate = abs(clip.rate_hz - rate_hz) < _SAME_RATE
    if clip.frames <= frames and same_rate:
        served.replace(target)
        return "as the server gave it"
    part = target.with_name(f".{target.name}")
    rate = Fraction(rate_hz).limit_denominator(1001)
    size = (clip.width // 2 * 2, clip.height // 2 * 2)
    try:
        writer = VideoWriter(part, *size, rate, _CODED)
        try:
            with av.open(str(served)) as container:
                for frame in container.decode(video=0):
                    image = frame.to_ndarray(format="rgb24")[: size[1], : size[0]]
                    writer.add(np.ascontiguousarray(image))
                    if writer.frames == frames:
                        break
        except av.error.FFmpegError as error:
            raise InputError(f"{served.name} cannot be decoded: {error.strerror}") from error
        finally:
            writer.close()
        if writer.frames < min(frames, clip.frames):
            raise InputError(
                f"{served.name} cannot be decoded beyond frame {writer.frames} of {clip.frames}"
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    served.unlink()
    done = [f"its first {frames} of {clip.frames} frames"] if clip.frames > frames else []
    done += [] if same_rate else [f"shown at {rate_hz:g} instead of {clip.rate_hz:g} frames/s"]
    return f"{', '.join(done)}; encoded again (H.264, crf {_CODED.crf})"
