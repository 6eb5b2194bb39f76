"""The record of a variant of the street, as a whole one has it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from street_dataset import COUNT, HEIGHT, RATE_HZ, WIDTH

from carla_nurec_bridge.dataset.truth import QualityFigures, VariantAttempt, VariantTruth


def record(video: Path, number: int = 1, **changes: object) -> VariantTruth:
    figures = QualityFigures(frames=COUNT, rate_hz=RATE_HZ, width=WIDTH, height=HEIGHT)
    attempt = VariantAttempt(
        seed=5,
        job="j_1",
        key="k",
        sha256="0" * 64,
        made_s=1.0,
        judged_s=1.0,
        notes=(),
        faults=(),
        figures=figures,
    )
    told = {
        "scenario": "street",
        "camera": "front",
        "number": number,
        "request": "r",
        "accepted": True,
        "conditions": {"lighting": "night"},
        "prompt": "night",
        "negative_prompt": "",
        "provenance": {},
        "controls": {"edge": 1.0},
        "videos": {},
        "depth_levels": None,
        "guidance": 5.0,
        "num_steps": 35,
        "sigma_max": 75.0,
        "server": "http://127.0.0.1:1",
        "backend": "transfer2.5",
        "made_by": {},
        "seed": 5,
        "attempts": (attempt,),
        "chosen": 0,
        "frames": COUNT,
        "rate_hz": RATE_HZ,
        "width": WIDTH,
        "height": HEIGHT,
        "source_frames": tuple(range(COUNT)),
        "made_of": "as the server gave it",
        "sha256": hashlib.sha256(video.read_bytes()).hexdigest(),
        "created": "2030-01-01T00:00:00Z",
    }
    return VariantTruth.model_validate({**told, **changes})
