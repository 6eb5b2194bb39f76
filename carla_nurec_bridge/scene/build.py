"""Building a scene package from an OpenDRIVE map, a CARLA recording and a sensor rig."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..core.errors import InputError
from ..core.frames import Matrix, invert
from ..core.rig import Rig, RigCamera
from ..core.shutter import Shutter
from ..opendrive.reading import map_name, read_opendrive
from ..recorder_log.log import Log
from ..recorder_log.reader import read_log
from ..recorder_log.trajectories import Track, trajectories
from .base_link import actor_from_base
from .geodesy import ecef_from_enu, geo_reference
from .model import RigTrajectory, Scene, SceneCamera, SceneTrack, Stamps
from .road_users import box_of, label_of, look_of, track_ids
from .surface import street_surfaces
from .writing import write_scene

TELEPORT_M_S = 100.0
_US_PER_S = 1_000_000
_log = logging.getLogger(__name__)


def build_scene(
    map_path: Path | str,
    log_path: Path | str,
    rig: Rig,
    out: Path | str,
    *,
    ego_id: int | None = None,
    epoch_us: int | None = None,
) -> Scene:
    """Write the scene package of a recording and return its scene.

    The ego is the actor whose role_name is hero, or ``ego_id``; every other vehicle and walker
    becomes a controllable track. Stamps are ``epoch_us`` plus the recording's time; the epoch is
    the recording's date unless given. The world is the first rig pose. InputError: the map or
    recording cannot be read, they do not belong together, or no single ego is found.
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
    size_m, _ = box_of(ego)
    end_us = epoch_us + round(log.total_s * _US_PER_S)
    stamps, map_from_ego = _way(ego, epoch_us)
    map_from_rig = map_from_ego @ actor_from_base(ego, size_m[0])
    place = geo_reference(xodr, str(map_path))
    map_from_world = map_from_rig[0]
    world_from_map = invert(map_from_world)
    trajectory = _held(RigTrajectory(stamps, world_from_map @ map_from_rig), epoch_us, end_us)
    names = track_ids(track.event for track in tracks.values() if track is not ego)
    scene_id = _scene_id(log, xodr, tracks, ego, rig, epoch_us)
    scene = Scene(
        out,
        scene_id,
        scene_id,
        (epoch_us, end_us + 1),
        trajectory,
        tuple(_camera(c, epoch_us, end_us) for c in rig.cameras if c.source == "nurec"),
        tuple(
            _track(tracks[actor_id], name, world_from_map, epoch_us)
            for actor_id, name in names.items()
        ),
        tuple(lidar.name for lidar in rig.lidars if lidar.source == "nurec"),
        ecef_from_enu(place) @ map_from_world,
        map_from_world,
        place,
        xodr,
        (log.note,) if log.note else (),
    )
    # Imported here: it brings numba along, which those who only read scenes need not load.
    from ..opendrive.street import cached_street

    write_scene(out, scene, street_surfaces(cached_street(xodr), world_from_map))
    return scene


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


def _way(track: Track, epoch_us: int) -> tuple[Stamps, Matrix]:
    """Return stamps (N,) and poses (N, 4, 4) of an actor; a teleport takes one microsecond."""
    stamps = epoch_us + np.round(track.times_s * _US_PER_S).astype(np.int64)
    new = np.concatenate([[True], np.diff(stamps) > 0])
    stamps, poses = stamps[new], track.map_from_actor[new]
    moved_m = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
    lasted_us = np.diff(stamps)
    jumps = np.flatnonzero((moved_m * _US_PER_S > TELEPORT_M_S * lasted_us) & (lasted_us > 1))
    stamps = np.insert(stamps, jumps + 1, stamps[jumps + 1] - 1)
    return stamps, np.insert(poses, jumps + 1, poses[jumps], axis=0)


def _held(way: RigTrajectory, start_us: int, end_us: int) -> RigTrajectory:
    """Stand still before the first and after the last pose, so that the whole time is covered."""
    stamps, poses = way.stamps_us, way.world_from_rig
    if stamps[0] > start_us:
        stamps, poses = np.insert(stamps, 0, start_us), np.insert(poses, 0, poses[0], axis=0)
    if stamps[-1] < end_us:
        stamps, poses = np.append(stamps, end_us), np.append(poses, poses[-1:], axis=0)
    return replace(way, stamps_us=stamps, world_from_rig=poses)


def _camera(camera: RigCamera, start_us: int, end_us: int) -> SceneCamera:
    """Return a camera with one frame for each of its periods; a frame's stamp is its close."""
    open_us = 0 if camera.shutter is Shutter.GLOBAL else round(camera.shutter_s * _US_PER_S)
    frames = int((end_us - start_us) * camera.rate_hz / _US_PER_S)
    close = start_us + np.round(np.arange(1, frames + 1) * _US_PER_S / camera.rate_hz)
    close = close.astype(np.int64)
    stamps = np.stack([np.maximum(close - open_us, start_us), close], axis=1)
    return SceneCamera(
        camera.logical_id, camera.model, camera.rig_from_camera, camera.shutter, stamps
    )


def _track(track: Track, name: str, world_from_map: Matrix, epoch_us: int) -> SceneTrack:
    size_m, actor_from_box = box_of(track)
    stamps, map_from_actor = _way(track, epoch_us)
    poses = world_from_map @ map_from_actor @ actor_from_box
    label = label_of(track.event)
    return SceneTrack(name, label, size_m, stamps, poses, look=look_of(track.event))


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
