"""Building a scene package from a bag that the nodes of this package recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np

from ...core.cameras.shutter import Shutter
from ...core.errors import InputError
from ...core.frames import Matrix
from ...core.rig.rig import Rig
from ...core.run_contract.timebase import NS_PER_US
from ...core.run_contract.topics import TOPICS
from ...recording import BagReader
from ...recording.read_back.cameras import RecordedCamera, recorded_cameras
from ...recording.read_back.drive import BagDrive, read_drive
from ...world.states import Actor
from ..geodesy import geo_reference
from ..package.label_classes import label_class_of
from ..package.model import Scene, SceneCamera
from .assembling import (
    GaussianSource,
    Journey,
    RoadUser,
    assemble,
    rig_cameras,
    rig_lidars,
    with_jumps,
)


def build_from_bag(
    directory: Path,
    out: Path,
    rig: Rig | None = None,
    xodr: str | None = None,
    gaussians: GaussianSource | None = None,
) -> Scene:
    """Write the scene package of a recorded run and return its scene.

    The map is the latched OpenDRIVE text or ``xodr``, the ego's path that of ``odometry`` (with TF
    between map and odom), the tracks are those of ``objects`` under the names of
    ``objects/tracks``. The cameras are those of the latched calibrations with the stamps of their
    pictures, or those of ``rig``; ``gaussians`` gives those that go there too. InputError when the
    bag lacks map or odometry, or holds several egos.
    """
    with BagReader(directory) as bag:
        drive = read_drive(bag)
        xodr = drive.xodr if xodr is None else xodr
        if len(drive.states) < 2 or xodr is None:
            lacks = "map/opendrive; give --map" if len(drive.states) > 1 else "odometry"
            raise InputError(f"{directory} cannot become a scene: it holds too little {lacks}")
        stamps_us = np.array([state.stamp_ns for state in drive.states], np.int64) // NS_PER_US
        start_us, end_us = int(stamps_us[0]), int(stamps_us[-1])
        if rig is None:
            cameras, lidars = _recorded_cameras(bag), _recorded_lidars(bag)
        else:
            cameras, lidars = rig_cameras(rig, start_us, end_us), rig_lidars(rig)
    map_from_rig = np.array([state.ego.map_from_base for state in drive.states])
    journey = Journey(
        _scene_id(xodr, map_from_rig, start_us),
        (start_us, end_us + 1),
        stamps_us,
        map_from_rig,
        _road_users(drive),
        cameras,
        lidars,
        xodr,
        geo_reference(xodr, f"{directory}: map/opendrive"),
        () if cameras else ("the bag holds no camera's calibration; give --rig",),
        drive.body,
    )
    return assemble(journey, out, gaussians=gaussians)


def _road_users(drive: BagDrive) -> tuple[RoadUser, ...]:
    actors: dict[int, Actor] = {}
    map_from_boxes: dict[int, dict[int, Matrix]] = {}
    for state in drive.states:
        for other in state.actors:
            actors.setdefault(other.actor.id, other.actor)
            map_from_boxes.setdefault(other.actor.id, {})[state.stamp_ns] = other.map_from_box
    taken = {track for track in drive.tracks.values() if track}
    return tuple(
        _road_user(actor, drive.tracks.get(name) or _free_name(name, taken), map_from_boxes[name])
        for name, actor in actors.items()
    )


def _free_name(actor_id: int, taken: Set[str]) -> str:
    """Return a track's name for an actor of the bag's run that no track of another run has."""
    name = f"actor_{actor_id}"
    while name in taken:
        name += "_"
    return name


def _road_user(actor: Actor, track_id: str, map_from_box: Mapping[int, Matrix]) -> RoadUser:
    """Return an actor as a road user; ``map_from_box`` has its boxes by stamp (ns)."""
    stamps = np.array(list(map_from_box), np.int64) // NS_PER_US
    stamps, poses = with_jumps(stamps, np.array(list(map_from_box.values())))
    label = label_class_of(actor.object_class)
    return RoadUser(track_id, label, actor.size_m, stamps, poses, appearance=actor.appearance)


def _recorded_cameras(bag: BagReader) -> tuple[SceneCamera, ...]:
    """Return NuRec's cameras of a bag, or CARLA's where it has none of NuRec's."""
    cameras = recorded_cameras(bag)
    nurec = [camera for camera in cameras if camera.source == "nurec"] or cameras
    return tuple(_camera(bag, camera) for camera in nurec)


def _camera(bag: BagReader, camera: RecordedCamera) -> SceneCamera:
    close = [stamp // NS_PER_US for _, _, stamp, _ in bag.raw([f"{camera.prefix}/camera_info"])]
    open_us = 0 if camera.shutter is Shutter.GLOBAL else round(camera.shutter_s * 1e6)
    stamps = np.array([[stamp - open_us, stamp] for stamp in close], np.int64).reshape(-1, 2)
    name = camera.name
    return SceneCamera(
        name if name.startswith("camera_") else f"camera_{name}",
        camera.model,
        camera.rig_from_camera,
        camera.shutter,
        stamps,
    )


def _recorded_lidars(bag: BagReader) -> tuple[str, ...]:
    first, last = TOPICS["points"].named("\0").split("\0")
    return tuple(
        s.topic.rpartition(f"/{first}")[2].removesuffix(last)
        for s in bag.streams()
        if f"/{first}" in s.topic and s.topic.endswith(last)
    )


def _scene_id(xodr: str, map_from_rig: Matrix, start_us: int) -> str:
    digest = hashlib.sha256(f"{start_us}".encode() + xodr.encode() + map_from_rig.tobytes())
    return f"bag-{digest.hexdigest()[:12]}"
