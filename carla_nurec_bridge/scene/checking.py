"""Every problem of a scene package, not only the first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from pydantic import TypeAdapter, ValidationError

from ..core.cameras import camera_from_json
from ..core.errors import InputError
from ..core.shutter import shutter_from
from .archive import Archive, open_archive
from .geodesy import geo_reference
from .reading import DATA_INFO, MAP, METADATA, RIG_TRAJECTORIES, SEQUENCE_TRACKS, open_scene
from .schema import LABELS, DataInfo, Metadata, RigTrajectories, SequenceTracks
from .surface import MESH, MESH_GROUND, decode_ply

_WANTED = {
    METADATA: "scenes are called by their sequence id without it",
    SEQUENCE_TRACKS: "there are no other road users without it",
    MAP: "CARLA cannot replay the scene without it",
    MESH_GROUND: "poses cannot follow the scene's ground without it",
}
_MOST_BYTES = 1 << 30
_RIGID = 1e-3


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: in which member, at which field, and what.

    A package with an ``error`` cannot be opened; a ``warning`` costs something.
    """

    level: Literal["error", "warning"]
    member: str
    field: str
    text: str


def check_scene(path: Path) -> list[Problem]:
    """Return all problems of a package, errors first; an empty list for a sound one."""
    try:
        archive = open_archive(path)
    except InputError as error:
        return [Problem("error", "", "", str(error))]
    found = [Problem("warning", "", "", note) for note in archive.notes]
    info = _read(archive, DATA_INFO, TypeAdapter(DataInfo), found, needed=True)
    rigs = _read(archive, RIG_TRAJECTORIES, TypeAdapter(RigTrajectories), found, needed=True)
    tracks = _read(archive, SEQUENCE_TRACKS, SequenceTracks, found)
    _read(archive, METADATA, TypeAdapter(Metadata), found)
    for member, why in _WANTED.items():
        if member not in archive.members:
            found.append(Problem("warning", member, "", f"it is missing; {why}"))
    if rigs is not None:
        _check_rigs(rigs, info, found)
    if tracks is not None:
        _check_tracks(tracks, info, found)
    _check_others(archive, found)
    if not any(problem.level == "error" for problem in found):
        try:
            open_scene(path)
        except InputError as error:
            found.append(Problem("error", "", "", str(error)))
    return sorted(found, key=lambda problem: problem.level)


def _read(
    archive: Archive, member: str, model: TypeAdapter[Any], found: list[Problem], *,
    needed: bool = False,
) -> Any:  # fmt: skip
    """Return a member's content, or None with all of its problems noted."""
    if member not in archive.members:
        if needed:
            found.append(Problem("error", member, "", "it is missing"))
        return None
    try:
        data = archive.read(member)
        content = json.loads(data) if member.endswith(".json") else yaml.safe_load(data)
        return model.validate_python(content)
    except ValidationError as error:
        for one in error.errors():
            field = ".".join(str(part) for part in one["loc"])
            value = one["input"]
            plain = isinstance(value, str | int | float | bool | None)
            shown = repr(value)[:60] if plain else type(value).__name__
            found.append(Problem("error", member, field, f"{one['msg']}; found {shown}"))
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        found.append(Problem("error", member, "", " ".join(str(error).split())))
    except InputError as error:
        found.append(Problem("error", member, "", str(error)))
    return None


