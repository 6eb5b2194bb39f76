"""Put a run's report together: report.json, report.md, contact_sheet.png."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import InputError
from ..core.run_contract.streams import AGENT, EGO, RECORDER
from ..core.run_contract.timebase import NS_PER_S, NS_PER_US
from ..evaluation import DriveSummary, evaluate
from ..recording import BagReader
from ..recording.drive import BagDrive, read_drive
from ..scene import distance_to_recording, open_scene
from .contact_sheet import write_contact_sheet
from .markdown import report_markdown
from .rebuilt import recorder_from_bag

_COMMANDS = ("accepted", "late", "refused")
_SCENE = "scene.usdz"


@dataclass(frozen=True)
class Report:
    """A written report: its content as in report.json, and the files."""

    content: dict[str, Any]
    files: tuple[Path, ...]

    @property
    def complete(self) -> bool:
        """Whether every stream has exactly the messages that the plan expects."""
        return bool(self.content["complete"])


def write_report(run_dir: Path, facts: dict[str, Any]) -> Report:
    """Write the report of a finished or recovered run into its folder.

    ``facts`` are what only the starter knows and go into the report as they are (mode, seed,
    outcome, wall time of the whole, ...). A run with mode "replay" is compared with the recording
    in its scene package. InputError when the folder holds no run.
    """
    parts = read_parts(run_dir)
    if not (run_dir / "bag").is_dir():
        raise InputError(f"{run_dir} holds no recording: there is no folder bag")
    with BagReader(run_dir / "bag") as bag:
        if RECORDER not in parts:
            parts[RECORDER] = recorder_from_bag(bag, parts.get(EGO, {}))
        plan = bag.plan()
        names = {s.key: s.topic for s in plan.streams} if plan else {}
        drive = read_drive(bag, names)
        summary = evaluate(drive.states, drive.route)
        content = _content(run_dir, parts, facts, drive, summary)
        if facts.get("mode") == "replay":
            content |= _replay_error(run_dir / _SCENE, drive)
        sheet = run_dir / "contact_sheet.png"
        write_contact_sheet(sheet, bag, plan, drive, content)
    report = run_dir / "report.json"
    report.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    text = run_dir / "report.md"
    text.write_text(report_markdown(content), encoding="utf-8")
    return Report(content, (report, text, sheet))


def read_parts(run_dir: Path) -> dict[str, dict[str, Any]]:
    """Return the summaries that the nodes of a run left, by node."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((run_dir / "parts").glob("*.json"))
    }


def run_hash(streams: dict[str, dict[str, Any]]) -> str:
    """Return one SHA-256 over the hashes of all reproducible streams of the plan, by topic."""
    digest = hashlib.sha256()
    for topic, stream in sorted(streams.items()):
        if stream["sha256"] and stream["expected"] is not None:
            digest.update(f"{topic} {stream['sha256']}\n".encode())
    return digest.hexdigest()


def _content(
    run_dir: Path,
    parts: dict[str, dict[str, Any]],
    facts: dict[str, Any],
    drive: BagDrive,
    summary: DriveSummary,
) -> dict[str, Any]:
    recorder, ego = parts[RECORDER], parts.get(EGO, {})
    simulated_s = recorder["frames"] * recorder["dt_ns"] / NS_PER_S
    loop_s = sum(stage["total_s"] for stage in ego.get("timings", {}).values())
    planned = {t: s for t, s in recorder["streams"].items() if s["expected"] is not None}
    driven = AGENT in parts
    seen = {other.id for state in drive.states for other in state.objects}
    return {
        **facts,
        "run_id": recorder["run_id"],
        "state": recorder["state"],
        "reason": recorder["reason"],
        "frames": recorder["frames"],
        "dt_s": recorder["dt_ns"] / NS_PER_S,
        "t0_ns": recorder["t0_ns"],
        "simulated_s": simulated_s,
        "loop_wall_s": round(loop_s, 3) if loop_s else None,
        "wall_s_per_simulated_s": round(loop_s / simulated_s, 3)
        if loop_s and simulated_s
        else None,
        "complete": all(s["recorded"] == s["expected"] for s in planned.values()),
        "streams": recorder["streams"],
        "run_sha256": run_hash(recorder["streams"]),
        "timings": {name: part.get("timings", {}) for name, part in parts.items()},
        "commands": {k: ego.get(f"commands_{k}") for k in _COMMANDS} if driven else None,
        "drive": summary.to_json(),
        "objects": {
            "seen": len(seen),
            "bound": sum(track is not None for track in ego.get("bound", {}).values()),
            "not_renderable": ego.get("not_renderable"),
        },
        "teleports": ego.get("teleports"),
        "unplaced_lights": ego.get("unplaced_lights", []),
        "controls": _controls(run_dir, recorder["controls"]),
    }


def _replay_error(package: Path, drive: BagDrive) -> dict[str, Any]:
    """Return how far a replay was from the recording, interpolated linearly in time."""
    if not (drive.states and package.is_file()):
        return {}
    distance = distance_to_recording(
        open_scene(package),
        [state.stamp_ns // NS_PER_US for state in drive.states],
        np.array([state.map_from_base for state in drive.states]),
    )
    if distance is None:
        return {}
    mean_m, max_m = round(distance.mean_m, 4), round(distance.max_m, 4)
    return {"replay_error_m": {"mean": mean_m, "max": max_m, "compared": distance.compared}}


def _controls(run_dir: Path, controls: dict[str, Any]) -> dict[str, Any] | None:
    if not controls["directory"]:
        return None
    folder = Path(controls["directory"])
    shown = folder.relative_to(run_dir) if folder.is_relative_to(run_dir) else folder
    return {**controls, "directory": str(shown)}
