"""A recording as one table: a row for every actor with a position in every frame."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...core.frames import mirror_vector, rpy_from_rotation
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
    for frame in log.frames:
        yield from _frame_rows(log, frame)


def _frame_rows(log: Log, frame: LogFrame) -> Iterator[tuple[Any, ...]]:
    positions = log.records(frame, PacketKind.POSITION)
    poses = matrices_from_recorder(positions["location"], positions["rotation"])
    motion = {
        int(r["id"]): mirror_vector(r["linear"]) for r in log.records(frame, PacketKind.KINEMATICS)
    }
    pedals = {r[0]: r for r in log.records(frame, PacketKind.ANIM_VEHICLE).tolist()}
    lights = dict(log.records(frame, PacketKind.VEHICLE_LIGHT).tolist())
    walking = dict(log.records(frame, PacketKind.ANIM_WALKER).tolist())
    for actor_id, pose in zip(positions["id"].tolist(), poses, strict=True):
        event = log.actors.get(actor_id)
        if event is None:
            continue
        control = _NOTHING
        if actor_id in pedals:
            _, steer, throttle, brake, hand_brake, gear = pedals[actor_id]
            control = (_text(throttle), _text(brake), _text(steer), hand_brake, gear)
        velocity = motion.get(actor_id)
        yield (
            frame.frame_id,
            f"{frame.elapsed_s:.6f}",
            actor_id,
            kind_name(event.kind),
            event.blueprint,
            event.attribute("role_name") or "",
            *(f"{value:.4f}" for value in pose[:3, 3]),
            *(f"{value:.4f}" for value in np.degrees(rpy_from_rotation(pose[:3, :3]))),
            *(("", "", "") if velocity is None else (f"{value:.4f}" for value in velocity)),
            *control,
            lights.get(actor_id, ""),
            f"{walking[actor_id] / 100.0:.4f}" if actor_id in walking else "",
        )


def _text(value: float) -> str:
    return f"{value:.4f}"
