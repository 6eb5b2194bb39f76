"""What `cosmos controls` prints and leaves behind about a capture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ...core.timings import Timings
from ...cosmos.clip.capture_report import write_capture_report
from ...cosmos.clip.clip import ClipDone
from ..log.tables import table

_MOST_ROWS = 12


def tell(
    console: Console, output: Path, clips: Sequence[ClipDone], timings: Timings, total_s: float
) -> None:
    """Print stages, streams and agreement; write report.json beside the clips."""
    frames = max((file.frames for clip in clips for file in clip.files), default=0)
    stages = table(f"{frames} frames", ("stage",), ("ms a frame", "longest ms", "s in all"))
    for stage, figures in timings.summary().items():
        each = 1000.0 * figures.total_s / max(frames, 1)
        stages.add_row(stage, f"{each:.1f}", f"{figures.max_ms:.0f}", f"{figures.total_s:.1f}")
    console.print(stages)
    for clip in clips:
        console.print(_streams(clip))
        if clip.agreement:
            console.print(_agreement(clip.agreement))
    console.print(f"{frames} frames of {len(clips)} cameras in {total_s:.1f} s of wall time")
    for clip in clips:
        console.print(f"  {clip.directory}", soft_wrap=True)
    write_capture_report(output, clips, timings, total_s)


def _streams(clip: ClipDone) -> Any:
    shown = table(
        f"{clip.camera}", ("stream", "file"), ("frames", "MB", "make, CPU ms", "encode, CPU ms")
    )
    for file in clip.files:
        shown.add_row(
            file.kind,
            file.name,
            str(file.frames),
            f"{file.size / 1e6:.2f}",
            f"{file.convert_ms:.1f}",
            f"{file.encode_ms:.1f}",
        )
    return shown


def _agreement(rows: Sequence[Mapping[str, Any]]) -> Any:
    shown = table(
        "masks against projected boxes",
        ("id", "class"),
        ("frames", "lowest IoU", "middle IoU", "least part inside"),
    )
    for row in sorted(rows, key=lambda row: -row["frames"])[:_MOST_ROWS]:
        shown.add_row(
            str(row["id"]),
            row["label"],
            str(row["frames"]),
            f"{row['iou_min']:.3f}",
            f"{row['iou_median']:.3f}",
            f"{row['inside_min']:.3f}",
        )
    return shown
