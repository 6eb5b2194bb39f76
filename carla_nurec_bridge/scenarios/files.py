"""Scenario files of either kind: incidents to record, and closed-loop scenarios to drive."""

from __future__ import annotations

from ..core.shipped_yaml import read_fields, shipped_files
from .closed_loop.file import ClosedLoopScenario, scenario_of
from .spec import ScenarioSpec, spec_of

AnyScenario = ScenarioSpec | ClosedLoopScenario


def load_scenario(wanted: str) -> AnyScenario:
    """Read a scenario: a shipped name or a YAML file; InputError names file, field and fix.

    A file with the field ``script`` is an incident to record.
    """
    path, values = read_fields("scenarios", wanted, "scenario")
    read = spec_of if "script" in values else scenario_of
    return read(values, str(path))


def load_closed_loop(wanted: str) -> ClosedLoopScenario | None:
    """Read a scenario as ``load_scenario`` does; None for one that is recorded."""
    scenario = load_scenario(wanted)
    return scenario if isinstance(scenario, ClosedLoopScenario) else None


def shipped_scenarios() -> list[AnyScenario]:
    """Return the scenarios that come with the package, by name."""
    return [load_scenario(str(path)) for path in shipped_files("scenarios")]
