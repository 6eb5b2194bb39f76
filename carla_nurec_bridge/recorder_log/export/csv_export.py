"""A recording as one table: a row for every actor with a position in every frame."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...core.frames import mirror_vector, rpys_from_rotations
from ..layouts import PacketKind
from ..log import Log
from ..packets import LogFrame
from ..statistics import kind_name
from ..trajectories import matrices_from_recorder

COLUMNS = (
    "frame",
    "time_s",
    "id",
    "kind",
    "blueprint",
    "role_name",
    "x_m",
    "y_m",
    "z_m",
    "roll_deg",
    "pitch_deg",
    "yaw_deg",
    "vx_mps",
    "vy_mps",
    "vz_mps",
    "throttle",
    "brake",
    "steer",
    "hand_brake",
    "gear",
    "light_flags",
    "walk_speed_mps",
)
"""Poses and velocities are those of the actor's origin in the right-handed map (x, y, z of
OpenDRIVE); steer is CARLA's (-1 left to 1 right). What a recording lacks stays empty."""

_NOTHING: tuple[Any, ...] = ("",) * 5


def write_csv(log: Log, path: Path) -> int:
    """Write a recording as a CSV file with a head of ``COLUMNS``; return the number of rows."""
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in csv_rows(log):
            writer.writerow(row)
            rows += 1
    return rows


def csv_rows(log: Log) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of ``COLUMNS`` in order of time; actors without an EventAdd are left out."""
    words = {
        actor_id: (kind_name(event.kind), event.blueprint, event.attribute("role_name") or "")
        for actor_id, event in log.actors.items()
    }
    for frame in log.frames:
        yield from _frame_rows(log, frame, words)


def _frame_rows(
    log: Log, frame: LogFrame, words: Mapping[int, tuple[str, str, str]]
) -> Iterator[tuple[Any, ...]]:
    positions = log.records(frame, PacketKind.POSITION)
    poses = matrices_from_recorder(positions["location"], positions["rotation"])
    rpys_deg = np.degrees(rpys_from_rotations(poses[:, :3, :3]))
    numbers = np.concatenate([poses[:, :3, 3], rpys_deg], axis=1).tolist()
    kinematics = log.records(frame, PacketKind.KINEMATICS)
    speeds = mirror_vector(kinematics["linear"]).tolist()
    motion = dict(zip(kinematics["id"].tolist(), speeds, strict=True))
    pedals = {r[0]: r for r in log.records(frame, PacketKind.ANIM_VEHICLE).tolist()}
    lights = dict(log.records(frame, PacketKind.VEHICLE_LIGHT).tolist())
    walking = dict(log.records(frame, PacketKind.ANIM_WALKER).tolist())
    time_s = f"{frame.elapsed_s:.6f}"
    for actor_id, place in zip(positions["id"].tolist(), numbers, strict=True):
        if actor_id not in words:
            continue
        control = _NOTHING
        if actor_id in pedals:
            _, steer, throttle, brake, hand_brake, gear = pedals[actor_id]
            control = (_text(throttle), _text(brake), _text(steer), hand_brake, gear)
        velocity = motion.get(actor_id)
        yield (
            frame.frame_id,
            time_s,
            actor_id,
            *words[actor_id],
            *[_text(value) for value in place],
            *(("", "", "") if velocity is None else [_text(value) for value in velocity]),
            *control,
            lights.get(actor_id, ""),
            _text(walking[actor_id] / 100.0) if actor_id in walking else "",
        )


def _text(value: float) -> str:
    return f"{value:.4f}"
