"""Spawn points listed beside a map file, so that their numbers are those of CARLA's own map."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import InputError

SUFFIX = ".spawn_points.csv"
_PLACE = ("x", "y", "z")
_TURN = ("pitch", "yaw", "roll")
_BARE = ("index", *_PLACE)
_KNOWN = ("index", *_PLACE, *_TURN)


@dataclass(frozen=True)
class ListedSpawn:
    """A spawn point in CARLA's axes, metres and degrees; without ``yaw`` it looks down its lane."""

    x: float
    y: float
    z: float
    pitch: float = 0.0
    yaw: float | None = None
    roll: float = 0.0


def read_spawn_list(path: Path) -> tuple[ListedSpawn, ...]:
    """Read a table with the columns x, y, z and, if it has them, pitch, yaw, roll and index.

    Without a line of names they are index, x, y, z, as CARLA's ``util/extract_spawn_points.py``
    writes them. Rows keep their order. InputError when the file is none, with the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            named = _is_named(file.readline())
            file.seek(0)
            rows = csv.DictReader(file, None if named else _BARE, skipinitialspace=True)
            columns = [name.strip().lower() for name in rows.fieldnames or ()]
            _check_columns(path, columns)
            rows.fieldnames = columns
            return tuple(_spawn(path, rows.line_num, row) for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"the spawn points of {path} cannot be read: {error}") from None


def _is_named(line: str) -> bool:
    """Say whether a first line holds names, not the numbers of a bare row."""
    parts = line.split(",")
    try:
        return len([float(part) for part in parts]) != len(_BARE)
    except ValueError:
        return True


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = [name for name in _PLACE if name not in columns]
    unknown = [name for name in columns if name not in _KNOWN]
    if missing or unknown:
        raise InputError(
            f"the first line of {path} must name the columns x,y,z and may name pitch,yaw,roll and "
            f"index; it is '{','.join(columns)}'"
        )


def _spawn(path: Path, line: int, row: dict[str, str | None]) -> ListedSpawn:
    if None in row:
        raise InputError(f"line {line} of {path} is no spawn point: more values than columns")
    try:
        values = {name: float(row[name] or "") for name in (*_PLACE, *_TURN) if name in row}
    except ValueError as error:
        raise InputError(f"line {line} of {path} is no spawn point: {error}") from None
    if not all(math.isfinite(value) for value in values.values()):
        raise InputError(f"line {line} of {path} is no spawn point: a number is not finite")
    return ListedSpawn(**values)
