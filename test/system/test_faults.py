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
from contextlib import suppress
from itertools import product
from pathlib import Path

import psutil
import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from shared_memory import mapped_by, unused
from small_rig import small_rig

from carla_nurec_bridge.core.machine.forked import ADDRESS

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PACKAGE = "carla_nurec_bridge"
VICTIMS = {
    "carla_server": f"-m {PACKAGE}.cli.main carla serve",
    "nurec_server": f"-m {PACKAGE}.cli.main nurec serve",
    "carla_ego": f"-m {PACKAGE}.nodes.carla_ego",
    "nurec_render": f"-m {PACKAGE}.nodes.nurec_render",
    "cosmos_recorder": f"-m {PACKAGE}.nodes.cosmos_recorder",
    "route_agent": f"-m {PACKAGE}.nodes.route_agent",
}
REHEARSAL = f"-m {PACKAGE}.cli.main rehearse"
FORK_SERVER = f"-m {PACKAGE}.core.machine.fork_server"
MOMENTS = {"early": 0, "middle": 10_000_000, "late": 60_000_000}
"""So many bytes the bag has by then, of 30 million a second."""
LASTS_S = {"early": 1, "middle": 2, "late": 3}
"""How long the run would be, in simulated seconds: the moment has to come well before its end."""
SIGNALS = {"SIGKILL": "was killed by SIGKILL", "SIGSTOP": "gave no sign of life"}

ALL = tuple(product(VICTIMS, SIGNALS, MOMENTS))
FEW = (("carla_server", "SIGKILL", "early"), ("cosmos_recorder", "SIGSTOP", "middle"))
CASES = ALL if os.environ.get("CNB_ALL_FAULTS") else FEW


def below(pid: int) -> dict[int, str]:
    """Who was started below a process, with their command lines."""
    found = {}
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):
            found[process.pid] = " ".join(process.cmdline())
    return found


def wait_for(run: subprocess.Popen[str], out: Path, victim: str, moment: str) -> int:
    """Return the process id of the victim once the moment has come."""
    log, bag = out / f"logs/{victim}.log", out / "bag/bag_0.mcap"
    deadline_s = time.monotonic() + 250
    while time.monotonic() < deadline_s:
        time.sleep(0.1)
        assert run.poll() is None, run.communicate()[0][-3000:]
        if not log.exists() or (MOMENTS[moment] and not _has_grown(bag, MOMENTS[moment])):
            continue  # to look who was started costs more than the run's own waiting
        started = below(run.pid)
        if any(REHEARSAL in words for words in started.values()):
            continue  # which has a server of its own
        found = [pid for pid, words in started.items() if VICTIMS[victim] in words]
        if found:
            return found[0]
    raise AssertionError(f"{victim} was not there in time")


def _has_grown(path: Path, least: int) -> bool:
    return path.exists() and path.stat().st_size > least


def leftovers(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


@pytest.mark.parametrize(("victim", "how", "moment"), CASES, ids=map("-".join, CASES))
def test_a_dead_part_is_named(tmp_path: Path, victim: str, how: str, moment: str) -> None:
    out = tmp_path / "run"
    options = (
        "--seconds",
        str(LASTS_S[moment]),
        "--set",
        f"rig={small_rig(tmp_path)}",
        "--out",
        str(out),
    )
    run = subprocess.Popen(
        (sys.executable, "-m", f"{PACKAGE}.cli.main", "demo", *options),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={name: value for name, value in os.environ.items() if name != ADDRESS},
    )
    pid = wait_for(run, out, victim, moment)
    parent = psutil.Process(pid).parent()
    assert parent is not None
    assert FORK_SERVER in " ".join(parent.cmdline()), "it had to load its libraries by itself"
    everyone = set(below(run.pid))
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
