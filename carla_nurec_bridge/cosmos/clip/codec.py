"""How videos are encoded: one options type for every writer, and what it means to each encoder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from ...core.errors import InputError

CODECS = ("x264", "x265", "av1")
PIXEL_FORMATS = ("yuv420p", "yuv444p", "rgb24")
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")
NVENC = ("off", "auto", "on")
MOST_CRF = 63

_FORMATS = {"x264": PIXEL_FORMATS, "x265": PIXEL_FORMATS, "av1": ("yuv420p",)}
_CRF = {"x264": (0, 51), "x265": (0, 51), "av1": (1, MOST_CRF)}
_NAMES = {"x264": "h264", "x265": "hevc", "av1": "av1"}
_SVT_SPEED = dict(zip(PRESETS, ("9", "9", "8", "8", "7", "6", "4"), strict=True))
_NVENC_SPEED = dict(zip(PRESETS, ("p1", "p1", "p2", "p3", "p4", "p5", "p6"), strict=True))
_PROBE_SIZE = (256, 256)
_PROBE_FRAMES = 4


@dataclass(frozen=True)
class VideoOptions:
    """The quality and the form of a video.

    ``crf`` is the quality, less is better: 0 (without loss) to 51, for AV1 1 to 63. ``preset`` is
    the encoder's effort. ``pixel_format`` ``rgb24`` keeps the colours themselves, with crf 0 every
    pixel of them. ``nvenc``: ``auto`` encodes on a GPU where a trial shows that this works, ``on``
    demands it. InputError names what does not fit together.
    """

    crf: int = 14
    preset: str = "ultrafast"
    codec: str = "x264"
    pixel_format: str = "yuv420p"
    nvenc: str = "off"

    def __post_init__(self) -> None:
        for name, known in (
            ("codec", CODECS),
            ("preset", PRESETS),
            ("pixel_format", PIXEL_FORMATS),
            ("nvenc", NVENC),
        ):
            if getattr(self, name) not in known:
                value = getattr(self, name)
                raise InputError(f"video {name} {value!r}: use one of {', '.join(known)}")
        if self.pixel_format not in _FORMATS[self.codec]:
            raise InputError(
                f"video pixel_format {self.pixel_format}: {self.codec} encodes "
                f"{' and '.join(_FORMATS[self.codec])} only; take x264 or x265 for others"
            )
        low, high = _CRF[self.codec]
        if not low <= self.crf <= high:
            raise InputError(f"video crf {self.crf}: {self.codec} takes {low} to {high}")
        if self.nvenc == "on" and self.pixel_format == "rgb24":
            raise InputError("video pixel_format rgb24: NVENC encodes yuv only; set nvenc off")


def lossless_rgb(preset: str = "superfast") -> VideoOptions:
    """Return the options that keep every pixel of an RGB picture as it is."""
    return VideoOptions(0, preset, "x264", "rgb24")


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg, the pixel format it is fed with and its private options."""

    name: str
    pixel_format: str
    settings: Mapping[str, str]


def encoder_of(options: VideoOptions) -> Encoder:
    """Return the encoder for these options.

    InputError when they demand NVENC and the trial says that it does not work here.
    """
    yuv = options.pixel_format != "rgb24"
    if options.nvenc == "on" or (options.nvenc == "auto" and yuv):
        fault = nvenc_fault(options.codec)
        if fault is None:
            return _on_gpu(options)
        if options.nvenc == "on":
            raise InputError(f"video nvenc on: NVENC does not work here ({fault}); use auto or off")
    return _on_cpu(options)


def describe(options: VideoOptions) -> dict[str, Any]:
    """Return what a manifest says about a video's encoding."""
    encoder = encoder_of(options)
    yuv = options.pixel_format != "rgb24"
    return {
        "name": _NAMES[options.codec],
        "encoder": encoder.name,
        "pixel_format": options.pixel_format,
        "matrix": "BT.601, limited range" if yuv else "RGB, full range",
        "crf": options.crf,
        "preset": options.preset,
    }


@cache
def nvenc_fault(codec: str) -> str | None:
    """Encode some pictures with NVENC; return None when that works, else what went wrong.

    A driver, or an encoder in a list, proves nothing: data-centre GPUs have none.
    """
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as said:
            packets = _encode_with_nvenc(f"{_NAMES[codec]}_nvenc")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        return said[0][2].strip() if said else str(error)
    finally:
        av.logging.set_level(level)
    return None if packets == _PROBE_FRAMES else f"{packets} packets for {_PROBE_FRAMES} pictures"


def _encode_with_nvenc(name: str) -> int:
    width, height = _PROBE_SIZE
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, 20)
    image = np.zeros((height, width, 3), np.uint8)
    packets = 0
    for number in range(_PROBE_FRAMES):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += len(context.encode(frame))
    return packets + len(context.encode(None))


def _on_cpu(options: VideoOptions) -> Encoder:
    crf, preset = str(options.crf), options.preset
    if options.codec == "x264":
        rgb = options.pixel_format == "rgb24"
        name = "libx264rgb" if rgb else "libx264"
        return Encoder(name, options.pixel_format, {"crf": crf, "preset": preset})
    if options.codec == "x265":
        # Without these it starts a pool of threads a video, and writes to the terminal.
        own = "log-level=error:pools=none:frame-threads=1"
        own += ":lossless=1" if options.crf == 0 else ""
        planes = "gbrp" if options.pixel_format == "rgb24" else options.pixel_format
        settings = {"crf": crf, "preset": preset, "x265-params": own}
        return Encoder("libx265", planes, settings)
    os.environ.setdefault("SVT_LOG", "1")  # it writes pages to the terminal otherwise
    settings = {"crf": crf, "preset": _SVT_SPEED[preset], "svtav1-params": "lp=1"}
    return Encoder("libsvtav1", options.pixel_format, settings)


def _on_gpu(options: VideoOptions) -> Encoder:
    settings = {"preset": _NVENC_SPEED[options.preset]}
    if options.crf == 0:
        settings |= {"tune": "lossless"}
    else:
        settings |= {"rc": "vbr", "cq": str(options.crf), "b": "0"}
    return Encoder(f"{_NAMES[options.codec]}_nvenc", options.pixel_format, settings)
