"""Images and videos in requests: decoded whole and counted; what they show is not looked at."""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
import time
import warnings
from dataclasses import dataclass
from typing import Any

from .errors import ChatRefusal
from .messages import ChatRequest, ImagePart, VideoPart
from .options import NimServerOptions

_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]+)(?:;[a-z0-9-]+=[^;,]*)*;base64,", re.IGNORECASE)
_IMAGES = {"image/jpeg": "JPEG", "image/jpg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
# A demuxer is named, so that no playlist in disguise makes FFmpeg open other files.
_VIDEOS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
}
_TOKEN_PX = 28
_USUAL_FPS = 2.0


@dataclass(frozen=True)
class Medium:
    """One image (of one frame, 0 s long) or video that could be decoded to its end."""

    kind: str
    width: int
    height: int
    frames: int
    duration_s: float

    def told(self) -> str:
        """Say what it is."""
        size = f"{self.width}x{self.height}"
        if self.kind == "image":
            return f"an image of {size} pixels"
        return f"a video of {self.duration_s:.1f} s with {self.frames} frames of {size} pixels"


def decode_media(request: ChatRequest, options: NimServerOptions) -> list[Medium]:
    """Decode what the messages hold; ChatRefusal for what is too large, late or damaged."""
    deadline_s = time.monotonic() + options.answer_s
    parts = list(request.media())
    if len(parts) > options.media_parts:
        raise ChatRefusal(
            400, f"{len(parts)} images and videos; at most {options.media_parts} a request"
        )
    return [_decode(part, number, options, deadline_s) for number, part in enumerate(parts, 1)]


def media_tokens(media: list[Medium], request: ChatRequest) -> int:
    """Estimate what images and videos count: one token for 28x28 pixels.

    ``media_io_kwargs.video.fps`` (or 2) says how many frames of a video count, two of them as one;
    ``mm_processor_kwargs.videos_kwargs`` and ``images_kwargs`` bound a frame's pixels.
    """
    limits = request.mm_processor_kwargs or {}
    video = (request.media_io_kwargs or {}).get("video", {})
    fps = _number(video.get("fps"), _USUAL_FPS)
    total = 0
    for medium in media:
        bounds = limits.get(f"{medium.kind}s_kwargs", limits)
        bounds = bounds if isinstance(bounds, dict) else {}
        pixels = float(medium.width * medium.height)
        pixels = min(pixels, _number(bounds.get("max_pixels"), math.inf))
        pixels = max(pixels, _number(bounds.get("min_pixels"), 0.0))
        frames = min(medium.frames, max(1.0, medium.duration_s * fps))
        pairs = math.ceil(frames / 2) if medium.kind == "video" else 1
        total += pairs * math.ceil(pixels / _TOKEN_PX**2)
    return total


def _number(value: Any, usual: float) -> float:
    """Return a positive finite number, else what is usual."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < 1e12 else usual


def _decode(
    part: ImagePart | VideoPart, number: int, options: NimServerOptions, deadline_s: float
) -> Medium:
    is_image = isinstance(part, ImagePart)
    url = part.image_url.url if isinstance(part, ImagePart) else part.video_url.url
    name = f"{'image' if is_image else 'video'} {number}"
    kinds = _IMAGES if is_image else _VIDEOS
    match = _URL.match(url, 0, 200)
    if match is None:
        raise ChatRefusal(
            400,
            f"{name}: give it as data:TYPE;base64,...; this server fetches nothing",
            part.type,
        )
    kind = match[1].lower()
    if kind not in kinds:
        raise ChatRefusal(400, f"{name}: {kind} is none of {', '.join(kinds)}", part.type)
    if (len(url) - match.end()) * 3 // 4 > options.media_bytes + 2:
        raise ChatRefusal(413, f"{name} has more than {options.media_bytes} bytes", part.type)
    try:
        data = base64.b64decode(url[match.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ChatRefusal(400, f"{name}: its base64 is damaged: {error}", part.type) from None
    try:
        if is_image:
            return _image(data, kinds[kind], options)
        return _video(data, kinds[kind], options, deadline_s)
    except _Unusable as error:
        raise ChatRefusal(400, f"{name} {error}", part.type) from None


class _Unusable(Exception):
    """A medium that cannot be taken; the text follows its name."""


def _image(data: bytes, kind: str, options: NimServerOptions) -> Medium:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=(kind,)) as image:
                width, height = image.size
                _check_size(width, height, options)
                image.load()
    except _Unusable:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise _Unusable(f"is no {kind} that can be decoded: {error}") from None
    return Medium("image", width, height, 1, 0.0)


def _video(data: bytes, kind: str, options: NimServerOptions, deadline_s: float) -> Medium:
    import av

    frames, width, height, seconds = 0, 0, 0, 0.0
    try:
        with av.open(io.BytesIO(data), format=kind) as container:
            stream = container.streams.video[0]
            width, height = stream.width, stream.height
            _check_size(width, height, options)
            rate = float(stream.average_rate or 0)
            for frame in container.decode(stream):
                frames += 1
                if frame.is_corrupt:
                    raise _Unusable(f"is damaged at frame {frames}")
                _check_size(frame.width, frame.height, options)
                if frames > options.frames:
                    raise _Unusable(f"has more than {options.frames} frames; send a shorter one")
                if time.monotonic() > deadline_s:
                    raise _Unusable("takes too long to decode; send a smaller one")
                seconds = max(seconds, frame.time or 0.0)
    except IndexError:
        raise _Unusable("holds no video") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        at = f" beyond frame {frames}" if frames else ""
        raise _Unusable(f"cannot be decoded{at}: {error}") from None
    if not frames:
        raise _Unusable("has no frames")
    return Medium("video", width, height, frames, seconds + (1.0 / rate if rate else 0.0))


def _check_size(width: int, height: int, options: NimServerOptions) -> None:
    if width * height > options.pixels:
        raise _Unusable(f"has {width}x{height} pixels; at most {options.pixels} are taken")
