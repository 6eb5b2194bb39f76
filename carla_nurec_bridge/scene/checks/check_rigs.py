"""Problems of ``rig_trajectories.json``: matrices, stamps, cameras and their frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.cameras.models import camera_from_json
from ...core.cameras.shutter import shutter_from
from ...core.errors import InputError
from ..package.model import RigTrajectory
from ..package.problems import Findings
from ..package.reading import METADATA, RIG_TRAJECTORIES, RIGID_TOLERANCE
from ..package.schema import (
    Calibration,
    DataInfo,
    FullRig,
    FullRigTrajectories,
    Metadata,
)

_FARTHEST_MOUNT_M = 20.0
_FRAME_POSE_M = 0.1
_MOST_S = 86_400.0
_LEAP_M_S = 100.0


def check_rigs(
    rigs: FullRigTrajectories, info: DataInfo | None, metadata: Metadata | None, found: Findings
) -> None:
    """Note the problems of calibrations and rigs.

    ``info`` and ``metadata`` are None where these members could not be read.
    """
    _check_matrices([rigs.T_world_base], "T_world_base", found)
    if rigs.world_to_nre is not None:
        _check_nre(np.array(rigs.world_to_nre.matrix), found)
    names = set()
    for key, calibration in rigs.camera_calibrations.items():
        names |= {key, calibration.logical_sensor_name}
        _check_calibration(calibration, f"camera_calibrations.{key}", found)
    if metadata is not None:
        for camera in set(metadata.sensors.camera_ids) - names:
            found.warn(METADATA, "sensors.camera_ids", f"{camera} has no calibration")
    sequences = [rig.sequence_id for rig in rigs.rig_trajectories]
    if info is not None and info.sequence_id not in sequences:
        text = f"there is no rig of data_info.json's sequence {info.sequence_id}"
        note = found.error if len(sequences) > 1 else found.warn
        note(RIG_TRAJECTORIES, "rig_trajectories", text)
    for number, rig in enumerate(rigs.rig_trajectories):
        _check_rig(rig, f"rig_trajectories.{number}", names, info, found)


def _check_calibration(calibration: Calibration, where: str, found: Findings) -> None:
    _check_matrices([calibration.T_sensor_rig], f"{where}.T_sensor_rig", found)
    away_m = float(np.linalg.norm(np.array(calibration.T_sensor_rig)[:3, 3]))
    if away_m > _FARTHEST_MOUNT_M:
        found.warn(
            RIG_TRAJECTORIES,
            f"{where}.T_sensor_rig",
            f"it is {away_m:.0f} m from the rig; the unit must be metres",
        )
    try:
        camera_from_json(calibration.camera_model)
        shutter_from(calibration.camera_model["parameters"]["shutter_type"])
    except InputError as error:
        found.error(RIG_TRAJECTORIES, f"{where}.camera_model", str(error))
    except KeyError as missing:
        found.error(
            RIG_TRAJECTORIES, f"{where}.camera_model.parameters", f"its field {missing} is missing"
        )


def _check_rig(
    rig: FullRig, where: str, cameras: set[str], info: DataInfo | None, found: Findings
) -> None:
    stamps = np.array(rig.T_rig_world_timestamps_us, np.int64)
    poses = np.array(rig.T_rig_worlds, np.float64)
    at = f"{where}.T_rig_world_timestamps_us"
    if len(stamps) != len(poses):
        found.error(RIG_TRAJECTORIES, at, f"it has {len(stamps)} stamps for {len(poses)} poses")
    increasing = not np.any(np.diff(stamps) <= 0)
    if not increasing:
        found.error(RIG_TRAJECTORIES, at, "its stamps do not increase")
    rigid = _check_matrices(rig.T_rig_worlds, f"{where}.T_rig_worlds", found)
    if info is not None:
        start_us, end_us = info.pose_range.start_us, info.pose_range.end_us
        if not stamps[0] <= start_us < end_us <= stamps[-1] + 1:
            found.warn(
                RIG_TRAJECTORIES,
                at,
                f"its poses [{stamps[0]}, {stamps[-1]}] do not cover the pose-range",
            )
        if end_us - start_us > _MOST_S * 1e6:
            found.warn(
                "data_info.json",
                "pose-range",
                "it is longer than a day; are the stamps microseconds?",
            )
    sound = rigid and increasing and len(stamps) == len(poses)
    if sound and len(stamps) > 1:
        speed = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1) / np.diff(stamps) * 1e6
        leap = int(np.argmax(speed))
        if speed[leap] > _LEAP_M_S and stamps[leap + 1] - stamps[leap] > 1:
            found.warn(
                RIG_TRAJECTORIES,
                f"{where}.T_rig_worlds.{leap + 1}",
                f"the rig leaps there with {speed[leap]:.0f} m/s",
            )
    trajectory = RigTrajectory(stamps, poses) if sound else None
    for camera, frames in rig.cameras_frame_timestamps_us.items():
        _check_frames(rig, camera, frames, where, trajectory, cameras, found)


def _check_frames(
    rig: FullRig,
    camera: str,
    frames: list[tuple[int, int]],
    where: str,
    trajectory: RigTrajectory | None,
    cameras: set[str],
    found: Findings,
) -> None:
    at = f"{where}.cameras_frame_timestamps_us.{camera}"
    if camera not in cameras:
        found.warn(RIG_TRAJECTORIES, at, "there is no such camera")
    stamps = np.array(frames, np.int64).reshape(-1, 2)
    if np.any(stamps[:, 1] < stamps[:, 0]):
        found.warn(RIG_TRAJECTORIES, at, "a frame ends before it starts")
    if np.any(np.diff(stamps[:, 0]) <= 0):
        found.warn(RIG_TRAJECTORIES, at, "its frames are not in the order of time")
    pairs = rig.frame_poses.get(camera)
    if pairs is None:
        return
    at = f"{where}.cameras_frame_T_rig_worlds.{camera}"
    if len(pairs) != len(stamps):
        found.warn(RIG_TRAJECTORIES, at, f"it has {len(pairs)} poses for {len(stamps)} frames")
    elif trajectory is not None and len(pairs):
        middle = len(pairs) // 2
        own = np.array(pairs[middle][1])[:3, 3]
        away_m = float(np.linalg.norm(own - trajectory.at(int(stamps[middle, 1]))[:3, 3]))
        if away_m > _FRAME_POSE_M:
            found.warn(
                RIG_TRAJECTORIES,
                f"{at}.{middle}",
                f"it is {away_m:.2f} m from the rig's path at that time",
            )


def _check_nre(matrix: NDArray[np.float64], found: Findings) -> None:
    if np.abs(matrix - np.eye(4)).max() > 1e-9:
        found.warn(
            RIG_TRAJECTORIES,
            "world_to_nre.matrix",
            "it is not the identity; tracks are taken to be in the world",
        )


def _check_matrices(rows: Any, where: str, found: Findings) -> bool:
    """Note the matrices of a list that are no rotation and shift; return whether all are."""
    matrices = np.array(rows, np.float64)
    rotations = matrices[:, :3, :3]
    with np.errstate(all="ignore"):
        off = np.abs(rotations @ np.swapaxes(rotations, 1, 2) - np.eye(3)).max(axis=(1, 2))
        proper = (off < RIGID_TOLERANCE) & (np.linalg.det(rotations) > 0.0)
    proper &= np.abs(matrices[:, 3] - (0.0, 0.0, 0.0, 1.0)).max(axis=1) < 1e-6
    for index in np.flatnonzero(~proper):
        at = where if len(matrices) == 1 else f"{where}.{index}"
        found.error(RIG_TRAJECTORIES, at, "it is not a rotation and a shift")
    return bool(proper.all())
