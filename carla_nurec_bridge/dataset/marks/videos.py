"""Write videos with marks: of a clip's images, and of a twin of another size and rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ...core.errors import InputError
from ...cosmos.clip.codec import VideoOptions
from ...cosmos.clip.video import VideoWriter
from ..store import StoredScenario
from .clip import MarkedClip, OnFrame
from .draw import Image, MarkedFrame, Style, draw_marks

_CRF, _PRESET = 18, "superfast"
_THREADS = 3


def write_marked_clip(
    scenario: StoredScenario,
    camera: str,
    clip: MarkedClip,
    paths: Mapping[Style, Path],
    on_frame: OnFrame,
) -> None:
    """Write the clip of a camera's rgb images with marks, one video a style."""
    with ThreadPoolExecutor(_THREADS, "marks") as pool:
        images = _ahead(scenario, camera, len(clip.frames), pool)
        pairs = zip(images, clip.frames, strict=True)
        _write(pairs, clip.rate_hz, paths, pool, on_frame)


def write_marked_twin(
    video: Path,
    clip: MarkedClip,
    source_frames: Sequence[int] | None,
    paths: Mapping[Style, Path],
    on_frame: OnFrame,
) -> int:
    """Write a video that shows the clip in another look, of any size and rate, with its marks.

    ``source_frames`` tells for each of its frames which of the clip's it shows; without it that is
    the one whose time in the clip is nearest. Return how many frames show none of the clip: they
    lie beyond its end and stay without marks. InputError for a file that is no video.
    """
    try:
        with av.open(str(video)) as container, ThreadPoolExecutor(_THREADS, "marks") as pool:
            stream = container.streams.video[0]
            rate_hz = stream.average_rate or clip.rate_hz
            beyond: list[int] = []

            def pairs() -> Iterator[tuple[Image, MarkedFrame]]:
                for index, frame in enumerate(container.decode(stream)):
                    number = _source_frame(index, source_frames, clip, rate_hz)
                    image = frame.to_ndarray(format="rgb24")
                    if number is None:
                        beyond.append(index)
                        size = clip.frames[0].size
                        yield image, MarkedFrame(size, {}, (), {})
                    else:
                        yield image, clip.frames[number]

            _write(pairs(), rate_hz, paths, pool, on_frame)
            return len(beyond)
    except (av.error.FFmpegError, IndexError) as error:
        raise InputError(f"cannot read the video {video}: {error}") from error


def _source_frame(
    index: int, source_frames: Sequence[int] | None, clip: MarkedClip, rate_hz: Fraction
) -> int | None:
    if source_frames is not None:
        number = source_frames[index] if index < len(source_frames) else -1
    else:
        number = round(Fraction(index) / rate_hz * clip.rate_hz)
    return number if 0 <= number < len(clip.frames) else None


def _ahead(
    scenario: StoredScenario, camera: str, frames: int, pool: ThreadPoolExecutor
) -> Iterator[Image]:
    """Yield a camera's images; the next one is read meanwhile."""
    following = pool.submit(scenario.image, camera, "rgb", 0)
    for number in range(frames):
        image = following.result()
        if number + 1 < frames:
            following = pool.submit(scenario.image, camera, "rgb", number + 1)
        yield image


def _write(
    pairs: Iterable[tuple[Image, MarkedFrame]],
    rate_hz: Fraction,
    paths: Mapping[Style, Path],
    pool: ThreadPoolExecutor,
    on_frame: OnFrame,
) -> None:
    """Draw and encode each style in a thread, frame by frame."""
    with ExitStack() as stack:
        writers: dict[Style, VideoWriter] = {}

        def add(style: Style, image: Image, frame: MarkedFrame) -> None:
            writers[style].add(draw_marks(image, frame, style))

        for image, frame in pairs:
            for style, path in paths.items() if not writers else ():
                path.parent.mkdir(parents=True, exist_ok=True)
                height, width = image.shape[:2]
                writer = VideoWriter(path, width, height, rate_hz, _options(width, height))
                writers[style] = writer
                stack.callback(writer.close)
            whole = np.ascontiguousarray(image)
            for done in [pool.submit(add, style, whole, frame) for style in paths]:
                done.result()
            on_frame()


def _options(width: int, height: int) -> VideoOptions:
    """Return options for a size; the usual 4:2:0 only takes even ones."""
    odd = width % 2 or height % 2
    return VideoOptions(_CRF, _PRESET, pixel_format="yuv444p" if odd else "yuv420p")
