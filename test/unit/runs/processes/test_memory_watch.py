"""The most that processes hold is known without asking each time what takes long."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from carla_nurec_bridge.runs.processes import memory_watch
from carla_nurec_bridge.runs.processes.child import Child
from carla_nurec_bridge.runs.processes.memory_watch import MemoryWatch


@dataclass
class _Child:
    resident: int
    held: int
    asked: int = 0

    def resident_bytes(self) -> int:
        return self.resident

    def held_bytes(self) -> int:
        self.asked += 1
        return self.held


def test_who_grows_is_asked_and_the_most_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_watch.time, "monotonic", itertools.count(0, 10).__next__)
    watch, children = MemoryWatch(), (_Child(300, 100), _Child(200, 50))
    for resident, held, most, asked in (
        (300, 100, 150, 1),
        (305, 140, 150, 1),  # of 500 and 505 bytes: within two per cent
        (400, 180, 230, 2),
        (350, 400, 230, 2),  # less in memory than before
        (800, 160, 230, 3),
    ):
        children[0].resident, children[0].held = resident, held
        watch.look_if_due(children)
        assert (watch.held_bytes, children[0].asked) == (most, asked)
    children[0].held = 900  # no longer shared with others, and no more in memory
    watch.look(children)
    assert watch.held_bytes == 950


def test_looks_become_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, looks_s = [0.0], []
    monkeypatch.setattr(memory_watch.time, "monotonic", lambda: now_s[0])
    child = _Child(1, 1)
    monkeypatch.setattr(MemoryWatch, "look", lambda self, children: looks_s.append(now_s[0]))
    watch = MemoryWatch()
    while now_s[0] < 20.0:
        child.resident *= 2
        watch.look_if_due((child,))
        now_s[0] += 0.25
    assert looks_s == [0.0, 0.5, 1.5, 3.5, 7.5, 12.5, 17.5]


def test_of_what_is_in_memory_a_process_holds_a_share() -> None:
    child = Child.__new__(Child)
    child._started = subprocess.Popen(["sleep", "60"])
    try:
        assert 0 < child.held_bytes() <= child.resident_bytes()
    finally:
        child._started.kill()
        child._started.wait()
    assert child.resident_bytes() == child.held_bytes() == 0


def test_what_a_process_has_started_counts_as_its_own() -> None:
    start = "import subprocess as s; cat = s.Popen('cat', stdin=s.PIPE); print(flush=True); input()"
    child = Child.__new__(Child)
    with subprocess.Popen(
        [sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child._started:
        assert child._started.stdout is not None
        child._started.stdout.readline()
        own, other = (int(text.split()[1]) for text in child._of_all("statm"))
        assert other > 0
        assert child.resident_bytes() > own * os.sysconf("SC_PAGE_SIZE"), "the other has begun"
        child._started.communicate()
