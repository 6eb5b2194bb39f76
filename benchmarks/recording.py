"""Time a bag with chunk CRC beside plain file writes of the same bytes on the same disk.

Run: ``python benchmarks/recording.py [FOLDER]``. Each message is written as the recorder does:
already canonical, one ``write`` a message. The goal is 70 % of the plain rate; the rate with
canonicalisation, hash and stamp is what the recorder reaches in all.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _figures import Figure, quick, tell
from _help import show_help

from carla_nurec_bridge.recording import (
    BagOptions,
    BagWriter,
    OfferedQos,
    Tally,
    canonical,
)
from carla_nurec_bridge.recording.types import store_of

TOTAL_BYTES = 100_000_000 if quick() else 300_000_000
ROUNDS = 1 if quick() else 3
IMAGE = "sensor_msgs/msg/Image"
SIZES = {
    "640x360 32FC1": (640, 360, 4),
    "1280x720 rgb8": (1280, 720, 3),
    "1080p rgb8": (1920, 1080, 3),
}


def message(width: int, height: int, channels: int) -> bytes:
    """Return a serialized image of noise."""
    store = store_of(IMAGE)
    types = store.types
    data = np.random.default_rng(1).integers(0, 256, width * height * channels, dtype=np.uint8)
    stamp = types["builtin_interfaces/msg/Time"](1, 2)
    head = types["std_msgs/msg/Header"](stamp, "camera_optical_frame")
    image = types[IMAGE](head, height, width, "rgb8", 0, width * channels, data)
    return bytes(store.serialize_cdr(image, IMAGE))


def plain(folder: Path, data: bytes, count: int) -> None:
    """Write the bytes to one file, one call a message."""
    with (folder / "plain").open("wb", buffering=0) as stream:
        for _ in range(count):
            stream.write(data)
        os.fsync(stream.fileno())


def bag(folder: Path, data: bytes, count: int, *, whole_way: bool = False) -> None:
    """Write a bag of ``count`` messages; ``whole_way`` adds what the recorder does before."""
    tally = Tally()
    with BagWriter(folder / "bag", BagOptions()) as writer:
        channel = writer.add_stream("/image", IMAGE, (OfferedQos(),))
        for i in range(count):
            clean = canonical(data, IMAGE) if whole_way else data
            writer.write(channel, i, clean)
            if whole_way:
                tally.add(i, clean)


def rate(work: Callable[[Path], None], folder: Path, total: int) -> float:
    """Return the best MB/s of a few rounds, each in an empty folder."""
    best = 0.0
    for _ in range(ROUNDS):
        place = Path(tempfile.mkdtemp(dir=folder))
        started = time.perf_counter()
        work(place)
        best = max(best, total / (time.perf_counter() - started) / 1e6)
        shutil.rmtree(place)
    return best


def keep_memory() -> None:
    """Stop glibc from giving large blocks back, as the graph does for every node of a run."""
    libc = ctypes.CDLL(None)
    libc.mallopt(-3, 32 << 20)
    libc.mallopt(-1, 256 << 20)


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    keep_memory()
    head = f"{'message':>14} {'plain MB/s':>11} {'bag MB/s':>9} {'ratio':>6} {'whole way MB/s':>15}"
    print(head)
    for name, shape in SIZES.items():
        data = message(*shape)
        count = TOTAL_BYTES // len(data)
        total = count * len(data)
        floor = rate(lambda f, d=data, c=count: plain(f, d, c), folder, total)  # type: ignore[misc]
        written = rate(lambda f, d=data, c=count: bag(f, d, c), folder, total)  # type: ignore[misc]
        whole = rate(
            lambda f, d=data, c=count: bag(f, d, c, whole_way=True),  # type: ignore[misc]
            folder,
            total,
        )
        tell(Figure("recording", name, written, "MB/s", "plain write", floor, "more"))
        print(f"{name:>14} {floor:11.0f} {written:9.0f} {written / floor:6.0%} {whole:15.0f}")


if __name__ == "__main__":
    show_help(__doc__)
    main()
