"""What a suite will take, before it is run or by what its runs have taken so far."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import InputError
from ...core.run_contract.run_config import run_fields
from ...scenarios.files import load_driven
from .capacity import RunTimes
from .cases import SuiteRun

_START_S, _FRAME_S, _SCORE_S = 6.0, 0.03, 2.0
_START_CPU_S, _FRAME_CPU_S, _SCORE_CPU_S = 10.0, 0.04, 2.5
_MEMORY_BYTES = 1000 << 20
"""About what a run without sensors takes; docs/scale.md has the figures."""


@dataclass(frozen=True)
class RunNeeds:
    """What one run needs, on average: alone on a machine, s; of its processors, s; memory."""

    alone_s: float
    cpu_s: float
    memory_bytes: float
    measured: int


def simulated_s(runs: Sequence[SuiteRun]) -> float:
    """Return the longest time that all runs together may simulate, s."""
    return math.fsum(_duration_s(run) for run in runs)


def needs_of(runs: Sequence[SuiteRun], times: Path) -> RunNeeds:
    """Return what a run needs, by the times of those that are done, or else by rule of thumb."""
    known = _read(times)
    if known is not None and known.runs:
        costs = known.by_run.values()
        count = len(known.by_run)
        return RunNeeds(
            sum(one.wall_s for one in costs) / count,
            sum(one.cpu_s for one in costs) / count,
            known.memory_bytes,
            count,
        )
    frames = sum(_frames(run) for run in runs) / len(runs)
    return RunNeeds(
        _START_S + frames * _FRAME_S + _SCORE_S,
        _START_CPU_S + frames * _FRAME_CPU_S + _SCORE_CPU_S,
        _MEMORY_BYTES,
        0,
    )


def _frames(run: SuiteRun) -> float:
    dt_s = float(run.case.fields.get("dt_s", run_fields()["dt_s"].default))
    return _duration_s(run) / dt_s


def _duration_s(run: SuiteRun) -> float:
    scenario = load_driven(run.case.scenario)
    return scenario.duration_s if scenario is not None else 0.0


def _read(path: Path) -> RunTimes | None:
    if not path.is_file():
        return None
    try:
        return RunTimes.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} holds no times of a sweep; remove it") from error
