"""Real input that several tests share."""

from __future__ import annotations

import hashlib
import math
import os
import signal
import struct
from collections.abc import Callable, Collection, Generator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import programs
import pytest
from realdata import real
from shared_memory import FOLDER, Watch, unused

from carla_nurec_bridge.core.machine.collector import collect_seldom, keep_loaded
from carla_nurec_bridge.core.machine.ports import own_domain
from carla_nurec_bridge.core.machine.shared_memory import remove_abandoned
from carla_nurec_bridge.core.machine.waiting_threads import wait_asleep

# For us and for the processes that tests start; before numpy and rclpy come.
wait_asleep()
os.environ["ROS_DOMAIN_ID"] = str(own_domain())
# A shell makes what it starts in the background deaf to Ctrl-C, and so all that tests start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

collect_seldom()
# How long an example takes is the machine's affair.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

_LONGEST_FIRST = ("system", "ros", "conformance", "unit")
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_watch = ExitStack()
_left_behind = pytest.StashKey[list[str]]()
_SHA256 = "bf922505c224b768b113a786feec4395825fe780249c469e1f09e6312b9c258d"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders whose tests take longest, so that no core waits for one at the end."""
    here = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""
        return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=rank)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their place: what is in them may hold a time, and workers must agree."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_finish() -> None:
    """Keep what has been loaded, of all tests, out of the collections of cycles."""
    keep_loaded()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Do once what serves all processes of tests: those of xdist are ours, and inherit it.

    Programs are forked from one server, and what they leave in shared memory is watched.
    """
    if _IS_WORKER:
        return
    remove_abandoned()
    if session.config.getoption("numprocesses", None):
        programs.serve()
    watch = Watch(os.getpid(), period_s=1.0)
    _watch.callback(_take_away, watch, session.config.stash.setdefault(_left_behind, []))
    _watch.enter_context(watch)


def _take_away(watch: Watch, told: list[str]) -> None:
    """Take away what killed processes of ROS have left in shared memory, and tell whose it was."""
    for name in sorted(unused({name for name in watch.names if "port" not in name})):
        (FOLDER / name).unlink(missing_ok=True)
        if name in watch.names:
            told.append(f"{name} was left in shared memory by: {watch.owners[name]}")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish() -> Generator[None, None, None]:
    """End the process that programs are forked from, when the processes of tests have ended."""
    yield
    programs.end()
    _watch.close()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say who left shared memory behind."""
    for line in config.stash.get(_left_behind, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def forked_programs() -> None:
    """Have programs forked, also those that runs in this process start, to the end of the tests."""
    programs.serve()


@pytest.fixture(scope="session")
def real_recording_path() -> Path:
    """Return a recording made by CARLA 0.9.13 (847 frames, 118 moving actors)."""
    return real("recorder/DistanceBetweenVehicles_0.9.13.log")


@pytest.fixture(scope="session")
def real_recording(real_recording_path: Path) -> bytes:
    """Return the bytes of the same recording."""
    data = real_recording_path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == _SHA256
    return data


class ReplayRules:
    """CARLA's replay rules in plain Python over an own decoder; knows positions only.

    Locations are cm, rotations (roll, pitch, yaw) degrees.
    """

    def __init__(self, data: bytes) -> None:
        self.frames: list[tuple[float, float, dict[int, tuple[float, ...]]]] = []
        self.at = -1
        self.before: dict[int, tuple[float, ...]] = {}
        (name,) = struct.unpack_from("<H", data, 2)
        offset = 4 + name + 8
        offset += 2 + struct.unpack_from("<H", data, offset)[0]
        while offset < len(data):
            kind, size = struct.unpack_from("<BI", data, offset)
            body = data[offset + 5 : offset + 5 + size]
            if kind == 0:
                _, duration, elapsed = struct.unpack("<Qdd", body)
                self.frames.append((elapsed, duration, {}))
            elif kind == 6:
                for record in struct.iter_unpack("<I6f", body[2:]):
                    self.frames[-1][2][record[0]] = record[1:]
            offset += 5 + size

    def begin(self, start_s: float) -> None:
        """Process everything up to the start; nothing before it counts as a previous pose."""
        self.poses(start_s)
        self.before = {}

    def poses(
        self, time_s: float, actors: Collection[int] | None = None
    ) -> dict[int, tuple[float, ...]] | None:
        """Return id -> (x, y, z, roll, pitch, yaw) at the next processed time, of some or all."""
        found = next((i for i, (e, d, _) in enumerate(self.frames) if time_s < e + d), None)
        if found is None:
            return None
        if found != self.at:
            self.before = self.frames[self.at][2] if self.at >= 0 else {}
            self.at = found
        elapsed, duration, now = self.frames[found]
        share = (time_s - elapsed) / duration
        return {
            i: self._between(self.before.get(i), pose, share)
            for i, pose in now.items()
            if actors is None or i in actors
        }

    @staticmethod
    def _between(
        a: tuple[float, ...] | None, b: tuple[float, ...], share: float
    ) -> tuple[float, ...]:
        if a is None:
            return b
        turns = [math.remainder(to - start, 360.0) for start, to in zip(a[3:], b[3:], strict=True)]
        place = [start + (to - start) * share for start, to in zip(a[:3], b[:3], strict=True)]
        return (*place, *(start + t * share for start, t in zip(a[3:], turns, strict=True)))


@pytest.fixture(scope="session")
def make_replay_rules(real_recording: bytes) -> Callable[[], ReplayRules]:
    """Return a function that makes a fresh evaluation of the rules on the real recording."""
    return lambda: ReplayRules(real_recording)
