"""Write one scenario: its frames in order, into a hidden folder until all of it is there."""

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

_THREADS, _MOST_PENDING = 2, 64
EVENTS: TypeAdapter[tuple[Event, ...]] = TypeAdapter(tuple[Event, ...])
"""The contents of events.json."""

Derive = Callable[[ScenarioFolder], Iterable[tuple[Path, bytes | None]]]
"""Gives paths with contents, None for a file that is written already."""


@final
class ScenarioWriter:
    """A scenario that is being written; ``finish`` puts it in its place, ``close`` drops the rest.

    Images become files in threads; a frame's are all on the disk before the next one's begin.
    """

    def __init__(self, run: Path, name: str) -> None:
        """Begin anew; what an earlier try has left unfinished goes."""
        self.name = name
        self._run = run
        self._part = run / f".{name}.part"
        shutil.rmtree(self._part, ignore_errors=True)
        self._folder = ScenarioFolder(self._part)
        self._hashes: dict[str, str] = {}
        self._frames: list[bytes] = []
        self._pool = ThreadPoolExecutor(_THREADS, "dataset-files")
        self._pending: list[Future[tuple[str, str]]] = []

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
            self._submit(self._folder.labels(truth.camera, truth.number), _line(truth))
            for kind, pixels in images.items():
                path = self._folder.image(truth.camera, kind, truth.number)
                self._pending.append(self._pool.submit(self._image, path, kind, pixels))
        self._frames.append(_line(state))

    def add_events(self, events: Sequence[Event]) -> None:
        """Write what happens in it."""
        self._submit(self._folder.events, EVENTS.dump_json(tuple(events), indent=1) + b"\n")

    @property
    def folder(self) -> ScenarioFolder:
        """Where it lies until it is whole."""
        return self._folder

    def finish(
        self,
        truth: ScenarioTruth,
        calibrations: Iterable[CameraCalibration],
        derive: Derive = lambda _: (),
    ) -> dict[str, str]:
        """Write what is true of all of it and put it in its place, where an older one goes.

        ``derive`` adds what is made of all the rest. Return the sha256 of each file by its path
        in the run.
        """
        for calibration in calibrations:
            self._submit(self._folder.calibration(calibration.camera), _pretty(calibration))
        self._submit(self._folder.frames, b"".join(self._frames))
        self._submit(self._folder.scenario, _pretty(truth))
        self._wait()
        for path, data in derive(self._folder):
            self._pending.append(self._pool.submit(self._derived, path, data))
            if len(self._pending) > _MOST_PENDING:
                self._wait()
        self._wait()
        place = self._run / self.name
        shutil.rmtree(place, ignore_errors=True)
        self._part.replace(place)
        return dict(sorted(self._hashes.items()))

    def close(self) -> None:
        """End the threads and drop what is unfinished; a second call does nothing."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self._part, ignore_errors=True)

    def _image(self, path: Path, kind: str, pixels: NDArray[Any]) -> tuple[str, str]:
        return self._file(path, IMAGES[kind].encode(pixels))

    def _derived(self, path: Path, data: bytes | None) -> tuple[str, str]:
        if data is not None:
            return self._file(path, data)
        return f"{self.name}/{path.relative_to(self._part).as_posix()}", sha256_of(path)

    def _submit(self, path: Path, data: bytes) -> None:
        self._pending.append(self._pool.submit(self._file, path, data))

    def _file(self, path: Path, data: bytes) -> tuple[str, str]:
        inside = path.relative_to(self._part).as_posix()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return f"{self.name}/{inside}", hashlib.sha256(data).hexdigest()

    def _wait(self) -> None:
        pending, self._pending = self._pending, []
        try:
            self._hashes.update(future.result() for future in pending)
        except OSError as error:
            raise RunError(
                f"{self.name}: cannot write {error.filename}: {error.strerror}"
            ) from error


def _line(record: Record) -> bytes:
    return record.model_dump_json().encode() + b"\n"


def _pretty(record: Record) -> bytes:
    return record.model_dump_json(indent=1).encode() + b"\n"
