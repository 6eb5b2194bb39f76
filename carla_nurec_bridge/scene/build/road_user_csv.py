"""Other road users of a trajectory, from one CSV file of all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...world.states import Appearance, Size
from ..package.label_classes import LABELS
from ..package.model import CONTROLLABLE_FLAGS
from .csv_table import Table, read_csv
from .road_user_classes import usual_size
from .samples import COLUMNS, Samples, samples_from
from .trajectory_file import renamed

SIZES = ("length", "width", "height")
USER_COLUMNS = (*COLUMNS, "id", "class", *SIZES, "blueprint", "colour", "flags")
_LONGEST_M = 100.0


@dataclass(frozen=True, eq=False)
class UserSamples:
    """The samples of one road user: poses of its box's centre, and what it is."""

    track_id: str
    label_class: str
    size_m: Size
    samples: Samples
    flags: str
    appearance: Appearance | None


def read_users(path: Path, columns: Mapping[str, str] | None = None) -> list[UserSamples]:
    """Read a CSV file with a row for each road user and time, in the order in which they appear.

    Beside the columns of a trajectory it has ``id`` and may have ``class`` (NuRec's label class,
    automobile by default), ``length``, ``width``, ``height`` in m (usual ones by default),
    ``blueprint`` (CARLA's), ``colour`` (#RRGGBB), and ``flags``. These are taken from each
    one's first row. InputError names the line and column.
    """
    table = renamed(read_csv(path), columns or {}, USER_COLUMNS)
    if "id" not in table.columns:
        raise InputError(
            f"{path} has no column id, which tells road users apart; it has: "
            f"{', '.join(table.columns)}; --track-columns id=NAME names another"
        )
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(table.columns["id"]):
        if not name:
            raise table.fail(row, "id", "it is empty; name the road user")
        rows.setdefault(name, []).append(row)
    return [_user(table, name, np.array(mine, np.intp)) for name, mine in rows.items()]


def _user(table: Table, name: str, rows: NDArray[np.intp]) -> UserSamples:
    first = int(rows[0])
    label = _cell(table, "class", first, "automobile")
    if label not in LABELS:
        raise table.fail(first, "class", f"{label!r} is not one of {', '.join(LABELS)}")
    blueprint = _cell(table, "blueprint", first, "")
    colour = _colour(table, first)
    return UserSamples(
        name,
        label,
        _size(table, first, label, blueprint),
        samples_from(table, rows),
        _cell(table, "flags", first, CONTROLLABLE_FLAGS),
        Appearance(blueprint, colour) if blueprint or colour else None,
    )


def _colour(table: Table, row: int) -> tuple[int, int, int] | None:
    text = _cell(table, "colour", row, "")
    if not text:
        return None
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise table.fail(row, "colour", f"{text!r} is not a colour; write it as #b41e20")
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _cell(table: Table, name: str, row: int, default: str) -> str:
    return table.columns[name][row] or default if name in table.columns else default


def _size(table: Table, row: int, label: str, blueprint: str) -> Size:
    size_m = list(usual_size(label, blueprint))
    for k, name in enumerate(SIZES):
        text = _cell(table, name, row, "")
        if text:
            size_m[k] = table.number(name, row)
            if not 0.0 < size_m[k] <= _LONGEST_M:
                raise table.fail(row, name, f"{text!r} is not between 0 and {_LONGEST_M:g} m")
    return size_m[0], size_m[1], size_m[2]
