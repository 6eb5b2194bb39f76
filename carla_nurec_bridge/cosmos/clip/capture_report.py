"""What came of a capture, in the file beside its clips."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ...core.run_contract.record import table_of
from ...core.timings import Timings
from .check import REPORT
from .clip import ClipDone


def write_capture_report(
    output: Path, clips: Sequence[ClipDone], timings: Timings, total_s: float
) -> None:
    """Write report.json beside the clips: wall time, stages, files, agreement with the labels."""
    content = {
        "wall_s": round(total_s, 3),
        "stages": table_of(timings.summary()),
        "clips": [
            {
                "camera": clip.camera,
                "directory": clip.directory.name,
                "streams": {
                    file.kind: {
                        **file.to_json(),
                        "make_cpu_ms": file.convert_ms,
                        "encode_cpu_ms": file.encode_ms,
                    }
                    for file in clip.files
                },
                "agreement": list(clip.agreement),
            }
            for clip in clips
        ],
    }
    path = output / REPORT
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
