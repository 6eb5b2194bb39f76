"""Make one closed-loop run from nothing to its result, beside any others."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Callable
from pathlib import Path

from ...core.errors import InputError
from ...core.files.lock import locked
from ...core.machine.forked import forked_cpu_s
from ...core.run_contract.run_config import RunConfig
from ...core.run_contract.run_summary import EgoSummary, read_run_summary
from ...core.run_contract.streams import AGENTS, EGO
from ...core.run_contract.timebase import NS_PER_S
from ..demo_flow import report_of
from ..graph import build_graph
from ..processes.preloading import preloaded
from ..recipe import prepared
from ..run_folder import clear
from ..scoring import score_run
from ..supervisor import STOPPED, RunResult, Supervisor
from .agent import GUEST, AgentUnderTest, with_agent
from .case import ClosedLoopCase, own_place
from .result import ClosedLoopResult, Ending, RunCost, write_result

LIMIT_S = 1800.0
"""How long a run may take in all, wall time; its parts have deadlines of their own."""

_WAIT_FOR_FOLDER_S = 30.0

OnStep = Callable[[int, int], None]
"""Hears how many frames are done, and of how many."""


def run_closed_loop(
    case: ClosedLoopCase,
    folder: Path,
    on_step: OnStep = lambda *_: None,
    *,
    limit_s: float = LIMIT_S,
    report: bool = True,
) -> ClosedLoopResult:
    """Drive a case in a folder, where what an earlier run left is replaced, and judge it.

    The folder then has the bag, logs, scores and ``result.json``; with ``report``, or where the
    run did not pass, also report.md with its pictures. InputError for a case that cannot be, and a
    folder that holds something else; KeyboardInterrupt where the user stopped it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(f".{folder.name}.lock")
    clock = _Clock()
    with (
        locked(lock, _WAIT_FOR_FOLDER_S, f"another command runs in {folder}"),
        own_place(case, folder) as config,
        preloaded(),
    ):
        config = _with_scene(config)

        def hear(done: int, total: int) -> None:
            clock.begin()
            on_step(done, total)

        graph = with_agent(build_graph(config), case.agent)
        run = Supervisor(graph, hear, limit_s).run()
    if run.exit_code == STOPPED:
        raise KeyboardInterrupt(run.sentence)
    clock.end()
    ego = read_run_summary(folder).carla_ego
    ending = ending_of(run, ego.reason if ego else "", case.agent)
    verdict = ego.verdict if ego else None
    passed = ending == "finished" and (verdict is None or verdict.status == "passed")
    shown = report or not passed
    scored, unscored = score_run(folder, case.scores, pages=shown)
    if shown:
        report_of(config, run)
    result = ClosedLoopResult(
        scenario=verdict.name if verdict else Path(case.scenario).stem,
        agent=case.agent.name,
        seed=case.seed,
        ending=ending,
        sentence="finished" if ending == "finished" else run.sentence,
        verdict=verdict,
        scores={score.name: score.value for score in scored.scores} if scored else {},
        unscored=unscored,
        frames=ego.frames if ego else -1,
        simulated_s=_simulated_s(ego),
        cost=clock.cost(run, folder),
    )
    write_result(folder, result)
    return result


def ending_of(run: RunResult, reason: str, agent: AgentUnderTest) -> Ending:
    """Tell an agent that failed from a simulator that died.

    ``reason`` is why the owner of the tick gave up: it names who did not answer.
    """
    if run.ok:
        return "finished"
    if run.dead is None:
        return "overtime"
    blamed = agent.participant is not None and run.dead == EGO
    if run.dead in (GUEST, *AGENTS) or (blamed and _names(reason, agent.participant)):
        return "agent_failed"
    return "refused" if run.exit_code == InputError.exit_code else "simulator_died"


def _names(reason: str, node: str | None) -> bool:
    return node is not None and re.search(rf"\b{re.escape(node)}\b", reason) is not None


def _with_scene(config: RunConfig) -> RunConfig:
    """Return the run with what NuRec draws; without NuRec only its folder is emptied."""
    if config.nurec and config.nurec_mode != "external":
        return prepared(config, lambda *_: None)
    clear(config.run_dir)
    return config


def _simulated_s(ego: EgoSummary | None) -> float:
    return max(0, ego.frames) * ego.dt_ns / NS_PER_S if ego else 0.0


class _Clock:
    """The times of a run: when its first frame was there, and when its processes had ended."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self._began_s: float | None = None
        self._ended_s = 0.0
        self._cpu_s = _cpu_s()

    def begin(self) -> None:
        """Take the first frame's time."""
        self._began_s = self._began_s or time.monotonic()

    def end(self) -> None:
        """Take the time of the end."""
        self._ended_s = time.monotonic()

    def cost(self, run: RunResult, folder: Path) -> RunCost:
        """Return what was measured, with what lies in the folder."""
        now_s, began_s = time.monotonic(), self._began_s or self._ended_s
        return RunCost(
            wall_s=now_s - self._started_s,
            start_s=began_s - self._started_s,
            drive_s=self._ended_s - began_s,
            score_s=now_s - self._ended_s,
            cpu_s=_cpu_s() - self._cpu_s,
            memory_bytes=run.memory_bytes,
            disk_bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        )


def _cpu_s() -> float:
    """Return the processor time of this process and of what it started and has ended, s."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return forked_cpu_s() + sum(one.ru_utime + one.ru_stime for one in used)
