"""Score the drive in a bag."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...core.run_contract.topics import TOPICS
from ...evaluation.scores.plans import Plans
from ...evaluation.scores.records import ScoreReport
from ...evaluation.scores.scorer import score_drive
from ...recording import BagReader
from .asked import AskedScores, bag_of, scored_drive
from .scored import ScoredDrive
from .write import folder_of_scores


def score_bag(source: Path, asked: AskedScores, known: ScoreReport | None = None) -> ScoredDrive:
    """Score the drive of a bag, or of a run's folder that holds one.

    * known: its scores, where they were computed while it was driven; the rest is read.

    InputError for a bag without an ego, or without its size.
    """
    drive = scored_drive(source)
    context = asked.context(drive.route, drive.xodr)
    if known is None:
        stamps_ns = np.array([state.stamp_ns for state in drive.states], np.int64)
        driven = np.array([state.ego.map_from_base[:2, 3] for state in drive.states])
        plans = _plans(source).figures(stamps_ns, driven)
        known = score_drive(drive.states, context, asked.names, str(source))
        known = known.model_copy(update={"plans": plans})
    path = np.array([state.ego.box.map_from_box[:2, 3] for state in drive.states])
    states = {state.stamp_ns: state for state in drive.states}
    return ScoredDrive(known, path, drive.route, context.opendrive, states, drive.base_from_link)


def scores_folder(source: Path) -> Path:
    """Return where the scores of a bag are written: beside it."""
    return folder_of_scores(bag_of(source).parent)


def _plans(source: Path) -> Plans:
    """Return the plans in a bag, whatever namespace they are in."""
    row, plans = TOPICS["plan"], Plans()
    with BagReader(bag_of(source)) as bag:
        topics = [s.topic for s in bag.streams() if s.messages and s.type == row.type]
        for _, _, message in bag.messages([t for t in topics if f"/{t}".endswith(f"/{row.name}")]):
            plans.add(message)
    return plans
