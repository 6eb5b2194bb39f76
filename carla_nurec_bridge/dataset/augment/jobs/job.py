"""The job of a variant: what is sent to a Cosmos server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ....core.errors import InputError
from ....cosmos.clip.controls import CANNY, DepthEncoding
from ....cosmos.jobs.spec import Control, JobSpec
from ..variant_plan import VariantPlan
from .control_videos import CONTROLS

DEFAULT_WEIGHTS = ("edge=0.4", "depth=0.2", "seg=0.4")
"""Those of config/prompts."""
LEVELS = tuple(CANNY)
_ROUNDING = 1e-9


@dataclass(frozen=True)
class JobSettings:
    """What is the same for all jobs: weights by control, and the model's parameters."""

    weights: Mapping[str, float]
    depth: DepthEncoding = field(default_factory=DepthEncoding)
    guidance: float = 5.0
    num_steps: int = 35
    sigma_max: float = 75.0
    blur_strength: str = "medium"
    canny_threshold: str = "medium"

    def to_json(self) -> dict[str, Any]:
        """Return the settings as values that JSON can hold."""
        return {
            "weights": dict(sorted(self.weights.items())),
            "depth": self.depth.to_json(),
            "guidance": self.guidance,
            "num_steps": self.num_steps,
            "sigma_max": self.sigma_max,
            "blur_strength": self.blur_strength,
            "canny_threshold": self.canny_threshold,
        }

    def depth_levels(self) -> dict[str, Any] | None:
        """Return how the depth video's levels are made, None without one."""
        told = self.depth.to_json()
        names = ("mode", "near_m", "far_m")
        return {name: told[name] for name in names} if "depth" in self.weights else None


def weights_of(texts: Sequence[str]) -> dict[str, float]:
    """Return weights by control of texts as ``edge=0.4``; InputError for what is none."""
    weights: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in CONTROLS:
            raise InputError(f"--control {text}: a data set gives {', '.join(CONTROLS)}")
        if name in weights:
            raise InputError(f"--control {name} is given twice")
        try:
            weight = float(number)
        except ValueError as error:
            raise InputError(f"--control {text}: write a weight, as {name}=0.5") from error
        if not 0.0 < weight <= 1.0:
            raise InputError(f"--control {text}: a weight is above 0 and at most 1")
        weights[name] = weight
    if sum(weights.values()) > 1.0 + _ROUNDING:
        raise InputError(
            f"the weights of --control add up to {sum(weights.values()):g}; some servers scale them"
            " down and some do not, so give ones of 1 in all at most"
        )
    return weights


def spec_of(
    plan: VariantPlan, seed: int, videos: Mapping[str, Path], settings: JobSettings, source: Path
) -> JobSpec:
    """Return the job of a plan; controls without a video are made by the server of rgb.

    ``source`` is the folder that the variant will have, for sentences about it.
    """
    return JobSpec(
        source=source,
        prompt=plan.prompt,
        negative_prompt=plan.negative_prompt,
        video=videos["rgb"],
        num_steps=settings.num_steps,
        seed=seed,
        guidance=settings.guidance,
        sigma_max=settings.sigma_max,
        blur_strength=settings.blur_strength,
        canny_threshold=settings.canny_threshold,
        controls={
            name: Control(weight, videos.get(name)) for name, weight in settings.weights.items()
        },
        depth=settings.depth_levels(),
    )


def variant_key(plan: VariantPlan, settings: JobSettings, scenario_sha256: str) -> str:
    """Return the hash of what a variant is made of: equal ones are not made twice."""
    told = [
        *(plan.scenario, plan.camera, plan.number, plan.conditions),
        *(plan.prompt, plan.negative_prompt, plan.seed, settings.to_json(), scenario_sha256),
    ]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
