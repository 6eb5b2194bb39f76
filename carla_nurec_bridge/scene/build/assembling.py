"""Putting a scene package together out of what moved and what surrounded it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...core.cameras.shutter import Shutter
from ...core.frames import Matrix, invert
from ...core.rig.rig import Rig, RigCamera
from ...gaussians.scene import GaussianScene
from ...opendrive.mending import sound_map
from ...world.states import Appearance, EgoBox
from ..geodesy import GeoReference, ecef_from_map
from ..package.model import (
    CONTROLLABLE_FLAGS,
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
    Stamps,
)
from ..package.reading import MAP
from ..package.surface import street_surfaces
from ..package.writing import write_scene
from ..splats.members import gaussian_members

GaussianSource = Callable[[Scene], GaussianScene]
"""Gives the Gaussians of a scene, in its world."""

TELEPORT_M_S = 100.0
_US_PER_S = 1_000_000


@dataclass(frozen=True, eq=False)
class RoadUser:
    """Another road user in the map: stamps (N,) us and ``map_from_box`` (N, 4, 4) of its box."""

    track_id: str
    label_class: str
    size_m: tuple[float, float, float]
    stamps_us: Stamps
    map_from_box: Matrix
    flags: str = CONTROLLABLE_FLAGS
    appearance: Appearance | None = None


@dataclass(frozen=True, eq=False)
class Journey:
    """All that a scene is made of, in the frame of the map.

    ``stamps_us`` (N,) and ``map_from_rig`` (N, 4, 4) are the ego's path; ``time_range_us`` is
    [start, end). ``place`` says where on earth the map's origin is.
    """

    scene_id: str
    time_range_us: tuple[int, int]
    stamps_us: Stamps
    map_from_rig: Matrix
    road_users: tuple[RoadUser, ...]
    cameras: tuple[SceneCamera, ...]
    lidar_ids: tuple[str, ...]
    xodr: str
    place: GeoReference
    notes: tuple[str, ...] = ()
    ego_box: EgoBox | None = None


def assemble(
    journey: Journey,
    out: Path,
    *,
    with_map: bool = True,
    gaussians: GaussianSource | None = None,
) -> Scene:
    """Write the scene package of a journey and return its scene.

    The world is the first rig pose. Without ``with_map`` the package lacks ``map.xodr``, as those
    of scenes that one trains oneself do; the meshes of the street are in it all the same.
    ``gaussians`` gives those of the scene, in its world, which then are in the package too.
    InputError when the map has no lanes or the file cannot be written.
    """
    sound = sound_map(journey.xodr, MAP)
    map_from_world = journey.map_from_rig[0]
    world_from_map = invert(map_from_world)
    scene = Scene(
        out,
        journey.scene_id,
        journey.scene_id,
        journey.time_range_us,
        RigTrajectory(journey.stamps_us, world_from_map @ journey.map_from_rig),
        journey.cameras,
        tuple(_track(user, world_from_map) for user in journey.road_users),
        journey.lidar_ids,
        ecef_from_map(journey.place) @ map_from_world,
        map_from_world,
        journey.place,
        sound.text if with_map else None,
        (*journey.notes, *(f"map: {note}" for note in sound.notes)),
        journey.ego_box,
    )
    # Imported here: it brings numba along, which those who only read scenes need not load.
    from ...town.street import cached_street

    extra = street_surfaces(cached_street(sound.text), world_from_map)
    if gaussians is not None:
        members, notes = gaussian_members(gaussians(scene), scene)
        extra |= members
        scene = replace(scene, notes=(*scene.notes, *notes))
    write_scene(out, scene, extra)
    return scene


def rig_cameras(rig: Rig, start_us: int, end_us: int) -> tuple[SceneCamera, ...]:
    """Return the NuRec cameras of a rig with the frames that they take from start to end."""
    return tuple(_camera(c, start_us, end_us) for c in rig.cameras if c.source == "nurec")


def rig_lidars(rig: Rig) -> tuple[str, ...]:
    """Return the names of a rig's NuRec lidars."""
    return tuple(lidar.name for lidar in rig.lidars if lidar.source == "nurec")


def with_jumps(stamps_us: Stamps, poses: Matrix) -> tuple[Stamps, Matrix]:
    """Return a way (N,), (N, 4, 4) that stays until a teleport, which then takes 1 us."""
    moved_m = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
    lasted_us = np.diff(stamps_us)
    jumps = np.flatnonzero((moved_m * _US_PER_S > TELEPORT_M_S * lasted_us) & (lasted_us > 1))
    stamps_us = np.insert(stamps_us, jumps + 1, stamps_us[jumps + 1] - 1)
    return stamps_us, np.insert(poses, jumps + 1, poses[jumps], axis=0)


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


def _track(user: RoadUser, world_from_map: Matrix) -> SceneTrack:
    return SceneTrack(
        user.track_id,
        user.label_class,
        user.size_m,
        user.stamps_us,
        world_from_map @ user.map_from_box,
        user.flags,
        user.appearance,
    )
