"""How long a scenario takes and how much of the disk, told before most of it is done."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import RunError
from ..store.scenario_writer import ScenarioWriter
from .source import FrameSource

_LEAST_BYTES_A_PIXEL = 0.2
"""All images of a view of a town have 0.5 and more, of which depth has 0.2; blank ones 0.05."""

_MEASURED = 6
_LONG_S, _LARGE_BYTES = 60.0, 1e9
_SCARCE = 0.9


@dataclass(frozen=True)
class Estimate:
    """What the rest of a scenario takes, of ``frames`` in all, and what the disk has free."""

    frames: int
    cameras: int
    left_s: float
    size_bytes: float
    left_bytes: float
    free_bytes: float

    @property
    def is_scarce(self) -> bool:
        """Whether the disk may be full before the end."""
        return self.left_bytes > _SCARCE * self.free_bytes

    @property
    def is_long(self) -> bool:
        """Whether it takes long, or much of the disk."""
        return self.left_s > _LONG_S or self.size_bytes > _LARGE_BYTES

    def __str__(self) -> str:
        """Return it as a sentence."""
        minutes = f"{self.left_s / 60:.1f} min" if self.left_s > _LONG_S else f"{self.left_s:.0f} s"
        told = (
            f"about {minutes} and {_size(self.size_bytes)} for {self.frames} frames of "
            f"{_cameras(self.cameras)}; the disk has {_size(self.free_bytes)} free"
        )
        return f"{told}, which may be too little" if self.is_scarce else told


def check_room(source: FrameSource, run: Path) -> None:
    """Raise RunError when a disk cannot hold the images of a source, however plain they are."""
    models = [one.camera.model for one in source.cameras]
    pixels = source.frames * sum(model.width * model.height for model in models)
    least, free = _LEAST_BYTES_A_PIXEL * pixels, shutil.disk_usage(run).free
    if least > free:
        raise RunError(
            f"{source.frames} frames of {_cameras(len(models))} need at least {_size(least)}, "
            f"{run} has {_size(free)} free; free some, or take fewer or smaller images"
        )


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _cameras(count: int) -> str:
    return f"{count} camera{'s' * (count != 1)}"


class Estimator:
    """Measures the first frames of a scenario and makes an estimate of them."""

    def __init__(self, source: FrameSource, writer: ScenarioWriter) -> None:
        self._source, self._writer = source, writer
        self._began_s = self._began_bytes = 0.0

    def after(self, frames: int) -> Estimate | None:
        """Return the estimate once enough frames are written, one time; None before and later."""
        now_s, size = time.monotonic(), self._writer.size_bytes
        if frames == 1:
            self._began_s, self._began_bytes = now_s, size
        if frames != _MEASURED:
            return None
        total = self._source.frames
        # The files of the last frame are being written while the next one is drawn.
        frame_s = (now_s - self._began_s) / (frames - 1)
        frame_bytes = (size - self._began_bytes) / (frames - 1)
        return Estimate(
            total,
            len(self._source.cameras),
            frame_s * (total - frames),
            frame_bytes * total,
            frame_bytes * (total - frames),
            float(shutil.disk_usage(self._writer.run).free),
        )
