"""Scenario files of every kind: incidents to record, and closed-loop scenarios to drive."""

from __future__ import annotations

from pathlib import Path

from ..core.shipped_yaml import read_fields, shipped_files
from .closed_loop.file import ClosedLoopScenario, scenario_of
from .openscenario.file import OpenScenario, read_openscenario
from .spec import ScenarioSpec, spec_of

AnyScenario = ScenarioSpec | ClosedLoopScenario | OpenScenario
DrivenFile = ClosedLoopScenario | OpenScenario
"""What is driven and judged; an incident is recorded."""


def load_scenario(wanted: str) -> AnyScenario:
    """Read a scenario: a shipped name, a YAML file or an OpenSCENARIO file (.xosc).

    A YAML file with the field ``script`` is an incident to record. InputError names file, field or
    line, and fix.
    """
    if wanted.endswith(".xosc"):
        return read_openscenario(Path(wanted))
    return _of_yaml(wanted)


def load_driven(wanted: str) -> DrivenFile | None:
    """Read a scenario as ``load_scenario`` does; None for one that is recorded."""
    scenario = load_scenario(wanted)
    return None if isinstance(scenario, ScenarioSpec) else scenario


def shipped_scenarios() -> list[ScenarioSpec | ClosedLoopScenario]:
    """Return the scenarios that come with the package, by name."""
    return [_of_yaml(str(path)) for path in shipped_files("scenarios")]


def _of_yaml(wanted: str) -> ScenarioSpec | ClosedLoopScenario:
    path, values = read_fields("scenarios", wanted, "scenario")
    if "script" in values:
        return spec_of(values, str(path))
    return scenario_of(values, str(path))
