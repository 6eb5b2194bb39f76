"""The parameters of ``closed_loop_eval``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...core.run_contract.streams import EVAL
from ...evaluation.scores.scorer import asked_scores
from ...report.scores.asked import AskedScores
from ...report.scores.parquet import check_parquet
from .declare import of_run, parameter
from .odometry import OdometryParameters

_run = partial(of_run, EVAL)


@dataclass(frozen=True)
class EvalParameters(OdometryParameters):
    """What ``closed_loop_eval`` was asked to do."""

    names: str = _run("scores", "all", "scores to compute: all, or names with commas")
    map: str = parameter("", "scores.map", "OpenDRIVE file in place of the map that is published")
    expert: str = parameter(
        "", "scores.expert", "bag or run of who is compared with; empty = the route is"
    )
    time_limit_s: float = parameter(
        0.0, "scores.time_limit_s", "of the route; 0 = none", unit="s", between=(0.0, 1e6)
    )
    reference_impact_mps: float = parameter(
        0.0,
        "scores.reference_impact_mps",
        "NeuroNCAP's: the impact speed of who does nothing; 0 = that of the first tick",
        unit="m/s",
        between=(0.0, 200.0),
    )
    handover_s: float = parameter(
        0.0,
        "scores.handover_s",
        "AlpaSim's: what comes before does not count",
        unit="s",
        between=(0.0, 1e6),
    )
    parquet: bool = parameter(
        False, "scores.parquet", "write scores.parquet too, which needs pyarrow"
    )
    run_dir: str = _run("run_dir", "", "folder for scores and summary; empty = none are written")
    dt_s: float = _run("dt_s")
    lockstep: bool = _run("lockstep", False, "answer every frame, skip none")
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    start_s: float = _run("start_deadline_s", 20.0, "wall time until map and vehicle are told")

    def asked(self) -> AskedScores:
        """Return the scores that are asked for; InputError for one that there is not.

        It is raised for Parquet that cannot be written too.
        """
        if self.parquet:
            check_parquet("the parameter scores.parquet")
        return AskedScores(
            asked_scores(self.names),
            Path(self.map) if self.map else None,
            Path(self.expert) if self.expert else None,
            self.time_limit_s or None,
            self.reference_impact_mps or None,
            self.handover_s,
        )
