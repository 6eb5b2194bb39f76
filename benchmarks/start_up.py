"""Time what the processes of a run load before they do anything, beside what all must load.

Run: ``python benchmarks/start_up.py``. A figure is the processor time (user and system) of a Python
that imports the process's module and ends; the floor is one that imports numpy and, for nodes,
rclpy. Least of some rounds, in turns, so that others on the machine disturb both alike.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys

from _figures import Figure, quick, tell
from _help import show_help

NODES = ("carla_ego", "nurec_render", "cosmos_recorder", "route_agent", "closed_loop_eval")
VERBS = ("cli.demo", "cli.rehearse", "servers.carla.server", "servers.nurec.server")
PACKAGE = "carla_nurec_bridge"
FLOORS = {"numpy, rclpy": "import numpy, rclpy.node", "numpy": "import numpy"}


def spent_ms(code: str) -> float:
    """Return the processor time of a Python that runs ``code``, in ms."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run((sys.executable, "-c", code), env=env, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Print the table."""
    asked = {f"nodes.{name}": "numpy, rclpy" for name in NODES} | dict.fromkeys(VERBS, "numpy")
    codes = {**{name: f"import {PACKAGE}.{name}" for name in asked}, **FLOORS}
    least = dict.fromkeys(codes, float("inf"))
    for _ in range(2 if quick() else 5):
        for name, code in codes.items():
            least[name] = min(least[name], spent_ms(code))
    print(f"{'process':24s} {'ms':>7s} {'floor':>7s} {'ratio':>6s}")
    for name, floor in asked.items():
        figure = Figure("start_up", name, least[name], "ms", floor, least[floor])
        tell(figure)
        print(f"{name:24s} {figure.value:7.0f} {figure.floor:7.0f} {figure.ratio:6.1f}")


if __name__ == "__main__":
    show_help(__doc__)
    main()
