"""One image of a data set, as every export numbers, names and places it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.errors import InputError
from ...core.frames import Matrix
from ..store import CameraCalibration, Dataset, StoredScenario
from ..truth import FrameTruth


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """An image with all that is true of it.

    ``number`` counts the images of the data set from 1, in the order of scenarios, cameras and
    frames, whatever the split: it is the same in every export. ``part`` is that of the split.
    """

    number: int
    part: str
    scenario: StoredScenario
    calibration: CameraCalibration
    truth: FrameTruth

    @property
    def run(self) -> str:
        """What the data set is called that it comes from."""
        return run_name(self.scenario.folder.path.parent)

    @property
    def stem(self) -> str:
        """``SCENARIO/CAMERA/NNNNNN``: a name that no other image of the data set has."""
        return f"{self.scenario.name}/{self.truth.camera}/{self.truth.number:06d}"

    @property
    def map_from_camera(self) -> Matrix:
        """The camera's optical axes in the map (4, 4)."""
        return self.calibration.pose(self.truth.number)

    def path(self, kind: str) -> Path:
        """Return the file of an image of the frame, as the store names its kinds."""
        return self.scenario.image_path(self.truth.camera, kind, self.truth.number)

    def pixels(self, kind: str) -> NDArray[Any]:
        """Return the pixels of an image of the frame, as the store names its kinds."""
        return self.scenario.image(self.truth.camera, kind, self.truth.number)

    def pinhole(self, name: str) -> Matrix:
        """Return the matrix K (3, 3); InputError where format ``name`` cannot hold the lens."""
        model = self.calibration.model()
        if isinstance(model, OpenCVPinholeCamera):
            bends = (*model.radial, *model.tangential, *model.thin_prism)
            if model.windshield is None and not any(bends):
                (fx, fy), (cx, cy) = model.focal_length, model.principal_point
                return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
        raise InputError(
            f"{name} holds pinhole cameras without distortion only, which {self.truth.camera} of "
            f"{self.scenario.name} is not; export to another format"
        )


def scenarios_of(datasets: Sequence[Dataset]) -> tuple[StoredScenario, ...]:
    """Return all scenarios in order; of several data sets they are called ``RUN-SCENARIO``.

    InputError when two would have one name.
    """
    if len(datasets) == 1:
        return datasets[0].scenarios()
    found = [
        StoredScenario(f"{run_name(dataset.path)}-{one.name}", one.folder)
        for dataset in datasets
        for one in dataset.scenarios()
    ]
    twice = [name for name, count in Counter(one.name for one in found).items() if count > 1]
    if twice:
        raise InputError(f"two scenarios would be called {twice[0]}; rename a data set's folder")
    return tuple(found)


def run_name(path: Path) -> str:
    """Return what a data set is called: the name of its folder."""
    return path.resolve().name


def labelled_images_of(
    scenarios: Iterable[StoredScenario], parts: Mapping[str, str]
) -> Iterator[LabelledImage]:
    """Yield all images of scenarios in order; ``parts`` has each one's part of the split."""
    number = 0
    for scenario in scenarios:
        for camera in scenario.truth.cameras:
            calibration = scenario.calibration(camera)
            for truth in scenario.all_labels(camera):
                number += 1
                yield LabelledImage(number, parts[scenario.name], scenario, calibration, truth)
