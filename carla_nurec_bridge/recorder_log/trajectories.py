"""The way of every actor of a recording, as poses in the right-handed map frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.frames import mirror_vector, rotation_from_rpy
from .layouts import PacketKind
from .log import Log
from .records import EventAdd, RecordedPhysics

CM_PER_M = 100.0


@dataclass(frozen=True)
class Track:
    """An actor's way: ``times_s`` (N,) of the recording and ``map_from_actor`` (N, 4, 4).

    The actor frame is x forward, y left, z up at CARLA's actor origin. ``frames`` (N,) are indices
    of ``Log.frames``. ``size_m`` (length, width, height) and ``actor_from_box`` (4, 4), the
    frame of the box's centre, come from the recording's bounding boxes; None when it holds none.
    """

    actor_id: int
    event: EventAdd
    times_s: NDArray[np.float64] = field(repr=False)
    map_from_actor: NDArray[np.float64] = field(repr=False)
    frames: NDArray[np.int64] = field(repr=False)
    size_m: tuple[float, float, float] | None
    actor_from_box: NDArray[np.float64] | None = field(repr=False)
    physics: RecordedPhysics | None = field(repr=False)


def trajectories(log: Log) -> dict[int, Track]:
    """Return the tracks of all actors with positions (vehicles, walkers, props) by recorded id.

    An actor that appears in no EventAdd is left out, as a replay does. InputError when an id is
    used again by another blueprint.
    """
    check_ids(log)
    boxes, physics = boxes_of(log), _physics(log)
    per_frame = [log.records(frame, PacketKind.POSITION) for frame in log.frames]
    records = np.concatenate(per_frame)
    indices = np.repeat(np.arange(len(per_frame)), [len(r) for r in per_frame])
    elapsed_s = np.array([frame.elapsed_s for frame in log.frames])
    poses = matrices_from_recorder(records["location"], records["rotation"])
    each_id: NDArray[np.uint32] = records["id"]
    order = np.argsort(each_id, kind="stable")
    ids, starts = np.unique(each_id[order], return_index=True)
    ends = [*starts[1:].tolist(), len(order)]
    tracks: dict[int, Track] = {}
    for actor_id, start, end in zip(ids.tolist(), starts.tolist(), ends, strict=False):
        mine = order[start:end]
        if actor_id not in log.actors:
            continue
        size_m, actor_from_box = boxes.get(actor_id, (None, None))
        tracks[actor_id] = Track(
            actor_id,
            log.actors[actor_id],
            elapsed_s[indices[mine]],
            poses[mine],
            indices[mine],
            size_m,
            actor_from_box,
            physics.get(actor_id),
        )
    return tracks


def matrices_from_recorder(
    locations_cm: NDArray[np.floating], rotations_deg: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return map_from_actor (N, 4, 4) of locations in cm and (roll, pitch, yaw) in degrees."""
    poses = np.zeros((len(locations_cm), 4, 4))
    poses[:, :3, 3] = mirror_vector(locations_cm) / CM_PER_M
    poses[:, 3, 3] = 1.0
    if len(poses):
        carla_rpy_rad = np.radians(np.asarray(rotations_deg, np.float64))
        poses[:, :3, :3] = rotation_from_rpy(carla_rpy_rad * (1.0, -1.0, -1.0))
    return poses


def check_ids(log: Log) -> None:
    """Raise InputError when an id is used again by another blueprint."""
    for frame in log.frames:
        for event in log.added(frame):
            first = log.actors[event.actor_id]
            if event.blueprint != first.blueprint:
                raise InputError(
                    f"{log.source}: id {event.actor_id} is a {first.blueprint} and, from frame "
                    f"{frame.frame_id} on, a {event.blueprint}; ids must be unique in a recording"
                )


def boxes_of(log: Log) -> dict[int, tuple[tuple[float, float, float], NDArray[np.float64]]]:
    """Return ``size_m`` and ``actor_from_box`` of each actor that has a box."""
    boxes = {}
    for frame in log.frames:
        for actor_id, origin, extent in log.records(frame, PacketKind.BOUNDING_BOX).tolist():
            length, width, height = (2.0 * float(half) / CM_PER_M for half in extent)
            # Sensors carry boxes of nan and -inf.
            if min(length, width, height) > 0.0 and np.all(np.isfinite([*origin, *extent])):
                actor_from_box = np.eye(4)
                actor_from_box[:3, 3] = mirror_vector(origin) / CM_PER_M
                boxes[actor_id] = ((length, width, height), actor_from_box)
    return boxes


def _physics(log: Log) -> dict[int, RecordedPhysics]:
    return {p.actor_id: p for frame in log.frames for p in log.physics(frame)}
