"""Trajectory files: CSV, TUM, and the arrays of a comma2k19 segment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import rotation_from_quaternion
from .csv_table import Table, read_columns, read_csv
from .samples import (
    COLUMNS,
    RIVALS,
    Samples,
    check,
    samples_from,
)

TrajectoryFormat = Literal["auto", "csv", "tum", "tum-ecef", "comma2k19"]

_TUM = ("stamp_s", "x", "y", "z", "qx", "qy", "qz", "qw")
_TUM_ECEF = ("stamp_s", "ecef_x", "ecef_y", "ecef_z", "qx", "qy", "qz", "qw")
_FLU_FROM_FRD = np.diag([1.0, -1.0, -1.0])
_ARRAYS = {"times": (), "positions": (3,), "orientations": (4,)}


def read_trajectory(
    path: Path, kind: TrajectoryFormat = "auto", columns: Mapping[str, str] | None = None
) -> Samples:
    """Read the poses of one body from a file.

    ``auto`` takes a folder as ``comma2k19``, ``.csv`` and ``.tsv`` as ``csv``, and others as
    ``tum`` (stamp in s, tx ty tz in the map, qx qy qz qw; ``tum-ecef`` with earth-centred axes).
    ``columns`` gives the file's name of a column, by ours. InputError names file, line and column.
    """
    if kind == "auto":
        csv = path.suffix.lower() in (".csv", ".tsv")
        kind = "comma2k19" if path.is_dir() else "csv" if csv else "tum"
    if columns and kind != "csv":
        raise InputError(f"{path} is read as {kind}, whose columns have no names to be mapped")
    match kind:
        case "csv":
            return samples_from(renamed(read_csv(path), columns or {}, COLUMNS))
        case "tum":
            return samples_from(read_columns(path, _TUM))
        case "tum-ecef":
            return samples_from(read_columns(path, _TUM_ECEF))
        case _:
            return _comma2k19(path)


def renamed(table: Table, columns: Mapping[str, str], known: tuple[str, ...]) -> Table:
    """Return a table whose columns are called as we call them; InputError for unknown names.

    What is named rules: with ``lat`` named, a column x counts no more.
    """
    found = dict(table.columns)
    for rivals in RIVALS:
        chosen = {name for group in rivals if group & columns.keys() for name in group}
        for name in set().union(*rivals) - chosen if chosen else ():
            found.pop(name, None)
    for ours, theirs in columns.items():
        if ours not in known:
            raise InputError(f"there is no column {ours!r} to be mapped; known: {', '.join(known)}")
        if theirs not in table.columns:
            raise InputError(
                f"{table.path} has no column {theirs!r}; it has: {', '.join(table.columns)}"
            )
        found[ours] = table.columns[theirs]
    return Table(table.path, found, table.lines)


def _comma2k19(folder: Path) -> Samples:
    """Read ``frame_times``, ``frame_positions`` and ``frame_orientations`` (w first, ECEF).

    The device's axes are forward, right, down.
    """
    arrays = {name: _array(folder, name, shape) for name, shape in _ARRAYS.items()}
    if len({len(a) for a in arrays.values()}) != 1:
        sizes = ", ".join(f"{len(a)} {name}" for name, a in arrays.items())
        raise InputError(f"{folder}: its arrays are not of one length: {sizes}")
    wxyz = arrays["orientations"]
    if np.any(np.linalg.norm(wxyz, axis=1) < 1e-6):
        raise InputError(f"{folder}: frame_orientations holds a quaternion of no length")
    stamps = np.round(arrays["times"] * 1e6).astype(np.int64)
    samples = Samples(
        "ecef",
        stamps,
        arrays["positions"],
        rotation_from_quaternion(wxyz[:, [1, 2, 3, 0]]) @ _FLU_FROM_FRD,
        "ecef",
        True,
        str(folder),
        np.arange(1, len(stamps) + 1),
    )
    check(samples)
    return samples


def _array(folder: Path, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    found = [p for p in sorted(folder.iterdir()) if p.stem.endswith(f"frame_{name}")]
    if len(found) != 1:
        raise InputError(
            f"{folder} holds {len(found)} arrays called frame_{name}; a comma2k19 pose folder "
            f"holds one each of frame_{', frame_'.join(_ARRAYS)}"
        )
    try:
        array = np.load(found[0], "r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{found[0]} is not a NumPy array: {error}") from error
    fits = isinstance(array, np.ndarray) and np.issubdtype(array.dtype, np.floating)
    if not fits or array.shape[1:] != shape or not len(array) or not np.isfinite(array).all():
        raise InputError(f"{found[0]} is not a finite array of shape {('N', *shape)}")
    return np.asarray(array, np.float64)
