"""Score a run that has ended, whatever state it was left in."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import BridgeError
from ..core.files.reasons import reason_of
from ..evaluation.scores.records import ScoreReport
from ..report.scores.asked import AskedScores
from ..report.scores.of_bag import score_bag, scores_folder
from ..report.scores.seen import look
from ..report.scores.write import read_scores, write_score_table, write_scores


def score_run(
    run_dir: Path, names: tuple[str, ...], *, pages: bool = True, anew: bool = True
) -> tuple[ScoreReport | None, str]:
    """Score the bag of a run beside it; return the scores, or None and why there are none.

    * names: which scores, all without any.
    * pages: with tables and pictures for people; else ``scores.json`` alone.
    * anew: else scores that are there, of closed_loop_eval, are taken as they are.
    """
    folder = scores_folder(run_dir)
    try:
        known = None if anew else read_scores(run_dir)
        scored = score_bag(run_dir, AskedScores(names), known)
        seen = look(run_dir, scored) if pages else None
    except BridgeError as error:
        return None, str(error)
    except OSError as error:
        return None, f"cannot read {error.filename or run_dir}: {error.strerror}"
    try:
        if seen is None:
            write_score_table(folder, scored.report)
        else:
            write_scores(folder, scored, seen)
    except OSError as error:
        return None, f"cannot write {folder}: {reason_of(error, folder)}"
    return scored.report, ""
