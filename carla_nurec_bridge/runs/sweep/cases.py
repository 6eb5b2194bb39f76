"""All runs of a suite, in their order."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ... import __version__
from ...core.errors import InputError
from ...core.files.ledger import request_key
from ..closed_loop.agent import AgentUnderTest
from ..closed_loop.case import ClosedLoopCase, check_fields
from .suite import Suite
from .variants import ScenarioVariant, variants_of

_MOST_RUNS = 100_000


@dataclass(frozen=True)
class SuiteRun:
    """One run of a suite: its name, and the hash of all that its result depends on."""

    name: str
    key: str
    variant: ScenarioVariant
    repeat: int
    case: ClosedLoopCase


def runs_of(suite: Suite, where: str, folder: Path) -> list[SuiteRun]:
    """Return the runs; files of changed scenarios are written into a folder.

    InputError for a suite that cannot be, with the file and its field.
    """
    check_fields(suite.run, f"{where}: field run")
    drivers = suite.drivers()
    found: dict[str, SuiteRun] = {}
    for entry in suite.entries():
        for variant in variants_of(suite, entry, where, folder):
            for seed in suite.seeds:
                for agent in drivers:
                    for repeat in range(1, suite.repeats + 1):
                        run = _run(suite, variant, seed, agent, repeat)
                        if run.name in found:
                            raise InputError(
                                f"{where}: field scenarios: {variant.scenario} is there twice"
                            )
                        found[run.name] = run
                        if len(found) > _MOST_RUNS:
                            raise InputError(f"{where}: that is more than {_MOST_RUNS} runs")
    return list(found.values())


def _run(
    suite: Suite, variant: ScenarioVariant, seed: int, agent: AgentUnderTest, repeat: int
) -> SuiteRun:
    fields = {"scenario_drives_on": True, **suite.run, **variant.fields}
    case = ClosedLoopCase(variant.file, agent, seed, fields, suite.scores)
    again = f"-r{repeat}" if suite.repeats > 1 else ""
    request: dict[str, Any] = {
        "version": __version__,
        "scenario": Path(variant.file).read_text(encoding="utf-8"),
        "case": asdict(case),
        "repeat": repeat,
    }
    name = f"{variant.name}-s{seed}-{agent.name}{again}"
    return SuiteRun(name, request_key(request), variant, repeat, case)
