"""The demo: a run whose scene is made first, and its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..core.errors import BridgeError, InputError
from ..core.machine.ports import free_port, own_domain
from ..core.run_contract.run_config import NO_SCORES, RunConfig
from ..evaluation.scores.scorer import asked_scores
from ..report.build import write_report
from ..report.inserted_sheet import write_inserted_sheet
from ..report.values import Report, RunFacts
from ..world.inserted_actors import draw_inserted_actors
from ..world.inserted_actors_file import load_inserted_actors
from .config import load_config
from .graph import build_graph
from .recipe import implied, prepared
from .rehearsal import OnProgress
from .scoring import score_run
from .supervisor import RunResult, Supervisor


@dataclass(frozen=True)
class DemoRun:
    """One run of the demo: how it ended, its report if there is one, wall time in seconds.

    ``unscored`` says why it was not scored though it was to be.
    """

    result: RunResult
    report: Report | None
    wall_s: float
    unscored: str = ""

    @property
    def exit_code(self) -> int:
        """0 when the run finished, every stream is complete and its scenario passed."""
        if not self.result.ok:
            return self.result.exit_code
        complete = self.report is not None and self.report.complete
        return self.result.verdict_code if complete else 1


def demo_config(
    given: Mapping[str, Any], options: Mapping[str, str], seconds: float | None = None
) -> RunConfig:
    """Return what is asked for, with free ports and a ROS domain of its own unless given.

    ``given`` replaces fields of ``config/demo.yaml``, ``options`` holds how the user wrote them;
    ``seconds`` is another way to say ``frames``.
    """
    if seconds is not None and "frames" in given:
        raise InputError(
            f"{options['frames']}: the demo counts its frames from --seconds; use that"
        )
    free: dict[str, Callable[[], int]] = {
        "carla_port": partial(free_port, pair=True),
        "nurec_port": free_port,
        "domain_id": own_domain,
    }
    place = {name: find() for name, find in free.items() if name not in given}
    config = load_config("demo", options=options, **{**place, **implied(given), **given})
    if seconds is None:
        return config
    return config.model_copy(update={"frames": max(1, round(seconds / config.dt_s))})


def run_demo(config: RunConfig, on_progress: OnProgress) -> DemoRun:
    """Run a settled demo in its folder, where what an earlier run left is replaced."""
    started = time.monotonic()
    config = prepared(config, on_progress)
    supervisor = Supervisor(build_graph(config), lambda d, t: on_progress("frames", d, t))
    result = supervisor.run()
    on_progress("report", 0, 1)
    unscored = ""
    if config.scores != NO_SCORES:
        # closed_loop_eval has scored it, if it came to that; pictures of cameras are in the bag.
        _, unscored = score_run(config.run_dir, asked_scores(config.scores), anew=False)
    report = report_of(config, result)
    if config.inserted_actors and report is not None:
        actors = draw_inserted_actors(
            load_inserted_actors(config.inserted_actors), config.seed
        ).actors
        write_inserted_sheet(config.run_dir, [actor.name for actor in actors])
    on_progress("report", 1, 1)
    return DemoRun(result, report, time.monotonic() - started, unscored)


def report_of(config: RunConfig, result: RunResult) -> Report | None:
    """Write the report; None when an aborted run left nothing to report on."""
    facts = RunFacts(
        mode=config.mode,
        seed=config.seed,
        outcome=result.sentence,
        exit_code=result.exit_code,
        run_wall_s=result.wall_s,
        map=config.map.name if config.map else None,
        rig=config.rig,
        ticks_per_frame=config.ticks_per_frame,
    )
    try:
        return write_report(config.run_dir, facts)
    except BridgeError:
        if result.ok:
            raise
        return None
