"""Play a job's video with the stamps of the drive that it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import simplejpeg

from ..core.errors import InputError
from .clip.manifest import read_manifest

_QUALITY = 95


@dataclass(frozen=True)
class PlayedImage:
    """One picture: when it is due after the first one (s), the stamp of the drive (ns), JPEG."""

    time_s: float
    stamp_ns: int
    jpeg: bytes


def play(video: Path, clip: Path) -> Iterator[PlayedImage]:
    """Yield the pictures of a video that was made from the clip in the folder ``clip``.

    A picture gets the stamp of the clip's frame that was shown at its time. InputError when the
    video or the clip's manifest cannot be read.
    """
    manifest = read_manifest(clip)
    stamps_ns, rate_hz = list(manifest["stamps_ns"]), float(manifest["rate_hz"])
    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            for number, frame in enumerate(container.decode(stream)):
                time_s = number / float(stream.average_rate or rate_hz)
                source = min(len(stamps_ns) - 1, int(time_s * rate_hz + 1e-6))
                pixels = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
                jpeg = simplejpeg.encode_jpeg(pixels, quality=_QUALITY)
                yield PlayedImage(time_s, stamps_ns[source], jpeg)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise InputError(f"{video} is no video that can be decoded: {error}") from error
