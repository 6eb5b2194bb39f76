"""Write the scores of a drive: JSON, Markdown, the page, and Parquet; and read the JSON again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import ValidationError

from ...core.errors import InputError
from ...core.files.whole import write_whole
from ...evaluation.scores.records import ScoreReport
from ...opendrive.surface import pavement
from .. import paint
from .markdown import scores_markdown
from .page import scores_page
from .parquet import scores_parquet
from .scored import ScoredDrive
from .seen import SeenDrive

_WIDTH, _HEIGHT, _MARGIN_M, _SMALLEST_M = 1000, 560, 15.0, 60.0
_ROAD = (52, 57, 66)


def write_scores(
    folder: Path, scored: ScoredDrive, seen: SeenDrive, *, parquet: bool = False
) -> tuple[Path, ...]:
    """Write the files into a folder and return their paths; OSError where that is not possible."""
    report = scored.report
    table = write_score_table(folder, report)
    contents = {
        "scores.md": scores_markdown(report).encode(),
        "scores.html": scores_page(report, _drawing(scored), seen).encode(),
    }
    if parquet:
        contents["scores.parquet"] = scores_parquet(report)
    for name, data in contents.items():
        write_whole(folder / name, data)
    return (table, *(folder / name for name in contents))


def folder_of_scores(run_dir: Path) -> Path:
    """Return where the scores of a run are written."""
    return run_dir / "scores"


def write_score_table(folder: Path, report: ScoreReport) -> Path:
    """Write ``scores.json`` alone into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scores.json"
    write_whole(path, f"{report.model_dump_json(indent=1)}\n".encode())
    return path


def read_scores(run_dir: Path) -> ScoreReport | None:
    """Return the scores in a run's folder, None without any; InputError for a file that is none."""
    path = folder_of_scores(run_dir) / "scores.json"
    if not path.is_file():
        return None
    try:
        return ScoreReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        told = str(error).splitlines()[0]
        raise InputError(
            f"{path} does not hold scores ({told}); make it anew with carla-nurec eval {run_dir}"
        ) from error


def _drawing(scored: ScoredDrive) -> Image.Image:
    """Draw the roads, the route, the drive and where its infractions were."""
    path = scored.path
    low, high = path.min(axis=0) - _MARGIN_M, path.max(axis=0) + _MARGIN_M
    per_pixel = max(*((high - low) / (_WIDTH, _HEIGHT)), _SMALLEST_M / _WIDTH)
    middle = 0.5 * (low + high)
    canvas = paint.Canvas(_WIDTH, _HEIGHT, (float(middle[0]), float(middle[1])), float(per_pixel))
    if scored.opendrive is not None:
        built = pavement(scored.opendrive)
        quads = [
            s.quads()[keep] for s, keep in zip(built.strips, built.kept, strict=True) if s.paved
        ]
        corners = np.concatenate([*quads, built.fillings])[:, :, :2]
        canvas.triangles(np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]]), _ROAD)
    if scored.route is not None:
        canvas.line(scored.route[:, :2], paint.ROUTE, 3.0)
    canvas.line(path, paint.EGO, 3.5)
    for score in scored.report.scores:
        for each in score.infractions:
            canvas.dot(np.array(each.place_m[:2]), paint.CRASH, 6.0)
    return canvas.image()
