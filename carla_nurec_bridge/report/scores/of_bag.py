"""Score the drive in a bag."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...evaluation.scores.scorer import score_drive
from .asked import AskedScores, bag_of, scored_drive
from .scored import ScoredDrive


def score_bag(source: Path, asked: AskedScores) -> ScoredDrive:
    """Score the drive of a bag, or of a run's folder that holds one.

    InputError for a bag without an ego, or without its size.
    """
    drive = scored_drive(source)
    context = asked.context(drive.route, drive.xodr)
    report = score_drive(drive.states, context, asked.names, str(source))
    path = np.array([state.ego.box.map_from_box[:2, 3] for state in drive.states])
    states = {state.stamp_ns: state for state in drive.states}
    return ScoredDrive(report, path, drive.route, context.opendrive, states, drive.base_from_link)


def scores_folder(source: Path) -> Path:
    """Return where the scores of a bag are written: beside it."""
    return bag_of(source).parent / "scores"
