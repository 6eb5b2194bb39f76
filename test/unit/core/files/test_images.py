"""Images are looked at before they are unpacked."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.core.files.images import MOST_PIXELS, ImageError, decoded_image
from carla_nurec_bridge.nurec.images import decoded

RGB = np.random.default_rng(3).integers(0, 255, (6, 9, 3), np.uint8)


def written(kind: str, pixels: np.ndarray = RGB) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def black_png(width: int, height: int) -> bytes:
    """Return a black PNG of one bit a pixel: a few kilobytes for gigabytes of pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        sum_of = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + sum_of

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(height * (1 + -(-width // 8))), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*one) for one in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    )


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "webp"])
def test_pixels_are_those_that_were_written(kind: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, kind, lossless=True)
    np.testing.assert_array_equal(decoded_image(stream.getvalue())[..., ::-1], RGB)


def test_a_reply_is_decoded() -> None:
    np.testing.assert_array_equal(decoded(written("png")), RGB)
    grey = np.full((16, 24, 3), 90, np.uint8)
    np.testing.assert_allclose(decoded(written("jpeg", grey)), grey, atol=1)


def test_what_would_fill_the_memory_is_not_unpacked() -> None:
    side = 8193
    bomb = black_png(side, side)
    assert len(bomb) < 20_000
    assert side * side > MOST_PIXELS
    with pytest.raises(ImageError, match=r"8193 x 8193 pixels"):
        decoded_image(bomb)
    with pytest.raises(ProtocolError, match=r"JPEG or PNG, has 8193 x 8193 pixels"):
        decoded(bomb)
    assert decoded_image(black_png(64, 32), cv2.IMREAD_UNCHANGED).shape == (32, 64)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"words",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        written("png")[:60],
        written("jpeg")[:40],
    ],
    ids=["nothing", "text", "head of a PNG", "head of a JPEG", "half a PNG", "part of a JPEG"],
)
def test_what_is_no_image_is_said(data: bytes) -> None:
    with pytest.raises(ImageError):
        decoded_image(data)
    with pytest.raises(ProtocolError):
        decoded(data)
