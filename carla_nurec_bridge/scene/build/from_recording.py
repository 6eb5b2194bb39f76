"""Building a scene package from an OpenDRIVE map, a CARLA recording and a sensor rig."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ...core.errors import InputError
from ...core.frames import Matrix, invert
from ...core.rig.rig import Rig
from ...opendrive.reading.files import map_name, read_opendrive
from ...recorder_log.log import Log
from ...recorder_log.reader import read_log
from ...recorder_log.trajectories import Track, trajectories
from ...world.states import EgoBox
from ..geodesy import geo_reference
from ..package.model import Scene, Stamps
from .assembling import (
    GaussianSource,
    Journey,
    RoadUser,
    assemble,
    rig_cameras,
    rig_lidars,
    with_jumps,
)
from .base_link import actor_from_base
from .road_user_classes import (
    appearance_of,
    box_of,
    label_of,
    track_ids,
)

_US_PER_S = 1_000_000


def build_scene(
    map_path: Path | str,
    log_path: Path | str,
    rig: Rig,
    out: Path | str,
    *,
    ego_id: int | None = None,
    epoch_us: int | None = None,
    gaussians: GaussianSource | None = None,
) -> Scene:
    """Write the scene package of a recording and return its scene.

    The ego is the actor whose role_name is hero, or ``ego_id``; every other vehicle and walker
    becomes a controllable track. Stamps are ``epoch_us`` plus the recording's time; the epoch is
    the recording's date unless given. The world is the first rig pose; ``gaussians`` gives those
    that go into the package. InputError: the map or recording cannot be read, they do not belong
    together, or no single ego is found.
    """
    map_path, log_path, out = Path(map_path), Path(log_path), Path(out)
    xodr = read_opendrive(map_path)
    log = read_log(log_path)
    _check_map(log, map_name(map_path))
    if epoch_us is None:
        epoch_us = log.date_s * _US_PER_S
    if epoch_us <= 0:
        raise InputError(f"{log_path} bears the date {log.date_s} s; give the epoch yourself")
    tracks = {i: track for i, track in trajectories(log).items() if track.event.moves}
    ego = _ego(log, tracks, ego_id)
    size_m, ego_from_box = box_of(ego)
    ego_from_base = actor_from_base(ego, size_m[0])
    x, y, z = (invert(ego_from_base) @ ego_from_box)[:3, 3]
    end_us = epoch_us + round(log.total_s * _US_PER_S)
    stamps, map_from_ego = _trajectory(ego, epoch_us)
    trajectory = _held(stamps, map_from_ego @ ego_from_base, epoch_us, end_us)
    names = track_ids(track.event for track in tracks.values() if track is not ego)
    journey = Journey(
        _scene_id(log, xodr, tracks, ego, rig, epoch_us),
        (epoch_us, end_us + 1),
        *trajectory,
        tuple(_road_user(tracks[actor_id], name, epoch_us) for actor_id, name in names.items()),
        rig_cameras(rig, epoch_us, end_us),
        rig_lidars(rig),
        xodr,
        geo_reference(xodr, str(map_path)),
        (log.note,) if log.note else (),
        EgoBox(size_m, (float(x), float(y), float(z))),
    )
    return assemble(journey, out, gaussians=gaussians)


def ego_of_recording(log: Log) -> tuple[Stamps, Matrix]:
    """Return when (us of the recording) and where in the map base_link of the hero was."""
    tracks = {i: track for i, track in trajectories(log).items() if track.event.moves}
    ego = _ego(log, tracks, None)
    stamps, map_from_ego = _trajectory(ego, 0)
    return stamps, map_from_ego @ actor_from_base(ego, box_of(ego)[0][0])


def _check_map(log: Log, name: str) -> None:
    recorded = log.map_name.rpartition("/")[2]
    if recorded != name:
        raise InputError(
            f"{log.source} was recorded in {recorded}, the map file is of {name}; give the map "
            f"of the recording, in a file {recorded}.xodr"
        )


def _ego(log: Log, tracks: dict[int, Track], ego_id: int | None) -> Track:
    vehicles = ", ".join(
        f"{i} ({t.event.blueprint}, {t.event.attribute('role_name')})" for i, t in tracks.items()
    )
    if ego_id is not None:
        if ego_id not in tracks:
            raise InputError(f"{log.source} has no moving actor {ego_id}; it has {vehicles}")
        return tracks[ego_id]
    heroes = [track for track in tracks.values() if track.event.is_hero]
    if len(heroes) != 1:
        raise InputError(
            f"{log.source} has {len(heroes)} actors with the role_name hero; name the ego by its "
            f"id, one of {vehicles or 'none at all'}"
        )
    return heroes[0]


def _trajectory(track: Track, epoch_us: int) -> tuple[Stamps, Matrix]:
    """Return stamps (N,) and poses (N, 4, 4) of an actor; a teleport takes one microsecond."""
    stamps = epoch_us + np.round(track.times_s * _US_PER_S).astype(np.int64)
    new = np.concatenate([[True], np.diff(stamps) > 0])
    return with_jumps(stamps[new], track.map_from_actor[new])


def _held(stamps: Stamps, poses: Matrix, start_us: int, end_us: int) -> tuple[Stamps, Matrix]:
    """Stand still before the first and after the last pose, so that the whole time is covered."""
    if stamps[0] > start_us:
        stamps, poses = np.insert(stamps, 0, start_us), np.insert(poses, 0, poses[0], axis=0)
    if stamps[-1] < end_us:
        stamps, poses = np.append(stamps, end_us), np.append(poses, poses[-1:], axis=0)
    return stamps, poses


def _road_user(track: Track, name: str, epoch_us: int) -> RoadUser:
    size_m, actor_from_box = box_of(track)
    stamps, map_from_actor = _trajectory(track, epoch_us)
    label, appearance = label_of(track.event), appearance_of(track.event)
    map_from_box = map_from_actor @ actor_from_box
    return RoadUser(name, label, size_m, stamps, map_from_box, appearance=appearance)


def _scene_id(
    log: Log, xodr: str, tracks: dict[int, Track], ego: Track, rig: Rig, epoch_us: int
) -> str:
    """Return a name that equal input gives again: the map's, and a hash of all that counts.

    The recording's bytes are not hashed: they hold the time of day.
    """
    digest = hashlib.sha256(xodr.encode())
    digest.update(f"{ego.actor_id} {rig.name} {epoch_us}".encode())
    for actor_id, track in tracks.items():
        digest.update(f"{actor_id} {track.event.blueprint}".encode())
        digest.update(track.times_s.tobytes() + track.map_from_actor.tobytes())
    return f"{log.map_name.rpartition('/')[2]}-{digest.hexdigest()[:12]}"
