"""Put a run's report together: report.json, report.md, contact_sheet.png."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..core.errors import InputError
from ..core.run_contract.run_summary import (
    WHOLE_FRAME,
    RecordedControls,
    RecorderSummary,
    RunSummary,
    StreamCount,
    read_run_summary,
)
from ..core.run_contract.streams import AGENTS, RECORDER
from ..core.run_contract.timebase import NS_PER_S, NS_PER_US
from ..evaluation import evaluate
from ..recording import BagReader
from ..recording.read_back.drive import BagDrive, read_drive
from ..scene import distance_to_recording, open_scene
from .contact_sheet import write_contact_sheet
from .markdown import report_markdown
from .rebuilt import recorder_from_bag
from .scenario_picture import PICTURE, write_scenario_picture
from .scores.write import read_scores
from .values import CommandTotals, ObjectTotals, ReplayDeviation, Report, RunFacts, ScoreTotal

_SCENE = "scene.usdz"


def write_report(run_dir: Path, facts: RunFacts) -> Report:
    """Write the report of a finished or recovered run into its folder.

    A run with mode "replay" is compared with the recording in its scene package. InputError when
    the folder holds no run.
    """
    nodes = read_run_summary(run_dir)
    if not (run_dir / "bag").is_dir():
        raise InputError(f"{run_dir} holds no recording: there is no folder bag")
    with BagReader(run_dir / "bag") as bag:
        recorder = nodes.cosmos_recorder or recorder_from_bag(bag, nodes.carla_ego)
        plan = bag.plan()
        drive = read_drive(bag)
        report = _report(run_dir, facts, nodes, recorder, drive)
        if report.verdict is not None:
            write_scenario_picture(run_dir / PICTURE, report.verdict, drive)
        write_contact_sheet(run_dir / "contact_sheet.png", bag, plan, drive, report)
    text = json.dumps(report.to_json(), indent=1) + "\n"
    (run_dir / "report.json").write_text(text, encoding="utf-8")
    (run_dir / "report.md").write_text(report_markdown(report), encoding="utf-8")
    return report


def run_hash(streams: Mapping[str, StreamCount]) -> str:
    """Return one SHA-256 over the hashes of all reproducible streams of the plan, by topic."""
    digest = hashlib.sha256()
    for topic, stream in sorted(streams.items()):
        if stream.sha256 and stream.planned:
            digest.update(f"{topic} {stream.sha256}\n".encode())
    return digest.hexdigest()


def _report(
    run_dir: Path,
    facts: RunFacts,
    nodes: RunSummary,
    recorder: RecorderSummary,
    drive: BagDrive,
) -> Report:
    if recorder.state is None or recorder.t0_ns is None:
        raise InputError(f"{run_dir} holds no run: the recorder ended before one began")
    ego = nodes.carla_ego
    simulated_s = recorder.frames * recorder.dt_ns / NS_PER_S
    loop = ego.timings.get(WHOLE_FRAME) if ego else None
    loop_s = loop.total_s if loop else 0.0
    seen = {other.actor.id for state in drive.states for other in state.actors}
    error = _replay_error(run_dir / _SCENE, drive) if facts.mode == "replay" else None
    report = Report(
        **facts.to_json(),
        run_id=recorder.run_id,
        state=recorder.state,
        reason=recorder.reason or "",
        frames=recorder.frames,
        dt_s=recorder.dt_ns / NS_PER_S,
        t0_ns=recorder.t0_ns,
        simulated_s=simulated_s,
        loop_wall_s=loop_s or None,
        wall_s_per_simulated_s=loop_s / simulated_s if loop_s and simulated_s else None,
        complete=all(s.complete for s in recorder.streams.values()),
        streams=recorder.streams,
        unheard=recorder.unheard,
        run_sha256=run_hash(recorder.streams),
        timings=nodes.model_copy(update={RECORDER: recorder}).timings(),
        commands=_commands(nodes),
        drive=evaluate(drive.states, drive.route),
        objects=ObjectTotals(
            seen=len(seen),
            bound=sum(track is not None for track in ego.bound.values()) if ego else 0,
            not_renderable=ego.not_renderable if ego else None,
        ),
        teleports=ego.teleports if ego else None,
        unplaced_lights=ego.unplaced_lights if ego else (),
        controls=_controls(run_dir, recorder.controls),
    )
    verdict = ego.verdict if ego else None
    known = {"replay_error_m": error, "verdict": verdict, "scores": _scores(run_dir)}
    return report.model_copy(update={name: value for name, value in known.items() if value})


def _commands(nodes: RunSummary) -> CommandTotals | None:
    ego = nodes.carla_ego
    if all(getattr(nodes, agent) is None for agent in AGENTS):
        return None
    if ego is None:
        return CommandTotals(accepted=None, late=None, refused=None)
    return CommandTotals(
        accepted=ego.commands_accepted, late=ego.commands_late, refused=ego.commands_refused
    )


def _replay_error(package: Path, drive: BagDrive) -> ReplayDeviation | None:
    if not (drive.states and package.is_file()):
        return None
    distance = distance_to_recording(
        open_scene(package),
        [state.stamp_ns // NS_PER_US for state in drive.states],
        np.array([state.ego.map_from_base for state in drive.states]),
    )
    if distance is None:
        return None
    return ReplayDeviation(mean=distance.mean_m, max=distance.max_m, compared=distance.compared)


def _scores(run_dir: Path) -> dict[str, ScoreTotal]:
    """Return the totals of the scores that were written of the run."""
    scored = read_scores(run_dir)
    return {
        one.name: ScoreTotal(title=one.title, value=one.value, best=one.best, status=one.status)
        for one in (scored.scores if scored else ())
    }


def _controls(run_dir: Path, controls: RecordedControls) -> RecordedControls | None:
    """Return the control videos with their folder relative to the run's; None without any."""
    if controls.directory is None:
        return None
    folder = Path(controls.directory)
    shown = folder.relative_to(run_dir) if folder.is_relative_to(run_dir) else folder
    return controls.model_copy(update={"directory": str(shown)})
