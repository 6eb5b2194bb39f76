"""What nodes leave of a run goes to files and comes back, whatever of it there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from carla_nurec_bridge.core.run_contract.run_summary import (
    NurecHealth,
    NurecSummary,
    read_run_summary,
    write_summary,
)

_HEALTH = {
    "frames": 60,
    "failed_requests": 19,
    "clamped_to_scene": 0,
    "skipped_frames": 0,
    "incomplete_frames": 0,
    "failed_front": 19,
}


def test_a_sensor_that_failed_is_told_by_its_name(tmp_path: Path) -> None:
    health = NurecHealth(**_HEALTH)
    summary = NurecSummary(
        participant="nurec_render", scene="town", counts={}, timings={}, **health.to_json()
    )
    write_summary(str(tmp_path), "nurec_render", summary)
    told = json.loads((tmp_path / "parts/nurec_render.json").read_text())
    assert told["failed_front"] == 19
    assert read_run_summary(tmp_path).nurec_render == summary
    with pytest.raises(ValidationError):
        summary.frames = 1


@pytest.mark.parametrize("wrong", [{"failed_front": "many"}, {"failed_front": None}])
def test_counts_of_failures_are_numbers(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NurecHealth(**{**_HEALTH, **wrong})
