"""Arrays as bytes: flat, uncopied, and none for an array without elements."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.buffers import flat_bytes

POINT = np.dtype([("xyz", "<f4", (3,)), ("tag", "<u4")])


@pytest.mark.parametrize(
    "array",
    [np.arange(12, dtype="<f4").reshape(3, 4), np.zeros((2, 3, 4), np.uint8), np.zeros(5, POINT)],
    ids=["floats", "pixels", "records"],
)
def test_an_array_is_seen_as_its_own_memory(array: np.ndarray) -> None:
    view = flat_bytes(array)
    assert (view.format, view.ndim) == ("B", 1)
    assert bytes(view) == array.tobytes()
    array.view(np.uint8).reshape(-1)[0] = 77
    assert view[0] == 77


@pytest.mark.parametrize(
    "array",
    [np.zeros((0, 4), "<f4"), np.zeros((32, 0, 3)), np.zeros(0, POINT), np.zeros(0, np.uint8)],
    ids=["points", "empty turn", "records", "bytes"],
)
def test_an_array_without_elements_gives_no_bytes(array: np.ndarray) -> None:
    assert bytes(flat_bytes(array)) == b""


def test_other_buffers_pass_through() -> None:
    assert bytes(flat_bytes(b"abc")) == b"abc"
    assert bytes(flat_bytes(memoryview(np.arange(3, dtype="<u2")))) == bytes([0, 0, 1, 0, 2, 0])
    assert bytes(flat_bytes(b"")) == b""


def test_scattered_memory_is_refused() -> None:
    with pytest.raises(BufferError, match="contiguous"):
        flat_bytes(np.zeros((4, 4))[:, 1])
