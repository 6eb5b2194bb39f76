"""Poses as files have them: sampled in time, in the map, on the globe or in earth-centred axes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import Matrix, rotation_from_quaternion, rotation_from_rpy
from ..package.model import Stamps
from .csv_table import Table

Frame = Literal["map", "wgs84", "ecef"]
Vectors = NDArray[np.float64]

STAMPS = {
    "stamp_s": Decimal(1_000_000),
    "stamp_ms": Decimal(1000),
    "stamp_us": Decimal(1),
    "stamp_ns": Decimal("0.001"),
}
POSITIONS: dict[Frame, tuple[str, str, str]] = {
    "map": ("x", "y", "z"),
    "wgs84": ("lat", "lon", "alt"),
    "ecef": ("ecef_x", "ecef_y", "ecef_z"),
}
QUATERNION = ("qx", "qy", "qz", "qw")
YAWS = ("yaw_deg", "yaw_rad", "heading_deg")
TILTS = ("pitch_deg", "pitch_rad", "roll_deg", "roll_rad")
COLUMNS = (
    *STAMPS,
    *(c for columns in POSITIONS.values() for c in columns),
    *QUATERNION,
    *YAWS,
    *TILTS,
)
RIVALS = (
    tuple({name} for name in STAMPS),
    tuple(set(names) for names in POSITIONS.values()),
    (set(QUATERNION), *({name, *TILTS} for name in YAWS)),
)
"""Columns of which a file may have one group: ways to tell the time, the place, the rotation."""
FASTEST_M_S = 150.0


@dataclass(frozen=True, eq=False)
class Samples:
    """Poses of one body: ``stamps_us`` (N,) and ``positions`` (N, 3).

    Positions are x, y, z in m of the map or of the earth's centre, or latitude, longitude in
    degrees and altitude in m above the ellipsoid (``wgs84``). ``rotations`` (N, 3, 3) take body
    axes (forward, left, up) to ``axes``: those of the map, of the earth's centre, or east, north
    and up at the place; None where a file has none. ``heights`` says whether z or alt is known.
    ``where`` names each sample for errors.
    """

    frame: Frame
    stamps_us: Stamps
    positions: Vectors
    rotations: Matrix | None
    axes: Literal["map", "enu", "ecef"]
    heights: bool
    source: str
    lines: NDArray[np.int64]

    def where(self, index: int) -> str:
        """Return the file and line of a sample."""
        return f"{self.source}: line {self.lines[index]}"


def samples_from(table: Table, rows: NDArray[np.intp] | None = None) -> Samples:
    """Return the samples in the rows (all by default) of a table with columns of ``COLUMNS``.

    InputError names the line and column of a cell, or the columns that are missing or contradict
    each other.
    """
    part = table if rows is None else _rows(table, rows)
    names = table.columns.keys()
    stamp = _one(table, "a time", tuple(STAMPS))
    frame = _frame(table)
    flat, height = POSITIONS[frame][:2], POSITIONS[frame][2]
    heights = height in names
    missing = [c for c in (*flat, *((height,) if frame == "ecef" else ())) if c not in names]
    if missing:
        raise InputError(f"{table.path} has no column {missing[0]} beside {flat[0]}")
    columns = [part.numbers(c) for c in flat]
    columns.append(part.numbers(height) if heights else np.zeros(len(part)))
    samples = Samples(
        frame,
        part.stamps_us(stamp, STAMPS[stamp]),
        np.column_stack(columns),
        _rotations(part),
        "map" if frame == "map" else "ecef" if frame == "ecef" and "qx" in names else "enu",
        heights,
        str(table.path),
        part.lines,
    )
    check(samples)
    return samples


def check(samples: Samples) -> None:
    """Raise InputError where stamps do not increase or a place is none on earth."""
    if samples.frame == "wgs84":
        bad = np.flatnonzero((np.abs(samples.positions[:, :2]) > (90.0, 360.0)).any(axis=1))
        if len(bad):
            lat, lon = samples.positions[bad[0], :2]
            raise InputError(
                f"{samples.where(int(bad[0]))}: no place on earth has lat {lat:g}, lon {lon:g}"
            )
    late = np.flatnonzero(np.diff(samples.stamps_us) <= 0)
    if len(late):
        k = int(late[0])
        raise InputError(
            f"{samples.where(k + 1)}: its time is not after that of line {samples.lines[k]}; sort "
            "the file by time and remove what is there twice"
        )


def check_speed(samples: Samples, map_from_points: Vectors) -> None:
    """Raise InputError where points (N, 3) of the map are further apart than a car drives."""
    moved_m = np.linalg.norm(np.diff(map_from_points, axis=0), axis=1)
    fast = np.flatnonzero(moved_m * 1e6 > FASTEST_M_S * np.diff(samples.stamps_us))
    if len(fast):
        k = int(fast[0])
        lasted_s = (samples.stamps_us[k + 1] - samples.stamps_us[k]) / 1e6
        raise InputError(
            f"{samples.where(k + 1)}: it is {moved_m[k]:.1f} m from line {samples.lines[k]}, "
            f"{lasted_s:g} s earlier, more than {FASTEST_M_S:g} m/s; is the unit of the times "
            "right, and that of the positions?"
        )


def _rows(table: Table, rows: NDArray[np.intp]) -> Table:
    columns = {name: [cells[i] for i in rows] for name, cells in table.columns.items()}
    return Table(table.path, columns, table.lines[rows])


def _frame(table: Table) -> Frame:
    found: list[Frame] = [f for f, columns in POSITIONS.items() if columns[0] in table.columns]
    if len(found) != 1:
        has = "none" if not found else " and ".join(POSITIONS[f][0] for f in found)
        raise InputError(
            f"{table.path} needs positions as x y [z], lat lon [alt] or ecef_x ecef_y ecef_z; it "
            f"has {has}. Its columns: {', '.join(table.columns)}; --columns lat=NAME,lon=NAME (or "
            "x=, ecef_x=, ...) names those that count"
        )
    return found[0]


def _one(table: Table, what: str, names: tuple[str, ...]) -> str:
    found = [name for name in names if name in table.columns]
    if len(found) != 1:
        has = " and ".join(found) or "none"
        raise InputError(
            f"{table.path} needs {what} as one of {', '.join(names)}; it has {has}. Its columns: "
            f"{', '.join(table.columns)}; --columns {names[0]}=NAME names the one that counts"
        )
    return found[0]


def _rotations(table: Table) -> Matrix | None:
    names = table.columns.keys()
    turned = [name for name in YAWS if name in names]
    if QUATERNION[0] in names:
        if turned:
            raise InputError(f"{table.path} has both qx and {turned[0]}; leave one of them out")
        missing = [c for c in QUATERNION if c not in names]
        if missing:
            raise InputError(f"{table.path} has no column {missing[0]} beside qx")
        xyzw = np.column_stack([table.numbers(c) for c in QUATERNION])
        zero = np.flatnonzero(np.linalg.norm(xyzw, axis=1) < 1e-6)
        if len(zero):
            raise table.fail(int(zero[0]), "qw", "the quaternion has no length; remove the row")
        return rotation_from_quaternion(xyzw)
    if not turned:
        return None
    yaw = _angle(table, _one(table, "a yaw", YAWS))
    pitch, roll = (
        next((_angle(table, n) for n in TILTS if n.startswith(kind) and n in names), yaw * 0.0)
        for kind in ("pitch", "roll")
    )
    return np.array([rotation_from_rpy(rpy) for rpy in zip(roll, pitch, yaw, strict=True)])


def _angle(table: Table, name: str) -> Vectors:
    """Return angles (N,) in radians, headings (clockwise from north) turned into yaws."""
    values = table.numbers(name)
    if name == "heading_deg":
        values = 90.0 - values
    return values if name.endswith("_rad") else np.radians(values)
