"""Frames, rate and size of a video file."""

from __future__ import annotations

from pathlib import Path

import av

from ...core.errors import InputError
from .contracts import Clip


def probe(path: Path) -> Clip:
    """Return what a video holds, counting its packets; InputError when it is none."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frames = sum(1 for packet in container.demux(stream) if packet.size)
            return Clip(frames, float(stream.average_rate or 0), stream.width, stream.height)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise InputError(f"{path} is no video that can be read: {error}") from error
