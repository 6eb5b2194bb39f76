"""Stage 2 of the pipeline: the accepted variants of a camera, under its names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ....core.errors import InputError
from ...store.reader import StoredScenario
from ...truth.variant import VariantTruth
from .paths import SmartCityRun

_CONTROLS = {"edge": "edges", "depth": "depth", "seg": "semantic_segmentation"}
"""The folder of images, and thus the video, that each control has in stage 1."""


def write_augmentations(
    scenario: StoredScenario, camera: str, run: SmartCityRun, name: str, outputs: Path
) -> None:
    """Write ``Augmentation_M/output.{mp4,txt,json}`` of each accepted variant, M from 0.

    ``name`` is what the pipeline calls what this camera sees, ``outputs`` where the run's outputs
    will stand. InputError names a video that is missing.
    """
    final = SmartCityRun(outputs, run.run_id)
    accepted = [one for one in scenario.variants(camera) if one.accepted]
    for number, truth in enumerate(accepted):
        folder = run.augmentation(name, number)
        folder.mkdir(parents=True, exist_ok=True)
        video = scenario.folder.variant_video(camera, truth.number)
        if not video.is_file():
            raise InputError(f"{video} is missing; run dataset check")
        shutil.copyfile(video, folder / "output.mp4")
        (folder / "output.txt").write_text(truth.prompt + "\n", encoding="utf-8")
        told = json.dumps(metadata(truth, final, name, number), indent=2)
        (folder / "output.json").write_text(told + "\n", encoding="utf-8")


def metadata(truth: VariantTruth, run: SmartCityRun, name: str, number: int) -> dict[str, Any]:
    """Return the pipeline's fields of an augmentation, and what it leaves out itself.

    Paths are whole, as its notebook opens them from anywhere; a control that the server made has
    none.
    """
    folder = run.augmentation(name, number)
    videos = run.rgb_video(name).parent
    return {
        "prompt": truth.prompt,
        "caption_path": str(folder / "output.txt"),
        "output_video_path": str(folder / "output.mp4"),
        "original_video_path": str(run.rgb_video(name)),
        "control_videos": {
            control: str(videos / f"{_CONTROLS[control]}.mp4")
            for control in truth.controls
            if control in _CONTROLS
        },
        "variant": truth.number,
        "negative_prompt": truth.negative_prompt,
        "seed": truth.seed,
        "conditions": truth.conditions,
        "control_weights": truth.controls,
        "guidance": truth.guidance,
        "num_steps": truth.num_steps,
        "sigma": truth.sigma_max,
        "backend": truth.backend,
    }
