"""``carla-nurec demo`` and the launch files make one run of the same wishes, whatever they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from carla_nurec_bridge.cli import demo
from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.core.rig.rig import Rig
from carla_nurec_bridge.core.run_contract.run_config import RunConfig, run_fields
from carla_nurec_bridge.core.run_contract.run_fields import RunField
from carla_nurec_bridge.recorder_log import LogWriter
from carla_nurec_bridge.runs import demo_flow, recipe, rehearsal
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.launch_arguments import (
    launched_config,
    shipped_defaults,
)

PLACE = ("carla_port", "nurec_port", "domain_id")
"""Where a run takes place: the demo looks for free ones, a launched run stays where one looks."""

WORDS = {
    "rig": "cosmos",
    "mode": "scene",
    "dt_s": "0.025",
    "handover_tracks": "a,b",
    "inserted_actors": "crowd",
    "scenario": "cut_in",
    "scores": "nuplan,alpasim",
    "ego_blueprint": "vehicle.audi.tt",
    "role_name": "ego",
    "carla_host": "10.0.0.5",
    "nurec_host": "10.0.0.6",
    "cosmos_url": "http://127.0.0.1:1",
    "cosmos_prompt": "night_rain",
}
"""What to say where it cannot be thought out."""

NEEDS = {"mode": ("scene",), "log": ("mode",), "scene_fit_steps": ("scene_gaussians",)}
"""Fields that a field cannot be had without."""


@pytest.fixture(autouse=True)
def one_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no ROS domain: a process keeps each to its end, and there are not so many."""
    monkeypatch.setattr(demo_flow, "own_domain", lambda: 7)


def _other(field: RunField, folder: Path) -> str:
    """Return a text for the field that is not its default."""
    if field.name in WORDS:
        return WORDS[field.name]
    if field.kind is bool:
        return str(not field.default).lower()
    if field.between is not None:
        low, high = field.between
        default = low if field.default is None else field.default
        return field.text(type(default)(default + 1 if default + 1 <= high else low + 0.01))
    if field.choices:
        return next(choice for choice in field.choices if choice != field.default)
    return str(_file(field.name, folder))


def _file(name: str, folder: Path) -> Path:
    if name == "run_dir":
        return folder / "elsewhere"
    path = folder / f"{name}.{'xodr' if name == 'map' else 'usdz'}"
    if name == "log":
        path = folder / "run.log"
        writer = LogWriter(path, "demo_town", 0)
        for _ in range(60):
            writer.write_frame(0.05, [])
        writer.close()
    if name == "scene":
        write_archive(path, {})
    else:
        path.touch()
    return path


def _wishes(name: str, folder: Path) -> dict[str, str]:
    fields = run_fields()
    wishes = {need: _other(fields[need], folder) for need in NEEDS.get(name, ())}
    wishes[name] = _other(fields[name], folder)
    return wishes | ({"mode": "replay"} if name == "log" else {})


def _of_the_demo(wishes: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    seen: list[RunConfig] = []

    def stop(config: RunConfig, *_: object) -> None:
        seen.append(config)
        raise SystemExit(0)

    monkeypatch.setattr(demo, "run_demo", stop)
    arguments = [part for name, value in wishes.items() for part in ("--set", f"{name}={value}")]
    result = CliRunner().invoke(demo.command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return seen[0]


def _of_the_launch_file(wishes: dict[str, str]) -> RunConfig:
    return recipe.settled(launched_config(shipped_defaults("demo"), wishes))


def _made(config: RunConfig, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what is rehearsed, what the scene is built from, and what the processes are told."""
    made: dict[str, Any] = {}

    def rehearse(config: RunConfig, log: Path, _: object) -> None:
        made["rehearsed"] = (config, log)

    def build(town: Path, log: Path, rig: Rig, out: Path, **more: Any) -> None:
        keywords = more["gaussians"] and more["gaussians"].keywords
        # Whom a fit tells of its steps is for each caller to say.
        sampling = keywords and {k: v for k, v in keywords.items() if k != "on_step"}
        made["built"] = (town, log, rig.name, out, more["epoch_us"], sampling)

    monkeypatch.setattr(recipe, "rehearse", rehearse)
    monkeypatch.setattr(recipe, "build_scene", build)
    if config.run_dir != folder / "elsewhere":
        config = config.model_copy(update={"run_dir": folder / "run"})
    made["graph"] = build_graph(recipe.prepared(config, lambda *_: None))
    return made


def _recorded_once(kept: Path) -> Callable[..., Path]:
    """Return what records a scenario for the first of equal runs, and copies it for the others."""
    known: list[tuple[RunConfig, str]] = []

    def record(config: RunConfig, on_progress: Any) -> Path:
        for other, name in known:
            if other == config:
                return shutil.copytree(kept, config.run_dir / "scenario") / name
        log = rehearsal.record_scenario(config, on_progress)
        shutil.copytree(log.parent, kept)
        known.append((config, log.name))
        return log

    return record


@pytest.mark.parametrize("name", run_fields())
def test_a_field_makes_the_same_run_in_both(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes = _wishes(name, tmp_path)
    driven, launched = _of_the_demo(wishes, monkeypatch), _of_the_launch_file(wishes)
    field = run_fields()[name]
    assert field.text(getattr(driven, name)) != field.text(field.default)
    elsewhere = {place: getattr(driven, place) for place in PLACE if place != name}
    launched = launched.model_copy(update=elsewhere)
    assert launched == driven
    monkeypatch.setattr(recipe, "record_scenario", _recorded_once(tmp_path / "kept"))
    assert _made(launched, tmp_path, monkeypatch) == _made(driven, tmp_path, monkeypatch)


def test_what_is_asked_for_is_what_is_rehearsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _of_the_launch_file({"vehicles": "3", "embedded_carla": "false"})
    made = _made(config, tmp_path, monkeypatch)
    rehearsed, log = made["rehearsed"]
    assert rehearsed.vehicles == 3
    assert made["built"] == (
        config.map,
        log,
        "demo",
        log.with_name("scene.usdz"),
        recipe.EPOCH_US,
        None,
    )
    assert made["graph"].parameters["carla_ego"]["traffic.vehicles"] == 3
