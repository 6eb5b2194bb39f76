"""The videos of a data set that a page plays, and whether a browser can."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import av

from ...core.errors import InputError
from ...dataset.marks.work import twins_of
from ...dataset.store import Dataset, StoredScenario
from ...dataset.truth import VariantTruth

PLAYED = ("h264", "av1", "vp8", "vp9")
"""Codecs that Chromium plays, and Firefox too."""
SIMULATED = "simulated"


@dataclass(frozen=True)
class ShownVideo:
    """A video of a camera: what it is called on the page, its file, and why it does not play.

    ``variant`` tells how it was made; None for the simulated one, and where nobody told.
    """

    name: str
    path: Path
    fault: str | None
    variant: VariantTruth | None = None

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size


def videos_of(dataset: Dataset, scenario: StoredScenario, camera: str) -> list[ShownVideo]:
    """Return the simulated video of a camera, then its variants; [] where none is stored."""
    made = {f"{one.number:02d}": one for one in scenario.variants(camera)}
    found: list[tuple[str, Path, VariantTruth | None]] = [
        (SIMULATED, scenario.folder.video(camera, "rgb"), None),
        *(
            (f"variant {twin.name}", dataset.path / twin.path, made.get(twin.name))
            for twin in twins_of(dataset, scenario.name, camera)
        ),
    ]
    return [
        ShownVideo(name, path, _fault(path), variant)
        for name, path, variant in found
        if path.is_file()
    ]


def _fault(path: Path) -> str | None:
    try:
        with av.open(str(path)) as container:
            streams = container.streams.video
            codec = streams[0].codec_context.name if streams else "none"
    except (OSError, av.error.FFmpegError) as error:
        return f"no video can be read from it: {error.strerror}"
    if codec not in PLAYED:
        return f"browsers do not play {codec}; they play {', '.join(PLAYED)}"
    return None


def linked(path: Path, page: Path) -> str:
    """Return the address of a file as a page in folder ``page`` names it."""
    return quote(Path(os.path.relpath(path.resolve(), page.resolve())).as_posix())


def embedded(path: Path) -> bytes:
    """Return a file as base64; InputError when it cannot be read."""
    try:
        return base64.b64encode(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
