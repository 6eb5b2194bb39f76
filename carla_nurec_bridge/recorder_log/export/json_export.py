"""A recording as JSON: every packet of every frame, with the file's own units and axes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..layouts import NUMBERS, RECORDS, PacketKind
from ..log import Log
from ..packets import LogFrame

UNITS = (
    "CARLA's left-handed world; location, origin, extent in cm, rotation (roll, pitch, yaw) in "
    "degrees, linear in m/s, angular in deg/s, walker speed in cm/s, times in s"
)


_MOST_BYTES = 1 << 20


def write_json(log: Log, path: Path) -> None:
    """Write a recording as a JSON file of ``json_lines``."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json_lines(log))


def json_lines(log: Log) -> Iterator[str]:
    """Yield a JSON document of the recording piece by piece, one frame a line.

    Numbers that JSON lacks (nan, inf) become null; packets of unknown kind keep their bytes in
    hex, above a megabyte only their size. InputError when a packet contradicts its own size.
    """
    head: dict[str, Any] = {
        "format": "carla_recorder",
        "version": log.version,
        "map": log.map_name,
        "date_s": log.date_s,
        "duration_s": log.total_s,
        "note": log.note,
        "units": UNITS,
    }
    yield json.dumps(head)[:-1] + ', "frames": [\n'
    for number, frame in enumerate(log.frames):
        yield (",\n" if number else "") + json.dumps(_frame(log, frame), allow_nan=False)
    yield "\n]}\n"


def _frame(log: Log, frame: LogFrame) -> dict[str, Any]:
    kinds = dict.fromkeys(log.kinds.get(p.number, p.number) for p in frame.packets)
    inner = [k for k in kinds if k not in (PacketKind.FRAME_START, PacketKind.FRAME_END)]
    return {
        "id": frame.frame_id,
        "time_s": frame.elapsed_s,
        "duration_s": frame.duration_s,
        "packets": [_packet(log, frame, kind) for kind in inner],
    }


def _packet(log: Log, frame: LogFrame, kind: int) -> dict[str, Any]:
    if kind in RECORDS:
        known = PacketKind(kind)
        return {"kind": known.name, "records": _rows(log.records(frame, known))}
    if kind in NUMBERS:
        known = PacketKind(kind)
        return {"kind": known.name, "value": _plain(log.number(frame, known))}
    if kind in _VARYING:
        rows = [_plain(asdict(record)) for record in _VARYING[kind](log, frame)]
        return {"kind": PacketKind(kind).name, "records": rows}
    found = [p for p in frame.packets if p.number == kind]
    small = [p for p in found if p.size <= _MOST_BYTES]
    left_out = [p.size for p in found if p.size > _MOST_BYTES]
    bodies = [log.data[p.offset : p.offset + p.size].hex() for p in small]
    return {"kind": kind, "bytes": bodies} | ({"left_out_bytes": left_out} if left_out else {})


def _rows(records: NDArray[Any]) -> list[dict[str, Any]]:
    names = records.dtype.names or ()
    columns = [_column(records[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(values: NDArray[Any]) -> list[Any]:
    whole = values.dtype.kind != "f" or np.isfinite(values).all()
    column: list[Any] = values.tolist() if whole else _plain(values.tolist())
    return column


def _plain(value: Any) -> Any:
    """Return a value of JSON: nested tuples become lists, what is no number becomes null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


_VARYING: dict[int, Callable[[Log, LogFrame], tuple[Any, ...]]] = {
    PacketKind.EVENT_ADD: Log.added,
    PacketKind.PHYSICS_CONTROL: Log.physics,
    PacketKind.VEHICLE_WHEELS: Log.wheels,
    PacketKind.WALKER_BONES: Log.bones,
}
