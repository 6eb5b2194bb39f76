"""Images and videos are decoded, counted, bounded, and never fetched."""

from __future__ import annotations

import base64
import io
import math
import struct
import zlib

import openai
import pytest
from nim_client import ask, data_url, image_part, video_bytes, video_part
from PIL import Image


def usage_of(client, parts, **extra):
    return ask(client, parts, extra_body=extra).usage.prompt_tokens


def test_what_was_sent_is_told_and_not_looked_at(client):
    parts = [{"type": "text", "text": "?"}, image_part(56, 30), video_part(video_bytes(20, 10))]
    text = ask(client, parts).choices[0].message.content
    assert "an image of 56x30 pixels" in text
    assert "a video of 2.0 s with 20 frames of 64x48 pixels" in text
    assert "no model" in text


def test_images_and_videos_count_by_their_pixels_and_frames(client):
    text = {"type": "text", "text": "one two"}
    base = usage_of(client, [text])
    assert usage_of(client, [text, image_part(280, 56)]) - base == 10 * 2
    video = video_part(video_bytes(20, 10))
    frame = math.ceil(64 * 48 / 28**2)
    assert usage_of(client, [text, video]) - base == 2 * frame  # 2 s at 2 Hz, two as one
    faster = {"media_io_kwargs": {"video": {"fps": 5.0}}}
    assert usage_of(client, [text, video], **faster) - base == 5 * frame
    bounds = {"mm_processor_kwargs": {"videos_kwargs": {"min_pixels": 1568, "max_pixels": 1568}}}
    assert usage_of(client, [text, video], **bounds) - base == 2 * 2


def bomb() -> bytes:
    """Return a PNG of a few bytes that says it is 50000 x 50000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def png(data: bytes) -> dict:
    return {"type": "image_url", "image_url": {"url": data_url("image/png", data)}}


def damaged_video() -> bytes:
    data = video_bytes(40, 10)
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("part", "word"),
    [
        (png(b"no image"), "image 1 is no PNG"),
        (
            png(base64.b64decode(image_part(400, 400)["image_url"]["url"].partition(",")[2])[:-60]),
            "PNG",
        ),
        (png(bomb()), "2500000000 pixels"),
        (video_part(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), "video 1 cannot be decoded"),
        (video_part(damaged_video()), "video 1"),
        (video_part(b""), "video 1 cannot be decoded"),
        (
            {"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/a.png"}},
            "fetches nothing",
        ),
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, "fetches nothing"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,ab!d"}}, "base64"),
        ({"type": "image_url", "image_url": {"url": "data:text/html;base64,aaaa"}}, "text/html"),
        ({"type": "video_url", "video_url": {"url": "data:image/png;base64,aaaa"}}, "image/png"),
        ({"type": "audio_url", "audio_url": {"url": ""}}, "audio_url"),
        ({"type": "image_url"}, "image_url"),
    ],
)
def test_bad_media_are_refused_in_words(client, part, word):
    with pytest.raises(openai.BadRequestError, match=word):
        ask(client, [part])


def test_what_is_too_large_is_refused(serve, client_of):
    client = client_of(serve(media_bytes=2000, media_parts=2, pixels=10_000, frames=10).url)
    noise = io.BytesIO()
    Image.effect_noise((60, 60), 90).save(noise, "PNG")
    with pytest.raises(openai.APIStatusError, match="more than 2000 bytes") as caught:
        ask(client, [png(noise.getvalue())])
    assert caught.value.status_code == 413
    with pytest.raises(openai.BadRequestError, match="200x100 pixels"):
        ask(client, [image_part(200, 100)])
    with pytest.raises(openai.BadRequestError, match="at most 2"):
        ask(client, [image_part(8, 8)] * 3)
    with pytest.raises(openai.APIStatusError, match="more than"):
        ask(client, [video_part(video_bytes(11, 10))])
