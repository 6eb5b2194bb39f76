"""The variants of a suite's scenario: a grid's combinations, or seeded draws."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ...core.errors import InputError
from ...core.files.whole import write_whole
from ...core.near_names import near_names
from ...core.run_contract.run_config import run_fields
from ...core.shipped_yaml import read_fields
from ...scenarios.closed_loop.file import scenario_of
from ...scenarios.files import load_driven
from ..closed_loop.case import check_fields
from .suite import DrawnValues, IntegerDraw, Plain, Suite, SuiteScenario, UniformDraw

_OF_SCENARIO = "scenario."
_XOSC = ".xosc"
_DIGITS = 4


@dataclass(frozen=True)
class ScenarioVariant:
    """A scenario with the values that make it this variant.

    * name: the scenario's, with a number where there are several.
    * file: what a run's field ``scenario`` says.
    * fields: of the run; ``values`` is all that makes it differ, for reports.
    """

    name: str
    scenario: str
    file: str
    fields: Mapping[str, Plain] = field(default_factory=dict)
    values: Mapping[str, Plain] = field(default_factory=dict)


def variants_of(
    suite: Suite, entry: SuiteScenario, where: str, folder: Path
) -> list[ScenarioVariant]:
    """Return the variants of a scenario; files of changed scenarios are written into a folder.

    InputError names the suite's file, and the field or the scenario's that cannot be.
    """
    path, content = _scenario(entry.scenario, where)
    rows = [*_rows(suite, entry, str(content["name"]))]
    found = []
    for number, row in enumerate(rows, 1):
        scenario = str(content["name"])
        name = scenario if len(rows) == 1 else f"{scenario}.{number}"
        changes = {k: v for k, v in row.items() if k.startswith(_OF_SCENARIO)}
        fields = {k: v for k, v in row.items() if k not in changes}
        _check(fields, where)
        file = str(path)
        if changes and path.suffix == _XOSC:
            raise InputError(f"{where}: {path} is no YAML file, so scenario.PATH cannot change it")
        if changes:
            file = str(_changed(content, changes, folder / f"{name}.yaml", f"{where}: {path}"))
        found.append(ScenarioVariant(name, scenario, file, fields, row))
    return found


def _scenario(wanted: str, where: str) -> tuple[Path, Mapping[str, Any]]:
    """Return a scenario's file and its fields, of an OpenSCENARIO file its name alone."""
    file = _beside(wanted, where)
    try:
        driven = load_driven(file)
        if driven is None:
            raise InputError(
                f"{wanted} is an incident to record; a suite drives closed-loop scenarios "
                "(carla-nurec scenario list shows which are)"
            )
        if file.endswith(_XOSC):
            return Path(file), {"name": driven.name}
        return read_fields("scenarios", file, "scenario")
    except InputError as error:
        raise InputError(f"{where}: field scenarios: {error}") from error


def _beside(scenario: str, where: str) -> str:
    """Return a scenario's file as it lies beside the suite's, a name as it is."""
    if scenario.endswith((".yaml", ".yml", _XOSC)) and not Path(scenario).is_absolute():
        return str(Path(where).parent / scenario)
    return scenario


def _rows(suite: Suite, entry: SuiteScenario, scenario: str) -> Iterator[dict[str, Plain]]:
    grid = {**suite.grid, **entry.grid}
    cells = [dict(zip(grid, cell, strict=True)) for cell in product(*grid.values())]
    sample = entry.sample or suite.sample
    draws = [*_draws(sample, scenario)] if sample is not None else [{}]
    for cell in cells:
        for draw in draws:
            yield {**cell, **draw}


def _draws(sample: DrawnValues, scenario: str) -> Iterator[dict[str, Plain]]:
    """Draw values; those of a scenario do not depend on the others in the suite."""
    rng = np.random.default_rng([sample.seed, zlib.crc32(scenario.encode())])
    for _ in range(sample.count):
        row: dict[str, Plain] = {}
        for name, how in sorted(sample.values.items()):
            if isinstance(how, UniformDraw):
                row[name] = round(float(rng.uniform(*how.uniform)), _DIGITS)
            elif isinstance(how, IntegerDraw):
                row[name] = int(rng.integers(*how.integer, endpoint=True))
            else:
                row[name] = how.choice[int(rng.integers(len(how.choice)))]
        yield row


def _check(fields: Mapping[str, Plain], where: str) -> None:
    known = run_fields()
    for name in fields:
        if name not in known:
            near = ", ".join(near_names(name, known))
            hint = f"; near it: {near}" if near else ""
            raise InputError(
                f"{where}: {name} is neither a field of a run nor scenario.PATH of its "
                f"scenario's file{hint}"
            )
    check_fields(fields, where)


def _changed(
    content: Mapping[str, Any], changes: Mapping[str, Plain], path: Path, where: str
) -> Path:
    """Write a scenario with other values; InputError for a place that it does not have."""
    changed = copy.deepcopy(dict(content))
    for name, value in changes.items():
        *way, last = name.removeprefix(_OF_SCENARIO).split(".")
        part: Any = changed
        for step in way:
            part = _inside(part, step, f"{where}: {name}")
        key: str | int = int(last) if isinstance(part, list) and last.isdecimal() else last
        if isinstance(part, dict) or (isinstance(key, int) and key < len(part)):
            part[key] = _as_there(part, key, value)
        else:
            raise InputError(f"{where}: {name}: the scenario has no such place")
    changed["name"] = path.stem
    scenario_of(changed, f"{where} with {changes}")
    text = yaml.safe_dump(changed, sort_keys=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return path


def _as_there(part: Any, key: str | int, value: Plain) -> Any:
    """Return a value as its place wants it: where a range is, a number is the range of it alone."""
    before = part.get(key) if isinstance(part, dict) else part[key]
    is_range = isinstance(before, list) and len(before) == 2
    return [value, value] if is_range else value


def _inside(part: Any, step: str, where: str) -> Any:
    if isinstance(part, dict) and step in part:
        return part[step]
    if isinstance(part, list):
        if step.isdecimal() and int(step) < len(part):
            return part[int(step)]
        for one in part:  # an adversary goes by its name
            if isinstance(one, dict) and one.get("name") == step:
                return one
    raise InputError(f"{where}: the scenario has no part {step!r}")