def _check_rigs(rigs: RigTrajectories, info: DataInfo | None, found: list[Problem]) -> None:
    def note(field: str, text: str, level: Literal["error", "warning"] = "error") -> None:
        found.append(Problem(level, RIG_TRAJECTORIES, field, text))

    _check_matrix(rigs.T_world_base, "T_world_base", note)
    for key, calibration in rigs.camera_calibrations.items():
        field = f"camera_calibrations.{key}"
        _check_matrix(calibration.T_sensor_rig, f"{field}.T_sensor_rig", note)
        try:
            camera_from_json(calibration.camera_model)
            shutter_from(calibration.camera_model["parameters"]["shutter_type"])
        except InputError as error:
            note(f"{field}.camera_model", str(error))
        except KeyError as missing:
            note(f"{field}.camera_model.parameters", f"its field {missing} is missing")
    known = {c.logical_sensor_name for c in rigs.camera_calibrations.values()}
    known |= set(rigs.camera_calibrations)
    for number, rig in enumerate(rigs.rig_trajectories):
        field = f"rig_trajectories.{number}"
        stamps = rig.T_rig_world_timestamps_us
        if len(stamps) != len(rig.T_rig_worlds):
            note(f"{field}.T_rig_world_timestamps_us",
                 f"it has {len(stamps)} stamps for {len(rig.T_rig_worlds)} poses")  # fmt: skip
        if np.any(np.diff(np.array(stamps, np.int64)) <= 0):
            note(f"{field}.T_rig_world_timestamps_us", "its stamps do not increase")
        for index, pose in enumerate(rig.T_rig_worlds):
            _check_matrix(pose, f"{field}.T_rig_worlds.{index}", note)
        for camera in rig.cameras_frame_timestamps_us:
            if camera not in known:
                note(f"{field}.cameras_frame_timestamps_us.{camera}", "there is no such camera",
                     "warning")  # fmt: skip
        if info is not None and not (
            stamps[0] <= info.pose_range.start_us < info.pose_range.end_us <= stamps[-1] + 1
        ):
            note(f"{field}.T_rig_world_timestamps_us",
                 f"its poses [{stamps[0]}, {stamps[-1]}] do not cover the pose-range",
                 "warning")  # fmt: skip


def _check_matrix(rows: Any, field: str, note: Any) -> None:
    matrix = np.array(rows, np.float64)
    rotation = matrix[:3, :3]
    with np.errstate(all="ignore"):
        off = np.abs(rotation @ rotation.T - np.eye(3)).max()
        proper = off < _RIGID and np.linalg.det(rotation) > 0.0
    if not proper or np.abs(matrix[3] - (0.0, 0.0, 0.0, 1.0)).max() > 1e-6:
        note(field, "it is not a rotation and a shift")


def _check_tracks(chunks: dict[str, Any], info: DataInfo | None, found: list[Problem]) -> None:
    def note(field: str, text: str, level: Literal["error", "warning"] = "error") -> None:
        found.append(Problem(level, SEQUENCE_TRACKS, field, text))

    seen: set[str] = set()
    for chunk_id, chunk in chunks.items():
        data, sizes = chunk.tracks_data, chunk.cuboidtracks_data.cuboids_dims
        where = f"{chunk_id}.tracks_data"
        lists = {
            "tracks_poses": data.tracks_poses, "tracks_timestamps_us": data.tracks_timestamps_us,
            "tracks_label_class": data.tracks_label_class, "tracks_flags": data.tracks_flags,
            "cuboids_dims": sizes,
        }  # fmt: skip
        short = [name for name, column in lists.items() if len(column) != len(data.tracks_id)]
        for name in short:
            note(f"{where}.{name}", f"it has {len(lists[name])} entries for "
                 f"{len(data.tracks_id)} tracks")  # fmt: skip
        if short:
            continue
        for i, track_id in enumerate(data.tracks_id):
            at = f"{where}.{track_id}"
            if track_id in seen:
                note(at, "the track is there twice")
            seen.add(track_id)
            stamps, rows = data.tracks_timestamps_us[i], data.tracks_poses[i]
            if len(stamps) != len(rows):
                note(at, f"it has {len(rows)} poses and {len(stamps)} stamps")
            if np.any(np.diff(np.array(stamps, np.int64)) <= 0):
                note(at, "its stamps do not increase")
            if min(sizes[i]) <= 0.0:
                note(at, f"its box of {list(sizes[i])} m has no volume")
            if any(not any(row[3:]) for row in rows):
                note(at, "it has a quaternion of length zero")
            if not rows:
                note(at, "it has no pose and is left out", "warning")
            if data.tracks_label_class[i] not in LABELS:
                note(at, f"its class {data.tracks_label_class[i]!r} is not a known one", "warning")
            if (
                info is not None
                and stamps
                and (stamps[-1] < info.pose_range.start_us or stamps[0] > info.pose_range.end_us)
            ):
                note(at, "it lies outside the pose-range and is never seen", "warning")


def _check_others(archive: Archive, found: list[Problem]) -> None:
    if MAP in archive.members:
        try:
            geo_reference(archive.read(MAP).decode("utf-8-sig"), MAP)
        except (InputError, UnicodeDecodeError) as error:
            found.append(Problem("error", MAP, "", str(error)))
    for member in (MESH, MESH_GROUND):
        if member in archive.members:
            try:
                decode_ply(archive.read(member, _MOST_BYTES), member)
            except InputError as error:
                found.append(Problem("error", member, "", str(error)))
