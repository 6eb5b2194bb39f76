"""Measure what a frame of the demo costs each of its processes.

Run: ``python benchmarks/one_frame.py [SECONDS]``, 4 by default. It runs the demo and reads the
processor time of its processes once a few frames are done and at the last one: what lies between
is driving alone, without starting and the end. The floor is what the two servers take, which draw.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from _figures import Figure, quick, tell
from _help import show_help

from carla_nurec_bridge.runs.demo_flow import demo_config, run_demo
from carla_nurec_bridge.runs.processes.preloading import preloaded
from carla_nurec_bridge.runs.recipe import settled

SECONDS = 2.0 if quick() else 4.0
WARM_UP_FRAMES = 15
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
NAMES = {
    "fork_server": "fork server",  # first: its command line names what it has loaded
    "nurec serve": "NuRec server",
    "carla serve": "CARLA server",
    "nodes.carla_ego": "carla_ego",
    "nodes.nurec_render": "nurec_render",
    "nodes.cosmos_recorder": "cosmos_recorder",
    "nodes.route_agent": "route_agent",
    "nodes.closed_loop_eval": "closed_loop_eval",
}
DRAWING = ("NuRec server", "CARLA server")


@dataclass(frozen=True)
class Moment:
    """The frames that are done, wall time and processor time by process, in seconds."""

    frames: int
    wall_s: float
    used_s: Mapping[str, float]


def used_s() -> dict[str, float]:
    """Return the processor time of this process and of each below it, by what it is."""
    above, ticks = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            above[int(folder.name)] = int(words[1])
            ticks[int(folder.name)] = int(words[11]) + int(words[12])
    found: dict[str, float] = {}
    for process, used in ticks.items():
        ancestor = process
        while ancestor in above and ancestor != os.getpid():
            ancestor = above[ancestor]
        if ancestor == os.getpid():
            name = what_is(process)
            found[name] = found.get(name, 0.0) + used * TICK_S
    return found


def what_is(process: int) -> str:
    """Return what a process of the demo is called in the table."""
    command = b""
    with suppress(OSError):
        command = Path(f"/proc/{process}/cmdline").read_bytes()[:200].replace(b"\0", b" ")
    return next((NAMES[key] for key in NAMES if key.encode() in command), "demo itself")


def drive(seconds: float) -> tuple[Moment, Moment]:
    """Run the demo; return the moments between which it drove."""
    moments: list[Moment] = []

    def look(step: str, done: int, total: int) -> None:
        if step == "frames" and (
            done == total or (not moments and done >= min(WARM_UP_FRAMES, total // 2))
        ):
            moments.append(Moment(done, time.perf_counter(), used_s()))

    with tempfile.TemporaryDirectory() as folder:
        asked = demo_config({"run_dir": f"{folder}/run"}, {}, seconds)
        with preloaded():
            run = run_demo(settled(asked), look)
    if run.exit_code:
        raise SystemExit(run.result.sentence)
    return moments[0], moments[-1]


def main() -> None:
    """Print the table."""
    first, last = drive(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    frames = last.frames - first.frames
    # What waits, as the process that all others are forked from, has no row.
    each = {
        name: 1e3 * used / frames
        for name, at_end in last.used_s.items()
        if (used := at_end - first.used_s.get(name, 0.0)) > 0.0
    }
    drawing = sum(each.get(name, 0.0) for name in DRAWING)
    for name, cost in sorted(each.items(), key=lambda row: -row[1]):
        tell(Figure("one_frame", name, cost, "ms of processor", "the servers", drawing))
        print(f"{name:>18} {cost:8.1f} ms of processor time a frame")
    print(f"{'all':>18} {sum(each.values()):8.1f}")
    print(f"{'wall':>18} {1e3 * (last.wall_s - first.wall_s) / frames:8.1f} ms a frame")


if __name__ == "__main__":
    show_help(__doc__)
    main()
