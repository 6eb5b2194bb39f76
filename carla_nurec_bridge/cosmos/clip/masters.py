"""Lossless masters: depth, tags and ids as they are, in FFV1, from which videos can be remade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ...core.errors import InputError, RunError
from ...labels.frame import LabelledFrame
from ...labels.kernels import FARTHEST_CM, depth_cm
from ...world.pixel_ids import MOST_ID

_REPRODUCIBLE = {"fflags": "+bitexact"}


@dataclass(frozen=True)
class Master:
    """A master: what of a frame it holds, in which pixel format, and what a number means."""

    pixel_format: str
    meaning: str
    numbers: Callable[[LabelledFrame], NDArray[Any]]


def _depth(frame: LabelledFrame) -> NDArray[np.uint16]:
    numbers = np.empty(frame.depth_m.shape, np.uint16)
    depth_cm(np.ascontiguousarray(frame.depth_m), numbers)
    return numbers


def _ids(frame: LabelledFrame) -> NDArray[np.uint16]:
    if int(frame.ids.max()) > MOST_ID or int(frame.ids.min()) < 0:
        raise InputError(
            f"an instance id of {int(frame.ids.max())} does not fit the master's 16 bits; CARLA's "
            "pictures hold no larger ones"
        )
    return frame.ids.astype(np.uint16)


MASTERS: dict[str, Master] = {
    "depth_master": Master(
        "gray16le", f"centimetres along the optical axis, {FARTHEST_CM}: farther, or sky", _depth
    ),
    "semantic_master": Master("gray", "CARLA's semantic tag", lambda frame: frame.tags),
    "instance_master": Master("gray16le", "instance id (CARLA's G + 256 B), 0: none", _ids),
}


class MasterWriter:
    """An open .mkv of FFV1: each frame stands alone, every number comes back as it was."""

    def __init__(
        self, path: Path, width: int, height: int, rate_hz: Fraction, pixel_format: str
    ) -> None:
        """Create the file."""
        self.path = path
        self.frames = 0
        self._format = pixel_format
        self._size = (height, width)
        self._container = av.open(str(path), "w", format="matroska", options=_REPRODUCIBLE)
        stream = self._container.add_stream("ffv1", rate=rate_hz)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.options = {"level": "3", "slicecrc": "1", "slices": "4"}
        stream.codec_context.time_base = 1 / rate_hz
        stream.codec_context.thread_count = 1
        self._stream: VideoStream | None = stream

    def add(self, numbers: NDArray[Any]) -> None:
        """Append one picture of numbers (H, W); InputError when its size is not the video's."""
        assert self._stream is not None
        if numbers.shape != self._size:
            raise InputError(
                f"{self.path.name}: frame {self.frames} is {numbers.shape[1]}x{numbers.shape[0]}, "
                f"not {self._size[1]}x{self._size[0]}"
            )
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(numbers), format=self._format)
        frame.pts = self.frames
        frame.time_base = self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def close(self) -> None:
        """Finish the file; a second call does nothing. RunError when the disk or FFmpeg refuses."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        try:
            self._container.mux(stream.encode(None))
            self._container.close()
        except (OSError, av.error.FFmpegError) as error:
            raise RunError(f"cannot finish {self.path}: {error.strerror}") from error


def read_master(path: Path) -> Iterator[NDArray[Any]]:
    """Yield the pictures of a master (H, W), uint8 or uint16; InputError when it is none."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            for frame in container.decode(stream):
                yield frame.to_ndarray(format=frame.format.name)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise InputError(f"{path} is no master that can be read: {error}") from error


def metres(numbers: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return the depth in metres of a picture of depth_master, inf where it was too far."""
    depth = numbers.astype(np.float32) / np.float32(100.0)
    depth[numbers == FARTHEST_CM] = np.inf
    return depth
