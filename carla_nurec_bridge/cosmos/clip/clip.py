"""Write the streams of one camera while it drives: a worker and a bounded queue for each."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from ...core.buffers import sha256_of
from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.errors import RunError
from ...labels.agreement import Agreement
from ...labels.frame import LabelledFrame
from ...labels.palette import InstancePalette
from ..hdmap.content import HdMap
from ..hdmap.painter import HdMapPainter
from .masters import MASTERS, MasterWriter
from .remake import remake_depth
from .streams import (
    STREAMS,
    ClipStream,
    ControlOptions,
    Convert,
    converters,
)
from .video import VideoWriter

_QUEUE_FRAMES = 6
CLOSE_S = 120.0
"""Wall time to encode what is queued when a clip is closed, all streams together."""


@dataclass(frozen=True)
class StreamFile:
    """A finished stream: its row, frames encoded, bytes, SHA-256, and CPU time a frame (ms)."""

    stream: ClipStream
    frames: int
    size: int
    sha256: str
    convert_ms: float
    encode_ms: float

    @property
    def name(self) -> str:
        """The file's name in the clip's folder."""
        return self.stream.file

    @property
    def kind(self) -> str:
        """The stream's name."""
        return self.stream.name

    def to_json(self) -> dict[str, Any]:
        """Return the file as values that JSON can hold."""
        return {
            "file": self.name,
            "frames": self.frames,
            "bytes": self.size,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class ClipDone:
    """A finished clip: its folder, its camera's name, its streams, how masks and boxes agree."""

    directory: Path
    camera: str
    files: tuple[StreamFile, ...]
    agreement: Sequence[Mapping[str, Any]]


class _Writer(Protocol):
    """An open file of frames."""

    path: Path
    frames: int

    def add(self, image: NDArray[Any], /) -> None: ...

    def close(self) -> None: ...


class _Track:
    """One stream, its worker and its bounded queue."""

    def __init__(self, name: str, convert: Convert, writer: _Writer | None) -> None:
        self.name = name
        self.frames = 0
        self.convert_s = 0.0
        self.encode_s = 0.0
        self._convert = convert
        self._writer = writer
        self._queue: queue.Queue[LabelledFrame | None] = queue.Queue(_QUEUE_FRAMES)
        self._failure: Exception | None = None
        # Whoever closes waits for it; one that never ends must not hold the process.
        self._thread = threading.Thread(target=self._work, name=f"video {name}", daemon=True)
        self._thread.start()

    def put(self, frame: LabelledFrame) -> None:
        """Hand over one frame; wait while the queue is full. Raise what stopped the worker."""
        self._raise()
        self._queue.put(frame)

    def close(self, until_s: float) -> None:
        """Encode what is queued, end the worker and close the file.

        * until_s: monotonic time after which RunError says that the file is left unfinished.
        """
        with suppress(queue.Full):
            self._queue.put(None, timeout=max(0.0, until_s - time.monotonic()))
        self._thread.join(max(0.0, until_s - time.monotonic()))
        if self._thread.is_alive():  # the file is its worker's
            where = self._writer.path if self._writer else self.name
            raise RunError(f"{where}: frame {self.frames} is still being encoded; it is unfinished")
        if self._writer is not None:
            self._writer.close()
        self._raise()

    def _raise(self) -> None:
        if self._failure is not None:
            where = self._writer.path if self._writer else self.name
            raise RunError(f"{where}: frame {self.frames}: {self._failure}") from self._failure

    def _work(self) -> None:
        while (frame := self._queue.get()) is not None:
            if self._failure is not None:
                continue  # keep emptying the queue, so that nobody waits for this worker
            try:
                started = time.thread_time()
                image = self._convert(frame)
                converted = time.thread_time()
                if self._writer is not None:
                    self._writer.add(image)
                self.convert_s += converted - started
                self.encode_s += time.thread_time() - converted
                self.frames += 1
            except Exception as error:  # noqa: BLE001 - the top of this thread
                self._failure = error


class ControlClip:
    """The streams of one camera in ``directory``; closed once, in order, frame-exact.

    ``sources`` are the pictures that frames will have (of rgb, depth, semantic, instance,
    normals); with ``street`` there is an HD map too.
    """

    def __init__(
        self,
        directory: Path,
        model: OpenCVPinholeCamera,
        rate_hz: float | Fraction,
        options: ControlOptions,
        sources: frozenset[str],
        street: HdMap | None = None,
        ego: int = 0,
    ) -> None:
        """Create the files of all streams that can be made.

        ``ego`` is the ego's instance id, 0 where it is not known: then it is what has no box.
        """
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("manifest.json", *(stream.file for stream in STREAMS.values())):
            (directory / name).unlink(missing_ok=True)  # an older clip's must not look like ours
        self.options = options
        self.directory = directory
        self.rate = Fraction(rate_hz).limit_denominator(1001)
        self.stamps_ns: list[int] = []
        self._model = model
        self._ego = ego
        self._palette = InstancePalette()
        self.agreement = Agreement(model)
        painter = None if street is None else HdMapPainter(street, model)
        at_hand = sources if street is None else sources | {"map"}
        self.streams = options.chosen(at_hand)
        # A measured depth range is known at the end only; then the video is made of its master.
        self._later = [
            s for s in self.streams if s.name == "depth" and options.depth.clip_percent > 0
        ]
        convert = converters(options, self._palette, painter)
        tracked = [s for s in self.streams if s not in self._later]
        self._tracks: list[_Track] = []
        self._done: dict[str, _Track] = {}
        for stream in tracked:
            track = _Track(stream.name, convert[stream.name], self._writer(stream))
            self._tracks.append(track)
            self._done[stream.name] = track
        if "instance" in sources:
            self._tracks.append(_Track("agreement", self._agree, None))

    def _writer(self, stream: ClipStream) -> _Writer:
        path = self.directory / stream.file
        size = (self._model.width, self._model.height)
        if stream.lossless:
            return MasterWriter(path, *size, self.rate, MASTERS[stream.name].pixel_format)
        return VideoWriter(path, *size, self.rate, self.options.video)

    def _agree(self, frame: LabelledFrame) -> Any:
        self.agreement.add(frame)

    def add(self, frame: LabelledFrame) -> None:
        """Append one frame to every stream; RunError when its stamp does not follow the last."""
        if self.stamps_ns and frame.stamp_ns <= self.stamps_ns[-1]:
            raise RunError(
                f"control frame stamped {frame.stamp_ns} ns comes after {self.stamps_ns[-1]} ns"
            )
        self.stamps_ns.append(frame.stamp_ns)
        for track in self._tracks:
            track.put(frame)

    def close(self, limit_s: float | None = None) -> tuple[StreamFile, ...]:
        """Finish every stream; return the files in the order of the table.

        * limit_s: wall time for all of it; without one what is queued has two minutes, and a
          depth video of a measured range, which is made from its masters then, its time.

        RunError names the first stream and frame that failed, or that is missing.
        """
        tracks, self._tracks = self._tracks, []
        failures = []
        until_s = time.monotonic() + (CLOSE_S if limit_s is None else limit_s)
        for track in tracks:
            try:
                track.close(until_s)
            except RunError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        frames = len(self.stamps_ns)
        for track in tracks:
            if track.frames != frames:
                raise RunError(
                    f"{self.directory}: stream {track.name} has {track.frames} of {frames} "
                    f"frames; frame {track.frames} is missing"
                )
        for stream in self._later:
            own = frozenset({self._ego}) if self._ego else self.agreement.without_box()
            self.options = remake_depth(
                self.directory,
                self._model,
                self.rate,
                self.options,
                own,
                math.inf if limit_s is None else until_s,
            )
            self._done[stream.name] = self._done["depth_master"]
        return tuple(self._file(stream) for stream in self.streams)

    def abandon(self) -> None:
        """End the workers and leave what is written so far, without a manifest; never raises.

        After ``close`` it does nothing.
        """
        tracks, self._tracks = self._tracks, []
        until_s = time.monotonic() + CLOSE_S
        for track in tracks:
            with suppress(RunError):
                track.close(until_s)

    def _file(self, stream: ClipStream) -> StreamFile:
        path, track = self.directory / stream.file, self._done[stream.name]
        each = 1000.0 / max(track.frames, 1)
        return StreamFile(
            stream,
            track.frames,
            path.stat().st_size,
            sha256_of(path),
            round(track.convert_s * each, 2),
            round(track.encode_s * each, 2),
        )

    def instances(self) -> list[dict[str, Any]]:
        """Return id, tag, colour and count of every instance seen; complete after ``close``."""
        found = self.agreement.instances
        return [
            {**entry, **_counts(found[entry["id"]])} if entry["id"] in found else entry
            for entry in self._palette.entries()
        ]


def _counts(instance: Any) -> Mapping[str, int]:
    return {
        "first_frame": instance.first_frame,
        "frames": instance.frames,
        "pixels": instance.pixels,
    }
