"""Record the control videos of one camera while it drives: a worker and a queue per video."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import RunError
from .codec import VideoOptions
from .controls import DepthEncoding, EdgeEncoding, Picture, depth_grey, edges_grey, grey_to_rgb
from .palette import InstancePalette, semantic_rgb
from .video import VideoWriter

KINDS = ("rgb", "depth", "edges", "semantic", "instance")
_QUEUE_FRAMES = 8
_JOIN_S = 60.0


@dataclass(frozen=True)
class ControlOptions:
    """How the control videos are made."""

    depth: DepthEncoding = field(default_factory=DepthEncoding)
    edges: EdgeEncoding = field(default_factory=EdgeEncoding)
    video: VideoOptions = field(default_factory=VideoOptions)


@dataclass(frozen=True, eq=False)
class ControlFrame:
    """What one camera saw at one stamp, all pictures of the same size (H, W).

    ``rgb`` (H, W, 3) uint8, ``depth_m`` float32 metres along the optical axis (inf: sky),
    ``tags`` uint8 and ``ids`` int32 as CARLA's semantic tags and actor ids.
    """

    stamp_ns: int
    rgb: Picture
    depth_m: NDArray[np.float32]
    tags: NDArray[np.uint8]
    ids: NDArray[np.int32]


@dataclass(frozen=True)
class VideoFile:
    """A finished video: file name, frames encoded, SHA-256 of the file."""

    kind: str
    name: str
    frames: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the file as values that JSON can hold."""
        return {"file": self.name, "frames": self.frames, "sha256": self.sha256}


class _Track:
    """One video, its worker and its bounded queue."""

    def __init__(self, convert: Callable[[ControlFrame], Picture], writer: VideoWriter) -> None:
        self._convert = convert
        self._writer = writer
        self._queue: queue.Queue[ControlFrame | None] = queue.Queue(_QUEUE_FRAMES)
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name=f"video {writer.path.stem}")
        self._thread.start()

    def put(self, frame: ControlFrame) -> None:
        """Hand over one frame; wait while the queue is full. Raise what stopped the worker."""
        if self._failure is not None:
            raise RunError(f"{self._writer.path}: {self._failure}") from self._failure
        self._queue.put(frame)

    def close(self) -> None:
        """Encode what is queued, end the worker and close the file."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(_JOIN_S)
        self._writer.close()
        if self._failure is not None:
            raise RunError(f"{self._writer.path}: {self._failure}") from self._failure

    def _work(self) -> None:
        while (frame := self._queue.get()) is not None:
            if self._failure is not None:
                continue  # keep emptying the queue, so that nobody waits for this worker
            try:
                self._writer.add(self._convert(frame))
            except Exception as error:  # noqa: BLE001 - the top of this thread
                self._failure = error


class ControlClip:
    """The control videos of one camera in ``directory``; closed once, in order, frame-exact."""

    def __init__(
        self,
        directory: Path,
        size: tuple[int, int],
        rate_hz: float,
        options: ControlOptions | None = None,
    ) -> None:
        """Create the five files; ``size`` is (width, height)."""
        directory.mkdir(parents=True, exist_ok=True)
        chosen = options or ControlOptions()
        self.options = chosen
        self.directory = directory
        self.stamps_ns: list[int] = []
        self._palette = InstancePalette()
        convert: dict[str, Callable[[ControlFrame], Picture]] = {
            "rgb": lambda f: f.rgb,
            "depth": lambda f: grey_to_rgb(depth_grey(f.depth_m, chosen.depth)),
            "edges": lambda f: grey_to_rgb(edges_grey(f.rgb, f.tags, chosen.edges)),
            "semantic": lambda f: semantic_rgb(f.tags),
            "instance": lambda f: self._palette.rgb(f.ids, f.tags),
        }
        rate = Fraction(rate_hz).limit_denominator(1001)
        self._writers = {
            kind: VideoWriter(directory / f"{kind}.mp4", *size, rate, chosen.video)
            for kind in KINDS
        }
        self._tracks = [_Track(convert[kind], self._writers[kind]) for kind in KINDS]

    def add(self, frame: ControlFrame) -> None:
        """Append one frame to every video; RunError when its stamp does not follow the last."""
        if self.stamps_ns and frame.stamp_ns <= self.stamps_ns[-1]:
            raise RunError(
                f"control frame stamped {frame.stamp_ns} ns comes after {self.stamps_ns[-1]} ns"
            )
        self.stamps_ns.append(frame.stamp_ns)
        for track in self._tracks:
            track.put(frame)

    def close(self) -> tuple[VideoFile, ...]:
        """Finish every video; return the files in the order of KINDS."""
        tracks, self._tracks = self._tracks, []
        failures = []
        for track in tracks:
            try:
                track.close()
            except RunError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return tuple(
            VideoFile(kind, writer.path.name, writer.frames, _sha256(writer.path))
            for kind, writer in self._writers.items()
        )

    def instances(self) -> list[dict[str, Any]]:
        """Return id, tag and colour of every instance seen; complete after ``close``."""
        return self._palette.entries()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
