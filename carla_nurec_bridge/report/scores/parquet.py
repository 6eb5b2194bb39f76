"""Scores as Parquet: a row for each tick, a column for each part of a score."""

from __future__ import annotations

import io
from types import ModuleType

from ...core.errors import InputError
from ...core.run_contract.timebase import NS_PER_S
from ...evaluation.scores.records import ScoreReport

METADATA_KEY = b"carla_nurec_scores"
"""Where the file's metadata has the scores as JSON, as ``scores.json`` without the ticks."""


def check_parquet(wanted_by: str) -> None:
    """Raise InputError where Parquet cannot be written; ``wanted_by`` says who asked for it."""
    try:
        _pyarrow()
    except ImportError as error:
        raise InputError(
            f"{wanted_by} needs pyarrow, which is not installed: "
            "pip install 'carla_nurec_bridge[parquet]'"
        ) from error


def scores_parquet(report: ScoreReport) -> bytes:
    """Return the file: ``stamp_ns`` (int64), ``time_s`` since the first tick, SCORE.PART (float64).

    What is not known at a tick is null there.
    """
    pa = _pyarrow()
    stamps = report.stamps_ns
    columns = {
        "stamp_ns": pa.array(stamps, pa.int64()),
        "time_s": pa.array([(stamp - stamps[0]) / NS_PER_S for stamp in stamps], pa.float64()),
        **{name: pa.array(values, pa.float64()) for name, values in report.series.items()},
    }
    told = report.model_dump_json(exclude={"stamps_ns", "series"}).encode()
    table = pa.table(columns).replace_schema_metadata({METADATA_KEY: told})
    written = io.BytesIO()
    pa.parquet.write_table(table, written, compression="zstd")
    return written.getvalue()


def _pyarrow() -> ModuleType:
    import pyarrow
    import pyarrow.parquet

    return pyarrow
