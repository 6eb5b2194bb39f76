"""Time how long the embedded CARLA takes to load a large map, per road, beside the demo town.

Run: ``python benchmarks/map_load.py [SIDE]``. The map is a grid of 13 times 13 crossings with 2,036
roads (of 4 times 4 where ``./dev bench --quick`` runs it), or of SIDE times SIDE. Each map is
loaded twice, from the start of ``carla-nurec carla serve`` to its ready line: with no street
cached, then with the one that the first load left. The demo town comes first, with an empty cache
folder: it compiles the kernels, once for a machine, and its second load is mostly the program's own
start. Goal: 2,000 roads within 20 s, with lines of progress; ``cpu`` is user and system time, which
other work on the machine changes less.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _figures import Figure, quick, tell
from _grid_town import grid_town
from _help import show_help

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path

SIDE = 4 if quick() else 13
GOAL_S = 20.0
STEP = re.compile(r"map \S+ \(\d+ roads\): (.*)")


def load(map_file: Path, cache: Path) -> tuple[float, float, list[str]]:
    """Return wall and processor seconds until the server is ready, and the steps that it told."""
    serve = [sys.executable, "-m", "carla_nurec_bridge.cli.main", "carla", "serve"]
    began_s = time.monotonic()
    process = subprocess.Popen(
        [*serve, "--map", str(map_file), "--port", str(free_port(pair=True))],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    steps = []
    for line in process.stdout:
        steps += STEP.findall(line)
        if line.startswith("ready:"):
            break
    wall_s = time.monotonic() - began_s
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    process.terminate()
    if process.wait(20) != 0:
        raise SystemExit(f"the server did not load {map_file}")
    return wall_s, cpu_s, steps


def main(side: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text, roads = grid_town(side)
        grid = folder / "grid.xodr"
        grid.write_text(text)
        demo = config_path("maps", "demo_town.xodr")
        spent_s: dict[tuple[str, str], float] = {}
        for map_file, count in ((demo, demo.read_text().count("<road ")), (grid, roads)):
            for state in ("no street", "street cached"):
                wall_s, cpu_s, steps = load(map_file, folder)
                spent_s[map_file.stem, state] = cpu_s
                print(
                    f"{map_file.stem:10} {count:5} roads, {state:13} {wall_s:6.1f} s "
                    f"(cpu {cpu_s:5.1f} s), {1e3 * wall_s / count:5.1f} ms a road "
                    f"(cpu {1e3 * cpu_s / count:5.1f}), {len(steps)} lines of progress"
                )
    for stem in (demo.stem, grid.stem):
        cached_s, anew_s = (spent_s[stem, state] for state in ("street cached", "no street"))
        tell(Figure("map_load", f"{stem}, street cached", cached_s, "CPU s", "no street", anew_s))
    goal_s = GOAL_S * roads / 2000
    print(f"goal: {goal_s:.1f} s for {roads} roads with no street cached, on a quiet machine")


if __name__ == "__main__":
    show_help(__doc__)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SIDE)
