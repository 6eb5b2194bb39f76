"""Frames, rate and size of a video file, whether they are one, and it can be read to its end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av

from ...core.errors import InputError
from .contracts import ClipFacts

_EVEN_S = 0.0025


@dataclass(frozen=True)
class Decoded:
    """What a video held that was decoded.

    ``broken`` says why its end was not reached, if so; ``uneven`` what is not one rate or size.
    """

    clip: ClipFacts
    broken: str
    uneven: str = ""


def decode(path: Path) -> Decoded:
    """Decode every frame of a file that may be no video at all."""
    frames, rate, width, height, promised, damaged = 0, 0.0, 0, 0, 0, 0
    broken, times_s, sizes = "", list[float](), dict[tuple[int, int], None]()
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate, promised = float(stream.average_rate or 0), stream.frames
            width, height = stream.width, stream.height
            for packet in container.demux(stream):
                damaged += packet.is_corrupt
                for frame in packet.decode():
                    frames += 1
                    damaged += frame.is_corrupt
                    sizes[frame.width, frame.height] = None
                    if frame.time is not None:
                        times_s.append(frame.time)
    except IndexError:
        broken = "holds no video"
    except (av.error.FFmpegError, OSError) as error:
        at = f"beyond frame {frames}" if frames else "at all"
        broken = f"cannot be decoded {at}: {error.strerror or error}"
    if not broken and frames < promised:
        broken = f"ends after {frames} of its {promised} frames"
    elif not broken and (damaged or not frames):
        broken = f"has {damaged} damaged frames of {frames}"
    uneven = "; ".join(filter(None, (_steps(times_s), _sizes(list(sizes)))))
    return Decoded(ClipFacts(frames, rate, width, height), broken, uneven)


def _steps(times_s: list[float]) -> str:
    """Say how far apart frames are when they are not evenly so; files round to 1 ms."""
    steps = [later - time for time, later in pairwise(times_s)]
    if not steps or max(steps) - min(steps) <= _EVEN_S:
        return ""
    return f"its frames are {1e3 * min(steps):.0f} to {1e3 * max(steps):.0f} ms apart"


def _sizes(sizes: list[tuple[int, int]]) -> str:
    if len(sizes) < 2:
        return ""
    return f"its frames are of several sizes, {', '.join(f'{w}x{h}' for w, h in sizes[:3])}"


def probe(path: Path) -> ClipFacts:
    """Return what a video holds, counting its packets; InputError when it is none."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frames = sum(1 for packet in container.demux(stream) if packet.size)
            return ClipFacts(frames, float(stream.average_rate or 0), stream.width, stream.height)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise InputError(f"{path} is no video that can be read: {error}") from error
