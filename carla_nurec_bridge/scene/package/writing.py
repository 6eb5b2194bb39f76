"""Writing a scene package whose every member NuRec's clients read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ... import __version__
from ...core.cameras.models import camera_to_json
from ...core.errors import InputError
from ...core.files.archive import write_archive
from ...core.frames import Matrix, quaternion_from_rotation
from .model import Scene, SceneCamera, SceneTrack
from .reading import (
    DATA_INFO,
    MAP,
    MAX_JSON_BYTES,
    METADATA,
    RIG_TRAJECTORIES,
    SEQUENCE_TRACKS,
)

STAGE = "default.usda"
_CHUNK = "dummy_chunk_id"
_STAGE_TEXT = """#usda 1.0
(
    defaultPrim = "World"
    doc = "A scene of mesh and tracks; it holds no Gaussians."
    metersPerUnit = 1
    upAxis = "Z"
)

def Xform "World"
{
}
"""


def write_scene(path: Path | str, scene: Scene, extra: Mapping[str, bytes] | None = None) -> None:
    """Write a scene package; ``extra`` are more members, by name.

    Equal scenes give equal bytes. ``map_from_world`` is not written: readers derive it from the
    map's geo-reference and ``ecef_from_world``. InputError when the file cannot be written.
    """
    members = {
        STAGE: _STAGE_TEXT.encode(),
        METADATA: yaml.safe_dump(_metadata(scene), sort_keys=False).encode(),
        DATA_INFO: _json(_data_info(scene)),
        RIG_TRAJECTORIES: _json(_rig_trajectories(scene)),
        SEQUENCE_TRACKS: _json(_sequence_tracks(scene)),
    }
    for name, data in members.items():
        if len(data) > MAX_JSON_BYTES:
            raise InputError(
                f"cannot write the scene package {path}: its {name} would have {len(data)} bytes, "
                f"and {MAX_JSON_BYTES} are the most read; cut the drive or give it fewer poses"
            )
    if scene.xodr is not None:
        members[MAP] = scene.xodr.encode()
    write_archive(Path(path), members | dict(extra or {}))


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def _metadata(scene: Scene) -> dict[str, Any]:
    start_us, end_us = scene.time_range_us
    recorded = datetime.fromtimestamp(start_us // 1_000_000, timezone.utc)
    return {
        "scene_id": scene.scene_id,
        "version_string": f"carla_nurec_bridge {__version__}",
        "training_date": recorded.strftime("%Y-%m-%d"),
        "dataset_hash": "",
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, scene.scene_id)),
        "is_resumable": False,
        "sensors": {
            "camera_ids": [camera.logical_id for camera in scene.cameras],
            "lidar_ids": list(scene.lidar_ids),
        },
        "logger": {"name": "", "run_id": "", "run_url": ""},
        "time_range": {"start": start_us / 1e6, "end": end_us / 1e6},
        "training_step_outputs": {},
    }


def _data_info(scene: Scene) -> dict[str, Any]:
    start_us, end_us = scene.time_range_us
    return {
        "sequence_id": scene.sequence_id,
        "pose-range": {"start-timestamp_us": start_us, "end-timestamp_us": end_us},
    }


def _rig_trajectories(scene: Scene) -> dict[str, Any]:
    trajectory = scene.rig_trajectory
    frames = {_key(scene, camera): camera.frame_stamps_us.tolist() for camera in scene.cameras}
    return {
        "T_world_base": scene.ecef_from_world.tolist(),
        "world_to_nre": {"matrix": np.eye(4).tolist()},
        "camera_calibrations": {
            _key(scene, camera): {
                "sequence_id": scene.sequence_id,
                "logical_sensor_name": camera.logical_id,
                "unique_sensor_idx": index,
                "T_sensor_rig": camera.rig_from_camera.tolist(),
                "camera_model": camera_to_json(camera.model, camera.shutter),
            }
            for index, camera in enumerate(scene.cameras)
        },
        "rig_trajectories": [
            {
                "sequence_id": scene.sequence_id,
                "T_rig_worlds": trajectory.world_from_rig.tolist(),
                "T_rig_world_timestamps_us": trajectory.stamps_us.tolist(),
                "cameras_frame_timestamps_us": frames,
                "cameras_frame_T_rig_worlds": {
                    name: [
                        [trajectory.at(open_us).tolist(), trajectory.at(close_us).tolist()]
                        for open_us, close_us in stamps
                    ]
                    for name, stamps in frames.items()
                },
                "rig_bbox": _rig_bbox(scene),
            }
        ],
    }


def _rig_bbox(scene: Scene) -> dict[str, list[float]] | None:
    if scene.ego_box is None:
        return None
    size_m, centre_m = scene.ego_box.size_m, scene.ego_box.centre_m
    return {"centroid": list(centre_m), "dim": list(size_m), "rot": [0.0, 0.0, 0.0]}


def _sequence_tracks(scene: Scene) -> dict[str, Any]:
    tracks = scene.tracks
    return {
        _CHUNK: {
            "tracks_data": {
                "tracks_id": [track.track_id for track in tracks],
                "tracks_poses": [_pose_rows(track) for track in tracks],
                "tracks_timestamps_us": [track.stamps_us.tolist() for track in tracks],
                "tracks_label_class": [track.label_class for track in tracks],
                "tracks_flags": [track.flags for track in tracks],
                "tracks_look": [
                    asdict(track.appearance) if track.appearance else None for track in tracks
                ],
            },
            "cuboidtracks_data": {"cuboids_dims": [list(track.size_m) for track in tracks]},
        }
    }


def _pose_rows(track: SceneTrack) -> list[list[float]]:
    return [_pose_row(pose) for pose in track.world_from_box]


def _pose_row(pose: Matrix) -> list[float]:
    return [*pose[:3, 3].tolist(), *quaternion_from_rotation(pose[:3, :3]).tolist()]


def _key(scene: Scene, camera: SceneCamera) -> str:
    return f"{camera.logical_id}@{scene.sequence_id}"
