"""Where the files of a data set lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import InputError
from .images import IMAGES

MANIFEST, LEDGER = "manifest.json", "ledger.jsonl"
LOCK = ".lock"
"""Who changes the manifest holds it, and only for as long as that takes."""
SHOWN, SHOWN_MARK = "show", "show.json"
"""The folder of contact sheets and the page in a run, and the file that says what it is."""
RECORDING = ".recording"
"""Who records scenarios holds it as long as it does."""

_TAKEN = (MANIFEST, LEDGER, SHOWN, "questions")
_TAKEN_BY_SCENARIO = ("calibration", "events", "odvg")
_LONGEST_BYTES = 200
"""Of a name: file systems take 255, and hidden folders put an id of their own behind it."""


def check_name(scenario: str) -> None:
    """Raise InputError for a name that no scenario can have: its folder would be another's."""
    if scenario in ("", *_TAKEN) or scenario.startswith(".") or Path(scenario).name != scenario:
        raise InputError(
            f"a scenario cannot be called {scenario!r}; rename its file, or see --name"
        )
    if len(os.fsencode(scenario)) > _LONGEST_BYTES:
        raise InputError(
            f"the scenario's name {scenario[:20]}... is longer than {_LONGEST_BYTES} bytes; "
            "rename its file, or see --name"
        )


def check_camera(camera: str) -> None:
    """Raise InputError for a name that no camera can have: its folder would be another's."""
    if camera in ("", *_TAKEN_BY_SCENARIO) or camera.startswith(".") or Path(camera).name != camera:
        raise InputError(f"a camera of a data set cannot be called {camera!r}; rename it")


@dataclass(frozen=True)
class ScenarioFolder:
    """The folder of a scenario, RUN/SCENARIO, and the paths within it."""

    path: Path

    @property
    def scenario(self) -> Path:
        """What is true of the whole scenario."""
        return self.path / "scenario.json"

    @property
    def frames(self) -> Path:
        """One line a frame: who is where."""
        return self.path / "frames.jsonl"

    @property
    def events(self) -> Path:
        """What happens in it."""
        return self.path / "events" / "events.json"

    def event_picture(self, event_id: str) -> Path:
        """Return the path of an event's picture."""
        return self.path / "events" / f"{event_id}.png"

    def calibration(self, camera: str) -> Path:
        """Return the path of a camera's model and places."""
        return self.path / "calibration" / f"{camera}.json"

    def image(self, camera: str, kind: str, number: int) -> Path:
        """Return the path of a frame's image of a kind in IMAGES."""
        return self.path / camera / kind / f"{number:06d}{IMAGES[kind].suffix}"

    def video(self, camera: str, kind: str) -> Path:
        """Return the path of a camera's video of a kind in IMAGES."""
        return self.path / camera / f"{kind}.mp4"

    def clip_manifest(self, camera: str) -> Path:
        """Return the path of what is told of a camera's videos; its folder is a clip."""
        return self.path / camera / MANIFEST

    def odvg(self, camera: str, number: int) -> Path:
        """Return the path of what ODVG tells of a camera's frame."""
        return self.path / "odvg" / camera / f"{number:06d}.json"

    def labels(self, camera: str, number: int) -> Path:
        """Return the path of what is true of a camera's frame."""
        return self.path / camera / "labels" / f"{number:06d}.json"

    def marks(self, camera: str) -> Path:
        """Return the path of the table of a camera's marks."""
        return self.path / camera / "marks" / "marks.json"

    def marks_video(self, camera: str, style: str, event_id: str | None = None) -> Path:
        """Return the path of a camera's video with marks: all, or those of an event."""
        return self.path / camera / "marks" / f"rgb_{_styled(style, event_id)}.mp4"

    def variant(self, camera: str, number: int) -> Path:
        """Return the folder of a camera's video in other conditions, from 1."""
        return self.variants(camera) / f"{number:02d}"

    def variants(self, camera: str) -> Path:
        """Return the folder of all of these."""
        return self.path / camera / "variants"

    def variant_video(self, camera: str, number: int) -> Path:
        """Return the path of the video itself."""
        return self.variant(camera, number) / "rgb.mp4"

    def variant_truth(self, camera: str, number: int) -> Path:
        """Return the path of what is true of it."""
        return self.variant(camera, number) / "variant.json"

    def variant_marks_video(
        self, camera: str, variant: str, style: str, event_id: str | None = None
    ) -> Path:
        """Return the path of the same of a variant, which has the name of its folder."""
        name = f"rgb_marks_{_styled(style, event_id)}.mp4"
        return self.path / camera / "variants" / variant / name

    @property
    def questions(self) -> Path:
        """Questions about it, with their answers."""
        return self.path / "questions.json"


def _styled(style: str, event_id: str | None) -> str:
    return style if event_id is None else f"{style}_{event_id}"


def training_folder(run: Path) -> Path:
    """Return the folder of the training files of a run's questions."""
    return run / "questions"


def training_file(run: Path, part: str, form: str) -> Path:
    """Return the file of a part of the split, in the form of rows of a name."""
    return training_folder(run) / f"{part}_{form}.jsonl"
