"""Time a bag with chunk CRC beside plain file writes of the same bytes on the same disk.

Run: ``python benchmarks/recording.py [FOLDER]``. Each message is written as the recorder does:
already canonical, one ``write`` a message. The goal is 70 % of the plain rate; the rate with
canonicalisation, hash and stamp is what the recorder reaches in all.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
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
from carla_nurec_bridge.ros.runtime.malloc import keep_freed_memory

TOTAL_BYTES = 100_000_000 if quick() else 300_000_000
ROUNDS = 1 if quick() else 5
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


@dataclass(frozen=True)
class Rates:
    """MB/s by wall time and by processor time."""

    wall: float
    processor: float

    def best(self, other: Rates) -> Rates:
        """Return the higher of both, each by itself."""
        return Rates(max(self.wall, other.wall), max(self.processor, other.processor))


def rate(work: Callable[[Path], None], folder: Path, total: int) -> Rates:
    """Return the rates at which ``total`` bytes are written into an empty folder."""
    place = Path(tempfile.mkdtemp(dir=folder))
    started, used = time.perf_counter(), time.process_time()
    work(place)
    rates = Rates(
        total / (time.perf_counter() - started) / 1e6, total / (time.process_time() - used) / 1e6
    )
    shutil.rmtree(place)
    return rates


def in_turns(works: Sequence[Callable[[Path], None]], folder: Path, total: int) -> list[Rates]:
    """Return the best rates of each, of a few rounds in which all have their turn."""
    best = [Rates(0.0, 0.0)] * len(works)
    for _ in range(ROUNDS):
        best = [old.best(rate(w, folder, total)) for old, w in zip(best, works, strict=True)]
    return best


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    keep_freed_memory()  # as every node of a run does
    head = f"{'message':>14} {'time':>9} {'plain MB/s':>11} {'bag MB/s':>9} {'ratio':>6}"
    print(f"{head} {'whole way MB/s':>15}")
    for name, shape in SIZES.items():
        data = message(*shape)
        count = TOTAL_BYTES // len(data)
        works = (
            partial(plain, data=data, count=count),
            partial(bag, data=data, count=count),
            partial(bag, data=data, count=count, whole_way=True),
        )
        rates = in_turns(works, folder, count * len(data))
        for kind in ("wall", "processor"):
            floor, written, whole = (getattr(rate, kind) for rate in rates)
            told = f"{name}, {kind} time"
            tell(Figure("recording", told, written, "MB/s", "plain write", floor, "more"))
            ratio = written / floor
            print(f"{name:>14} {kind:>9} {floor:11.0f} {written:9.0f} {ratio:6.0%} {whole:15.0f}")


if __name__ == "__main__":
    show_help(__doc__)
    main()
