"""A NuRec scene: what was recorded, by which cameras, among which other road users."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core.cameras.camera_names import camera_named
from ...core.cameras.models import CameraModel
from ...core.cameras.shutter import Shutter
from ...core.frames import Matrix, interpolate
from ...world.states import Appearance, EgoBox
from ..geodesy import GeoReference

Stamps = NDArray[np.int64]

CONTROLLABLE_FLAGS = "DYNAMIC|CONTROLLABLE"


@dataclass(frozen=True, eq=False)
class RigTrajectory:
    """The recorded way of the ego: stamps (N,) in absolute us, ``world_from_rig`` (N, 4, 4)."""

    stamps_us: Stamps
    world_from_rig: Matrix

    def at(self, stamp_us: int) -> Matrix:
        """Return world_from_rig (4, 4) at a time: interpolated, held before and after."""
        return pose_at(self.stamps_us, self.world_from_rig, stamp_us)


@dataclass(frozen=True, eq=False)
class SceneCamera:
    """A camera of the recording; ``frame_stamps_us`` (F, 2) are shutter open and close."""

    logical_id: str
    model: CameraModel
    rig_from_camera: Matrix
    shutter: Shutter
    frame_stamps_us: Stamps


@dataclass(frozen=True, eq=False)
class SceneTrack:
    """Another road user: stamps (N,) and poses ``world_from_box`` (N, 4, 4) of its box's centre.

    ``size_m`` is (length, width, height); the box's x points forward, y left, z up. ``appearance``
    is known where the package tells it, as those that this package builds do.
    """

    track_id: str
    label_class: str
    size_m: tuple[float, float, float]
    stamps_us: Stamps
    world_from_box: Matrix
    flags: str = CONTROLLABLE_FLAGS
    appearance: Appearance | None = None

    @property
    def controllable(self) -> bool:
        """Whether a request may move it."""
        return "CONTROLLABLE" in self.flags.split("|")

    def recorded_at(self, stamp_us: int) -> bool:
        """Tell whether the recording has it at a time."""
        return bool(self.stamps_us[0] <= stamp_us <= self.stamps_us[-1])

    def recorded_in(self, start_us: int, end_us: int) -> bool:
        """Tell whether the recording has it at some time in [start, end)."""
        return bool(self.stamps_us[0] < end_us and start_us <= self.stamps_us[-1])

    def at(self, stamp_us: int) -> Matrix:
        """Return world_from_box (4, 4) at a time: interpolated, held before and after."""
        return pose_at(self.stamps_us, self.world_from_box, stamp_us)


@dataclass(frozen=True, eq=False)
class Scene:
    """A scene package, checked.

    ``world`` is NuRec's gRPC frame: the first rig pose. ``map_from_world`` (4, 4) takes it to the
    map frame of ``xodr`` (without a map the two are the same). ``time_range_us`` is [start, end)
    in absolute us. ``notes`` are sentences about what is odd but usable. ``ego_box`` is None where
    the package does not say how large the ego is.
    """

    path: Path | None
    scene_id: str
    sequence_id: str
    time_range_us: tuple[int, int]
    rig_trajectory: RigTrajectory
    cameras: tuple[SceneCamera, ...]
    tracks: tuple[SceneTrack, ...]
    lidar_ids: tuple[str, ...]
    ecef_from_world: Matrix
    map_from_world: Matrix
    geo_reference: GeoReference | None
    xodr: str | None = field(repr=False)
    notes: tuple[str, ...] = ()
    ego_box: EgoBox | None = None

    def camera(self, logical_id: str) -> SceneCamera | None:
        """Return a camera by its logical id, short or with ``@`` and this sequence, or None."""
        by_name = {camera.logical_id: camera for camera in self.cameras}
        name = camera_named(logical_id, by_name, self.sequence_id)
        return None if name is None else by_name[name]

    def track(self, track_id: str) -> SceneTrack | None:
        """Return a track by its id, or None."""
        return next((t for t in self.tracks if t.track_id == track_id), None)


def pose_at(stamps_us: Stamps, poses: Matrix, stamp_us: int) -> Matrix:
    """Return the pose (4, 4) of a way (N,), (N, 4, 4) at a time, held before and after it."""
    after = int(np.searchsorted(stamps_us, stamp_us, side="right"))
    if after in (0, len(stamps_us)):
        held: Matrix = poses[min(after, len(stamps_us) - 1)]
        return held
    before = after - 1
    share = (stamp_us - int(stamps_us[before])) / int(stamps_us[after] - stamps_us[before])
    return interpolate(poses[before], poses[after], share)
