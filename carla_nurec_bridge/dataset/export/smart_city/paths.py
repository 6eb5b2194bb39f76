"""Where the smart-city pipeline (metropolis-sdg-smart-cities 0.1.0) has the files of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PREFIX = "scenario_"
"""The notebook and the scripts look for folders that begin like this."""


@dataclass(frozen=True)
class SmartCityRun:
    """A run of the pipeline; ``outputs`` is its folder ``data/outputs``, ``run_id`` its RUN_ID.

    A scenario is there what one camera sees: ``scenario_NAME``, of several cameras
    ``scenario_NAME_CAMERA``.
    """

    outputs: Path
    run_id: str

    @property
    def carla(self) -> Path:
        """Stage 1: a folder for each scenario."""
        return self.outputs / "CARLA" / self.run_id

    @property
    def cosmos(self) -> Path:
        """Stage 2: a folder for each scenario."""
        return self.outputs / "Cosmos" / self.run_id

    @property
    def annotations(self) -> Path:
        """Stage 3: the folder of the four JSON files."""
        return self.outputs / "postprocess"

    def scenario(self, name: str) -> Path:
        """Return the folder of a scenario's ground truth; ``scenario_name`` makes the name."""
        return self.carla / name

    def rgb_video(self, name: str) -> Path:
        """Return a scenario's video, which augmentations are made of."""
        return self.scenario(name) / "videos" / "rgb.mp4"

    def augmentation(self, name: str, number: int) -> Path:
        """Return the folder of an augmentation, counted from 0: output.mp4, .txt and .json."""
        return self.cosmos / name / f"Augmentation_{number}"

    def marked_video(self, name: str, event: str) -> Path:
        """Return the simulated video with marks; ``event`` is the stem of an events file."""
        return self.scenario(name) / f"{event}_rgb_som.mp4"

    def marked_augmentation(self, name: str, number: int, event: str) -> Path:
        """Return an augmentation's video with marks; ``event`` as above, or ``output_allcars``."""
        return self.augmentation(name, number) / f"{event}_som.mp4"

    def annotation(self, kind: str) -> Path:
        """Return one of the JSON files; ``kind`` is one of ANNOTATIONS."""
        return self.annotations / ANNOTATIONS[kind]


ANNOTATIONS = {
    "carla": "carla_annotations.json",
    "cosmos": "cosmos_annotations.json",
    "carla_cosmos": "carla_cosmos_annotations.json",
    "balanced": "carla_cosmos_annotations_balanced.json",
}
"""The files of stage 3: of simulated videos, of augmented ones, of both, and as often yes as no."""


def scenario_name(scenario: str, camera: str, cameras: int) -> str:
    """Return what the pipeline calls what one of so many cameras of a scenario sees."""
    name = scenario if scenario.startswith(_PREFIX) else f"{_PREFIX}{scenario}"
    return name if cameras == 1 else f"{name}_{camera}"


COLLISIONS = "events_collision"
"""The stem of the file of all collisions."""


def negative(number: int) -> str:
    """Return the stem of the file of a hard negative, counted from 1."""
    return f"events_noncollision_{number}"
