"""Scenarios on many workers: the same files as on one, and a lost worker costs one repeat."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Hashable
from functools import partial
from pathlib import Path

import pytest
from small_source import LABELLING, Source

from carla_nurec_bridge.core.timings import Timings
from carla_nurec_bridge.core.work import spread
from carla_nurec_bridge.core.work.workers import Work, WorkerLostError, report
from carla_nurec_bridge.dataset.record.run import RunListener, RunOutcome, record_run
from carla_nurec_bridge.dataset.record.scenario import record_scenario
from carla_nurec_bridge.dataset.record.spread import spread_run
from carla_nurec_bridge.dataset.record.turn import ScenarioJob, Turn
from carla_nurec_bridge.dataset.store import Dataset, RunWriter


def job(name: str, **source: int) -> ScenarioJob:
    made = partial(Source, **source)
    return ScenarioJob(
        name, "k", lambda writer, told: record_scenario(made(), writer, LABELLING, told)
    )


class Threads:
    """Workers that are threads; ``lose`` says of which turns the worker is lost, from 0 on."""

    def __init__(self, count: int = 2, lose: Callable[[int, str], bool] = lambda *_: False) -> None:
        self.count, self._lose = count, lose
        self._turns: list[tuple[threading.Thread, str, list[tuple[Turn, Timings]]]] = []
        self.ended: list[Hashable] = []
        self.most = 0

    def submit(self, work: Work[tuple[Turn, Timings]], told: Path) -> Hashable:
        results: list[tuple[Turn, Timings]] = []
        thread = threading.Thread(target=lambda: results.append(report(work, told)))
        self._turns.append((thread, told.name.split(".")[1], results))
        thread.start()
        self.most = max(self.most, sum(one.is_alive() for one, *_ in self._turns))
        return len(self._turns) - 1

    def wait(self, turns: Collection[Hashable], seconds: float) -> Collection[Hashable]:
        first = next(iter(turns))
        self._turns[first][0].join(120)  # type: ignore[index]
        return [first]

    def result(self, turn: Hashable) -> tuple[Turn, Timings]:
        _, name, results = self._turns[turn]  # type: ignore[index]
        if self._lose(turn, name):  # type: ignore[arg-type]
            raise WorkerLostError("its worker was lost (killed)")
        return results[0]

    def end(self, turns: Collection[Hashable]) -> None:
        self.ended += turns


def run(path: Path, workers: Threads, *jobs: ScenarioJob) -> tuple[RunOutcome, list[str]]:
    notes: list[str] = []
    listener = RunListener(
        lambda *_: None, lambda name, told: notes.append(f"{name}: {told}"), lambda *_: None
    )
    return spread_run(RunWriter(path, (), 1), jobs, workers, listener), notes


def test_files_are_those_of_one_machine(tmp_path: Path) -> None:
    jobs = [job(name, frames=4) for name in "abcde"]
    workers = Threads()
    outcome, _ = run(tmp_path / "many", workers, *jobs)
    assert outcome.recorded == tuple("abcde")
    assert workers.most <= 2
    quiet = RunListener(lambda *_: None, lambda *_: None, lambda *_: None)
    record_run(RunWriter(tmp_path / "one", (), 1), jobs, quiet)
    assert Dataset(tmp_path / "many").manifest.files == Dataset(tmp_path / "one").manifest.files
    left = {path.name for path in (tmp_path / "many").iterdir()}
    assert left == {*"abcde", "manifest.json", "ledger.jsonl", ".lock", ".recording"}
    again, _ = run(tmp_path / "many", Threads(), *jobs)
    assert (again.recorded, again.kept) == ((), tuple("abcde"))


def test_a_lost_worker_costs_one_repeat(tmp_path: Path) -> None:
    outcome, notes = run(tmp_path, Threads(lose=lambda n, _: n == 1), *map(job, "abc"))
    assert outcome.recorded == tuple("abc")
    assert notes == ["b: its worker was lost (killed); begun again, try 2 of 3"]
    rows = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    states = [row["state"] for row in rows if row["name"] == "b"]
    assert states == ["started", "failed", "started", "done"]


def test_a_scenario_that_loses_every_worker_fails_alone(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path, Threads(lose=lambda _, name: name == "b"), *map(job, "abc"))
    assert outcome.recorded == ("a", "c")
    assert outcome.failed == {"b": "its worker was lost (killed); tried 3 times"}


def test_one_that_fails_is_told_and_not_repeated(tmp_path: Path) -> None:
    workers = Threads()
    outcome, _ = run(tmp_path, workers, job("a", breaks_at=1), job("b"))
    assert outcome.failed == {"a": "CARLA sent no depth picture"}
    assert outcome.recorded == ("b",)
    assert workers.ended == []


def test_an_interruption_ends_all_turns_and_the_next_run_goes_on(tmp_path: Path) -> None:
    class Interrupted(Threads):
        def result(self, turn: Hashable) -> tuple[Turn, Timings]:
            if turn == 1:
                raise KeyboardInterrupt
            return super().result(turn)

    workers = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, workers, *map(job, "abc"))
    assert workers.ended == [2]
    again, _ = run(tmp_path, Threads(), *map(job, "abc"))
    assert (again.recorded, again.kept) == (("b", "c"), ("a",))


def test_a_worker_that_falls_silent_is_ended(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(spread, "SILENT_S", -1.0)
    workers = Threads()
    run(tmp_path, workers, *map(job, "ab"))
    assert workers.ended
