"""Write a video with exactly the frames that it is given."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ...core.errors import InputError, RunError
from ..kernels.yuv import Yuv420
from .codec import VideoOptions, encoder_of
from .scheduling import scheduling_kept

_WHILE_OPEN = {
    "movflags": "+empty_moov+delay_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
}
_CLOSED = {"movflags": "+faststart"}


class VideoWriter:
    """An open .mp4 of the wanted codec, YUV being BT.601 of limited range; index first once closed.

    Frame n is shown from n / rate on; none is repeated, dropped or moved. While it is open the
    file consists of fragments of half a second, so that it plays when its writer is killed.
    """

    def __init__(
        self, path: Path, width: int, height: int, rate_hz: Fraction, options: VideoOptions
    ) -> None:
        """Create the file; InputError for options that cannot be had, and odd sizes in 4:2:0."""
        encoder = encoder_of(options)
        if encoder.pixel_format == "yuv420p" and (width % 2 or height % 2):
            raise InputError(f"{path.name}: {width}x{height} is odd; 4:2:0 video needs even sizes")
        self.path = path
        self.frames = 0
        self._size = (height, width)
        self._container = av.open(str(path), "w", options=_WHILE_OPEN)
        stream = self._container.add_stream(encoder.name, rate=rate_hz)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, encoder.pixel_format
        stream.options = dict(encoder.settings)
        stream.codec_context.time_base = 1 / rate_hz
        stream.codec_context.thread_count = 1
        self._format = encoder.pixel_format
        # A frame's own reformat() makes tables, and a thread a core, anew for every frame.
        self._reformatter = VideoReformatter()
        self._yuv = Yuv420(width, height)
        if self._format.startswith("yuv"):
            # Players and readers that ignore the tag assume BT.601 for untagged video too.
            stream.codec_context.colorspace = Colorspace.ITU601
            stream.codec_context.color_range = ColorRange.MPEG
        with scheduling_kept():
            stream.codec_context.open()
        self._stream: VideoStream | None = stream

    def add(self, image: NDArray[np.uint8], /) -> None:
        """Append one image (H, W, 3) RGB or (H, W) grey; InputError for another size."""
        assert self._stream is not None
        if image.shape not in ((*self._size, 3), self._size):
            raise InputError(
                f"{self.path.name}: frame {self.frames} is {image.shape[1]}x{image.shape[0]}, "
                f"not {self._size[1]}x{self._size[0]}"
            )
        frame = self._frame(np.ascontiguousarray(image))
        frame.pts = self.frames
        frame.time_base = self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def _frame(self, image: NDArray[np.uint8]) -> av.VideoFrame:
        """Return the image as the encoder takes it."""
        if self._format == "yuv420p":
            convert = self._yuv.convert if image.ndim == 3 else self._yuv.convert_grey
            return av.VideoFrame.from_numpy_buffer(convert(image), format=self._format)
        given = "rgb24" if image.ndim == 3 else "gray"
        frame = av.VideoFrame.from_numpy_buffer(image, format=given)
        if self._format.startswith("yuv"):
            return self._reformatter.reformat(
                frame,
                format=self._format,
                src_color_range=ColorRange.JPEG,
                dst_colorspace=Colorspace.ITU601,
                dst_color_range=ColorRange.MPEG,
                threads=1,
            )
        if self._format != given:
            return self._reformatter.reformat(frame, format=self._format, threads=1)
        return frame

    def close(self) -> None:
        """Write what the encoder still holds and the index; a second call does nothing.

        RunError when the disk or the encoder refuses.
        """
        stream, self._stream = self._stream, None
        if stream is None:
            return
        try:
            self._container.mux(stream.encode(None))
            self._container.close()
            if self.frames:
                _join_fragments(self.path)
        except (OSError, av.error.FFmpegError) as error:
            raise RunError(f"cannot finish {self.path}: {error.strerror}") from error


def _join_fragments(path: Path) -> None:
    """Rewrite a video of fragments with one index at the front; its packets stay as they are."""
    whole = path.with_name(f".{path.name}")
    with av.open(str(path)) as source, av.open(str(whole), "w", "mp4", options=_CLOSED) as target:
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(video=0):
            if packet.dts is not None:  # the last one is empty
                packet.stream = stream
                target.mux(packet)
    whole.replace(path)


def count_frames(path: Path) -> int:
    """Decode a video from start to end and return the number of its frames."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
