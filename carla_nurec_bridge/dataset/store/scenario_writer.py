"""Write one scenario: its frames in order, into a hidden folder."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, final

from numpy.typing import NDArray
from pydantic import TypeAdapter

from ...core.buffers import sha256_of
from ...core.errors import RunError
from ...core.run_contract.record import Record
from ..truth.events import Event
from ..truth.frame import FrameTruth
from ..truth.scenario import FrameState, ScenarioTruth
from .calibration import CameraCalibration
from .images import IMAGES
from .layout import ScenarioFolder
from .parts import part_name

_THREADS, _MOST_PENDING = 2, 64
EVENTS: TypeAdapter[tuple[Event, ...]] = TypeAdapter(tuple[Event, ...])
"""The contents of events.json."""

Derive = Callable[[ScenarioFolder], Iterable[tuple[Path, bytes | None]]]
"""Gives paths with contents, None for a file that is written already."""


@final
class ScenarioWriter:
    """A scenario that is being written into ``part``, a hidden folder of the run.

    ``finish`` leaves it there whole, for ``RunWriter`` to put in its place; ``close`` drops what is
    not finished. Images become files in threads; a frame's are all on the disk before the next
    one's begin. ``size_bytes`` are those of the files that are there.
    """

    def __init__(self, run: Path, name: str) -> None:
        """Begin anew, in a folder of this try alone."""
        self.name = name
        self.run = run
        self.part = run / part_name(name)
        self.size_bytes = 0
        self.folder = ScenarioFolder(self.part)
        self._hashes: dict[str, str] = {}
        self._frames: list[bytes] = []
        self._whole = False
        self._pool = ThreadPoolExecutor(_THREADS, "dataset-files")
        self._pending: list[Future[tuple[str, str, int]]] = []

    def add(
        self,
        state: FrameState,
        views: Iterable[tuple[FrameTruth, Mapping[str, NDArray[Any]]]],
    ) -> None:
        """Write the next frame: what is true of each camera's image, and its images by kind.

        RunError when a frame is left out, or the disk refuses.
        """
        if state.number != len(self._frames):
            raise RunError(
                f"{self.name}: frame {state.number} follows frame {len(self._frames) - 1}; one is "
                "missing"
            )
        self._wait()
        for truth, images in views:
            self._submit(self.folder.labels(truth.camera, truth.number), _line(truth))
            for kind, pixels in images.items():
                path = self.folder.image(truth.camera, kind, truth.number)
                self._pending.append(self._pool.submit(self._image, path, kind, pixels))
        self._frames.append(_line(state))

    def add_events(self, events: Sequence[Event]) -> None:
        """Write what happens in it."""
        self._submit(self.folder.events, EVENTS.dump_json(tuple(events), indent=1) + b"\n")

    def finish(
        self,
        truth: ScenarioTruth,
        calibrations: Iterable[CameraCalibration],
        derive: Derive = lambda _: (),
    ) -> dict[str, str]:
        """Write what is true of all of it; return each file's sha256 by its path in the run.

        ``derive`` adds what is made of all the rest.
        """
        for calibration in calibrations:
            self._submit(self.folder.calibration(calibration.camera), _pretty(calibration))
        self._submit(self.folder.frames, b"".join(self._frames))
        self._submit(self.folder.scenario, _pretty(truth))
        self._wait()
        for path, data in derive(self.folder):
            self._pending.append(self._pool.submit(self._derived, path, data))
            if len(self._pending) > _MOST_PENDING:
                self._wait()
        self._wait()
        self._whole = True
        return dict(sorted(self._hashes.items()))

    def close(self) -> None:
        """End the threads and drop what is unfinished; a second call does nothing."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if not self._whole:
            shutil.rmtree(self.part, ignore_errors=True)

    def _image(self, path: Path, kind: str, pixels: NDArray[Any]) -> tuple[str, str, int]:
        return self._file(path, IMAGES[kind].encode(pixels))

    def _derived(self, path: Path, data: bytes | None) -> tuple[str, str, int]:
        if data is not None:
            return self._file(path, data)
        name = f"{self.name}/{path.relative_to(self.part).as_posix()}"
        return name, sha256_of(path), path.stat().st_size

    def _submit(self, path: Path, data: bytes) -> None:
        self._pending.append(self._pool.submit(self._file, path, data))

    def _file(self, path: Path, data: bytes) -> tuple[str, str, int]:
        inside = path.relative_to(self.part).as_posix()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            place = self.run / self.name / inside
            raise RunError(f"cannot write {place}: {error.strerror}") from error
        return f"{self.name}/{inside}", hashlib.sha256(data).hexdigest(), len(data)

    def _wait(self) -> None:
        pending, self._pending = self._pending, []
        for future in pending:
            name, sha256, size_bytes = future.result()
            self._hashes[name] = sha256
            self.size_bytes += size_bytes


def _line(record: Record) -> bytes:
    return record.model_dump_json().encode() + b"\n"


def _pretty(record: Record) -> bytes:
    return record.model_dump_json(indent=1).encode() + b"\n"
