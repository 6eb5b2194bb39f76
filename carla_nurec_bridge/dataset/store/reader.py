"""Read a data set: the one way in for exports, checks and pages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from ...core.errors import InputError
from ..truth.events import Event
from ..truth.frame import FrameTruth
from ..truth.marks import MarkTable
from ..truth.questions import ScenarioQuestions
from ..truth.scenario import FrameState, ScenarioTruth
from ..truth.variant import VariantTruth
from .calibration import CameraCalibration
from .images import IMAGES
from .layout import MANIFEST, ScenarioFolder
from .manifest import invalid, parse_record, read_bytes, read_manifest, read_record
from .scenario_writer import EVENTS


class StoredScenario:
    """A finished scenario of a data set; what it holds is read when it is asked for."""

    def __init__(self, name: str, folder: ScenarioFolder) -> None:
        self.name = name
        self.folder = folder

    @cached_property
    def truth(self) -> ScenarioTruth:
        """What is true of all of it."""
        return read_record(self.folder.scenario, ScenarioTruth)

    def calibration(self, camera: str) -> CameraCalibration:
        """Return a camera's model and places; InputError when those of some frames are missing."""
        path = self.folder.calibration(camera)
        found = read_record(path, CameraCalibration)
        poses = len(found.map_from_camera)
        if poses not in (1, self.truth.frames):
            raise InputError(f"{path} has {poses} poses for {self.truth.frames} frames")
        return found

    def frames(self) -> Iterator[FrameState]:
        """Yield who is where, frame by frame; InputError when one is missing."""
        path, number = self.folder.frames, -1
        for number, line in enumerate(read_bytes(path).splitlines()):
            state = parse_record(line, FrameState, f"{path}, line {number + 1}")
            if state.number != number:
                raise InputError(f"{path}, line {number + 1} is of frame {state.number}")
            yield state
        if number + 1 != self.truth.frames:
            raise InputError(f"{path} has {number + 1} frames instead of {self.truth.frames}")

    def labels(self, camera: str, number: int) -> FrameTruth:
        """Return what is true of a camera's frame."""
        return read_record(self.folder.labels(camera, number), FrameTruth)

    def all_labels(self, camera: str) -> Iterator[FrameTruth]:
        """Yield what is true of each of a camera's frames."""
        return (self.labels(camera, number) for number in range(self.truth.frames))

    def image(self, camera: str, kind: str, number: int) -> NDArray[Any]:
        """Return the pixels of an image of a kind in IMAGES: (H, W), or (H, W, 3) RGB."""
        return IMAGES[kind].decode(self.folder.image(camera, kind, number))

    def image_path(self, camera: str, kind: str, number: int) -> Path:
        """Return the file of an image of a kind in IMAGES."""
        return self.folder.image(camera, kind, number)

    def events(self) -> tuple[Event, ...]:
        """Return what happens in it; () where nobody has looked for events."""
        path = self.folder.events
        if not path.exists():
            return ()
        try:
            return EVENTS.validate_json(read_bytes(path))
        except ValidationError as error:
            raise invalid(error, str(path)) from error

    def variant(self, camera: str, number: int) -> VariantTruth:
        """Return what is true of a camera's video in other conditions."""
        path = self.folder.variant_truth(camera, number)
        found = read_record(path, VariantTruth)
        if (found.scenario, found.camera, found.number) != (self.name, camera, number):
            raise InputError(f"{path} is of {found.scenario}, {found.camera}, {found.number}")
        return found

    def variants(self, camera: str) -> tuple[VariantTruth, ...]:
        """Return what is true of all of a camera's videos in other conditions, by number."""
        paths = self.folder.variants(camera).glob("*/variant.json")
        numbers = sorted(int(path.parent.name) for path in paths if path.parent.name.isdecimal())
        return tuple(self.variant(camera, number) for number in numbers)

    def marks(self, camera: str) -> MarkTable | None:
        """Return a camera's marks; None where nobody has drawn any."""
        path = self.folder.marks(camera)
        return read_record(path, MarkTable) if path.exists() else None

    def questions(self) -> ScenarioQuestions | None:
        """Return the questions about it; None where nobody has asked any."""
        path = self.folder.questions
        return read_record(path, ScenarioQuestions) if path.exists() else None


class Dataset:
    """A data set on disk: all scenarios that its manifest tells, in order of their names."""

    def __init__(self, path: Path) -> None:
        """Read the manifest; InputError when there is none that this version reads."""
        self.path = path
        if not (path / MANIFEST).is_file():
            raise InputError(f"{path} is no data set: it has no {MANIFEST}")
        self.manifest = read_manifest(path / MANIFEST)

    def scenarios(self) -> tuple[StoredScenario, ...]:
        """Return the scenarios."""
        return tuple(map(self.scenario, self.manifest.scenarios))

    def scenario(self, name: str) -> StoredScenario:
        """Return a scenario; InputError when there is none of the name."""
        if name not in self.manifest.scenarios:
            known = ", ".join(self.manifest.scenarios) or "none"
            raise InputError(f"{self.path} has no scenario {name}; there are: {known}")
        return StoredScenario(name, ScenarioFolder(self.path / name))
