"""Write the report of a suite."""

from __future__ import annotations

from pathlib import Path

from ...core.files.whole import write_whole
from .markdown import sweep_markdown
from .page import sweep_page
from .values import SweepReport


def write_sweep_report(folder: Path, report: SweepReport) -> tuple[Path, ...]:
    """Write report.json, .md and .html into a folder; return their paths.

    Equal runs give equal bytes.
    """
    contents = {
        "report.json": report.model_dump_json(indent=1) + "\n",
        "report.md": sweep_markdown(report),
        "report.html": sweep_page(report),
    }
    for name, text in contents.items():
        write_whole(folder / name, text.encode())
    return tuple(folder / name for name in contents)
