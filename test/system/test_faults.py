"""Kill or freeze any process of a run at any time: the run ends, says who died, leaves a bag.

Two cases run with the others; ``CNB_ALL_FAULTS=1 ./dev test test/system/test_faults.py`` runs the
whole table, a quarter of an hour.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from shared_memory import mapped_by, unused

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
VICTIMS = {
    "carla_server": "carla serve",
    "nurec_server": "nurec serve",
    "carla_ego": "nodes.carla_ego",
    "nurec_render": "nodes.nurec_render",
    "cosmos_recorder": "nodes.cosmos_recorder",
    "route_agent": "nodes.route_agent",
}
MOMENTS = {"early": 0, "middle": 40_000_000, "late": 240_000_000}  # bytes of the bag by then
SIGNALS = {"SIGKILL": "was killed by SIGKILL", "SIGSTOP": "gave no sign of life"}

ALL = tuple(product(VICTIMS, SIGNALS, MOMENTS))
FEW = (("carla_server", "SIGKILL", "early"), ("cosmos_recorder", "SIGSTOP", "middle"))
CASES = ALL if os.environ.get("CNB_ALL_FAULTS") else FEW


def children(pid: int) -> Iterator[tuple[int, str]]:
    """Children of a process with their command lines."""
    for name in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes().decode().replace("\0", " ")
        except OSError:
            continue
        yield int(name), words


def wait_for(run: subprocess.Popen[str], out: Path, victim: str, moment: str) -> int:
    """Return the process id of the victim once the moment has come."""
    bag = out / "bag/bag_0.mcap"
    deadline_s = time.monotonic() + 250
    while time.monotonic() < deadline_s:
        assert run.poll() is None, run.communicate()[0][-3000:]
        found = [pid for pid, words in children(run.pid) if VICTIMS[victim] in words]
        if found and (not MOMENTS[moment] or (bag.exists() and _size(bag) > MOMENTS[moment])):
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"{victim} was not there in time")


def _size(path: Path) -> int:
    return path.stat().st_size


def leftovers(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


@pytest.mark.parametrize(("victim", "how", "moment"), CASES, ids=map("-".join, CASES))
def test_a_dead_part_is_named(tmp_path: Path, victim: str, how: str, moment: str) -> None:
    out = tmp_path / "run"
    argv = (
        sys.executable,
        "-m",
        "carla_nurec_bridge.cli.main",
        "demo",
        "--seconds",
        "3",
        "--out",
        str(out),
    )
    run = subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    pid = wait_for(run, out, victim, moment)
    everyone = {child for child, _ in children(run.pid)}
    mapped = mapped_by(everyone)
    os.kill(pid, signal.Signals[how])
    output, _ = run.communicate(timeout=250)

    sentences = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(sentences) == 1, output[-3000:]
    assert sentences[0].startswith(f"error: {victim} {SIGNALS[how]}"), sentences
    assert run.returncode == 1
    assert "Traceback" not in output
    assert leftovers(everyone) == set()
    assert unused(mapped) == set()
    bag = out / "bag"
    if moment == "early" and not bag.exists():
        return
    with AnyReader([bag]) as reader:
        messages = sum(1 for _ in reader.messages())
    with (bag / "bag_0.mcap").open("rb") as stream:
        assert sum(1 for _ in make_reader(stream, validate_crcs=True).iter_messages()) == messages
    assert (messages > 0) == (moment != "early")
