"""Opening a scene package: every member checked, every oddity named."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from ...core.cameras.models import camera_from_json
from ...core.cameras.shutter import shutter_from
from ...core.errors import InputError
from ...core.files.archive import Archive, open_archive
from ...core.frames import Matrix, invert, matrix_from_quaternion
from ...opendrive.mending import sound_map
from ...opendrive.reading.files import decode_map
from ...world.states import Appearance, EgoBox
from ..geodesy import GeoReference, ecef_from_map, geo_reference
from .model import (
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
    Stamps,
)
from .schema import (
    Calibration,
    Content,
    DataInfo,
    Metadata,
    RecordedRig,
    RigTrajectories,
    SequenceTracks,
    TrackChunk,
    parse_json,
    parse_yaml,
)

METADATA = "metadata.yaml"
DATA_INFO = "data_info.json"
RIG_TRAJECTORIES = "rig_trajectories.json"
SEQUENCE_TRACKS = "sequence_tracks.json"
MAP = "map.xodr"

MAX_JSON_BYTES = 64 << 20
MAX_YAML_BYTES = 1 << 20
_MAX_MAP_BYTES = 256 << 20
_FAR_M = 10_000.0
RIGID_TOLERANCE = 1e-3
_log = logging.getLogger(__name__)


def open_scene(path: Path | str) -> Scene:
    """Open a NuRec scene package (``.usdz``).

    ``data_info.json`` and ``rig_trajectories.json`` must be there; tracks, map and metadata may be
    missing, which ``Scene.notes`` then say. InputError names the package, the member, the field,
    and what is wrong with it.
    """
    archive = open_archive(Path(path))
    notes = list(archive.notes)
    info = _json(archive, DATA_INFO, TypeAdapter(DataInfo))
    file = _json(archive, RIG_TRAJECTORIES, TypeAdapter(RigTrajectories))
    start_us, end_us = info.pose_range.start_us, info.pose_range.end_us
    if start_us >= end_us:
        raise InputError(f"{path}: {DATA_INFO}: the pose-range [{start_us}, {end_us}) us is empty")
    rig = _recorded_rig(archive, file, info.sequence_id)
    trajectory = _trajectory(archive, rig)
    ego_box = _ego_box(rig, notes)
    cameras = tuple(
        _camera(archive, key, calibration, rig)
        for key, calibration in file.camera_calibrations.items()
        if calibration.sequence_id in (None, rig.sequence_id)
    )
    tracks = _tracks(archive, notes)
    metadata = _metadata(archive, info, notes)
    ecef_from_world = _matrix(archive, f"{RIG_TRAJECTORIES}: T_world_base", file.T_world_base)
    if file.world_to_nre is not None:
        shift = np.abs(np.array(file.world_to_nre.matrix) - np.eye(4)).max()
        if shift > 1e-9:
            notes.append("world_to_nre is not the identity; tracks are taken to be in the world")
    xodr, place = _map(archive, notes)
    map_from_world = _map_from_world(ecef_from_world, place, notes)
    return Scene(
        Path(path),
        metadata.scene_id,
        info.sequence_id,
        (start_us, end_us),
        trajectory,
        cameras,
        tracks,
        tuple(metadata.sensors.lidar_ids),
        ecef_from_world,
        map_from_world,
        place,
        xodr,
        tuple(notes),
        ego_box,
    )


def _json(archive: Archive, name: str, model: TypeAdapter[Content]) -> Content:
    return parse_json(archive.read(name, MAX_JSON_BYTES), f"{archive.path}: {name}", model)


def _metadata(archive: Archive, info: DataInfo, notes: list[str]) -> Metadata:
    if METADATA not in archive.members:
        notes.append(f"no {METADATA}: the scene is called by its sequence id")
        return Metadata(scene_id=info.sequence_id)
    data = archive.read(METADATA, MAX_YAML_BYTES)
    return parse_yaml(data, f"{archive.path}: {METADATA}", TypeAdapter(Metadata))


def _recorded_rig(archive: Archive, file: RigTrajectories, sequence_id: str) -> RecordedRig:
    rigs = file.rig_trajectories
    found = [rig for rig in rigs if rig.sequence_id == sequence_id] or rigs
    if len(found) > 1:
        names = ", ".join(rig.sequence_id for rig in rigs)
        raise InputError(
            f"{archive.path}: {RIG_TRAJECTORIES} holds the rigs {names}; "
            f"{DATA_INFO} must name one of them, not {sequence_id}"
        )
    return found[0]


def _trajectory(archive: Archive, rig: RecordedRig) -> RigTrajectory:
    what = f"{RIG_TRAJECTORIES}: T_rig_worlds"
    poses = np.array([_matrix(archive, what, pose) for pose in rig.T_rig_worlds])
    stamps = _stamps(archive, what, rig.T_rig_world_timestamps_us, len(poses))
    return RigTrajectory(stamps, poses)


def _ego_box(rig: RecordedRig, notes: list[str]) -> EgoBox | None:
    if rig.rig_bbox is None:
        return None
    size, centre = rig.rig_bbox.get("dim", []), rig.rig_bbox.get("centroid", [])
    if len(size) != 3 or len(centre) != 3 or min(size) <= 0.0:
        notes.append("rig_bbox is not a centroid and a dim of three lengths; it is left out")
        return None
    if any(abs(angle) > 1e-6 for angle in rig.rig_bbox.get("rot", [])):
        notes.append("rig_bbox is turned; its rot is left out")
    return EgoBox((size[0], size[1], size[2]), (centre[0], centre[1], centre[2]))


def _camera(archive: Archive, key: str, calibration: Calibration, rig: RecordedRig) -> SceneCamera:
    name = calibration.logical_sensor_name
    what = f"{archive.path}: {RIG_TRAJECTORIES}: camera {name}"
    try:
        model = camera_from_json(calibration.camera_model)
        parameters = calibration.camera_model["parameters"]
        shutter = shutter_from(parameters["shutter_type"])
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    except KeyError as missing:
        raise InputError(f"{what} lacks its field {missing}") from missing
    stamps = rig.cameras_frame_timestamps_us
    frames = stamps[key] if key in stamps else stamps.get(name, [])
    mount = _matrix(archive, f"camera {name}: T_sensor_rig", calibration.T_sensor_rig)
    frame_stamps = np.array(frames, np.int64).reshape(-1, 2)
    return SceneCamera(name, model, mount, shutter, frame_stamps)


def _tracks(archive: Archive, notes: list[str]) -> tuple[SceneTrack, ...]:
    if SEQUENCE_TRACKS not in archive.members:
        notes.append(f"no {SEQUENCE_TRACKS}: the scene has no other road users")
        return ()
    tracks: dict[str, SceneTrack] = {}
    for chunk_id, chunk in _json(archive, SEQUENCE_TRACKS, SequenceTracks).items():
        for track in _chunk_tracks(archive, chunk_id, chunk, notes):
            if track.track_id in tracks:
                raise InputError(
                    f"{archive.path}: {SEQUENCE_TRACKS} holds track {track.track_id} twice"
                )
            tracks[track.track_id] = track
    return tuple(tracks.values())


def _chunk_tracks(
    archive: Archive, chunk_id: str, chunk: TrackChunk, notes: list[str]
) -> list[SceneTrack]:
    data, sizes = chunk.tracks_data, chunk.cuboidtracks_data.cuboids_dims
    appearances = data.tracks_look or [None] * len(data.tracks_id)
    columns = (
        data.tracks_poses,
        data.tracks_timestamps_us,
        data.tracks_label_class,
        data.tracks_flags,
        sizes,
        appearances,
    )
    if any(len(column) != len(data.tracks_id) for column in columns):
        raise InputError(
            f"{archive.path}: {SEQUENCE_TRACKS}: the lists of {chunk_id} are not of one length: "
            f"{len(data.tracks_id)} ids, {', '.join(str(len(c)) for c in columns)}"
        )
    tracks = []
    for track_id, rows, stamps, label, flags, size_m, appearance in zip(
        data.tracks_id, *columns, strict=True
    ):
        what = f"{SEQUENCE_TRACKS}: track {track_id}"
        if not rows:
            notes.append(f"track {track_id} has no pose and is left out")
            continue
        if min(size_m) <= 0.0:
            raise InputError(f"{archive.path}: {what} has a box of {size_m} m")
        try:
            poses = np.array([matrix_from_quaternion(row[:3], row[3:]) for row in rows])
        except ValueError as error:
            raise InputError(f"{archive.path}: {what}: {error}") from error
        times = _stamps(archive, what, stamps, len(rows))
        shown = Appearance(appearance.blueprint, appearance.colour) if appearance else None
        tracks.append(SceneTrack(track_id, label, size_m, times, poses, flags, shown))
    return tracks


def _map(archive: Archive, notes: list[str]) -> tuple[str | None, GeoReference | None]:
    if MAP not in archive.members:
        notes.append(f"no {MAP}: the map frame is the scene's world")
        return None, None
    text = decode_map(archive.read(MAP, _MAX_MAP_BYTES), f"{archive.path}: {MAP}")
    sound = sound_map(text, f"{archive.path}: {MAP}")
    for note in sound.notes:
        notes.append(f"{MAP}: {note}")
        _log.warning("%s: %s: %s", archive.path, MAP, note)
    return sound.text, geo_reference(sound.text, f"{archive.path}: {MAP}")


def _map_from_world(
    ecef_from_world: Matrix, place: GeoReference | None, notes: list[str]
) -> Matrix:
    if place is None:
        return np.eye(4)
    map_from_world = invert(ecef_from_map(place)) @ ecef_from_world
    away_m = float(np.linalg.norm(map_from_world[:3, 3]))
    if away_m > _FAR_M:
        notes.append(f"the scene begins {away_m / 1000.0:.0f} km away from the map's origin")
    x, y, z = map_from_world[:3, 3]
    _log.info(
        "map from world: (%.3f, %.3f, %.3f) m; the map's origin is %s", x, y, z, place.words()
    )
    return map_from_world


def _matrix(archive: Archive, what: str, rows: Sequence[Sequence[float]]) -> Matrix:
    """Return a rigid transform; InputError when it is none (to 1e-3)."""
    matrix = np.array(rows, np.float64)
    rotation = matrix[:3, :3]
    off = np.abs(rotation @ rotation.T - np.eye(3)).max() if _sane(matrix) else np.inf
    if off > RIGID_TOLERANCE or np.linalg.det(rotation) < 0.0:
        raise InputError(f"{archive.path}: {what} is not a rotation and a shift (4 x 4)")
    return matrix


def _sane(matrix: Matrix) -> bool:
    small = np.abs(matrix[:3, :3]).max() < 2.0 and np.abs(matrix[:3, 3]).max() < 1e9
    return bool(small and np.abs(matrix[3] - (0.0, 0.0, 0.0, 1.0)).max() < 1e-6)


def _stamps(archive: Archive, what: str, stamps: Sequence[int], poses: int) -> Stamps:
    times = np.array(stamps, np.int64)
    if len(times) != poses:
        raise InputError(f"{archive.path}: {what} has {poses} poses and {len(times)} stamps")
    if np.any(np.diff(times) <= 0):
        raise InputError(f"{archive.path}: {what} has stamps that do not increase")
    return times
