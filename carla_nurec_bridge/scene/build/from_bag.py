"""Building a scene package from a bag that the nodes of this package recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...core.cameras.models import camera_from_json
from ...core.cameras.shutter import Shutter, shutter_from
from ...core.errors import InputError
from ...core.frames import Matrix, matrix_from_quaternion
from ...core.rig.rig import Rig
from ...core.run_contract.timebase import NS_PER_US
from ...core.run_contract.topics import TOPICS
from ...core.transform_tree import TransformTree
from ...recording import BagReader
from ...recording.drive import ego_box
from ..geodesy import geo_reference
from ..package.model import (
    Appearance,
    EgoBox,
    Scene,
    SceneCamera,
)
from .assembling import (
    Journey,
    RoadUser,
    assemble,
    rig_cameras,
    rig_lidars,
    with_jumps,
)
from .road_user_classes import label_of_class

_MAP = "map"
_WANTED = (
    "tf_static",
    "odometry",
    "objects",
    "objects_tracks",
    "objects_appearance",
    "map_opendrive",
    "robot_description",
)


@dataclass
class _Seen:
    """One object of the bag: its class and size, and its boxes by stamp (ns)."""

    label: str
    size_m: tuple[float, float, float]
    map_from_box: dict[int, Matrix] = field(default_factory=dict)


def build_from_bag(
    directory: Path, out: Path, rig: Rig | None = None, xodr: str | None = None
) -> Scene:
    """Write the scene package of a recorded run and return its scene.

    The map is the latched OpenDRIVE text or ``xodr``, the ego's way that of ``odometry`` (with TF
    between map and odom), the tracks are those of ``objects`` under the names of
    ``objects/tracks``. The cameras are those of the latched calibrations with the stamps of their
    pictures, or those of ``rig``. InputError when the bag lacks map or odometry, or holds several
    egos.
    """
    with BagReader(directory) as bag:
        topics = _topics(bag)
        odometry, objects, latched = _read(bag, topics)
        if xodr is None and "map_opendrive" in latched:
            xodr = str(latched["map_opendrive"].data)
        if len(odometry) < 2 or xodr is None:
            lacks = "map/opendrive; give --map" if len(odometry) > 1 else "odometry"
            raise InputError(f"{directory} cannot become a scene: it holds too little {lacks}")
        stamps_ns = np.array(sorted(odometry), np.int64)
        stamps_us = stamps_ns // NS_PER_US
        start_us, end_us = int(stamps_us[0]), int(stamps_us[-1])
        if rig is None:
            cameras, lidars = _recorded_cameras(bag), _recorded_lidars(bag)
        else:
            cameras, lidars = rig_cameras(rig, start_us, end_us), rig_lidars(rig)
    map_from_rig = _way(odometry, stamps_ns, latched.get("tf_static", []))
    users = _road_users(
        objects, _content(latched, "objects_tracks"), _content(latched, "objects_appearance")
    )
    journey = Journey(
        _scene_id(xodr, map_from_rig, start_us),
        (start_us, end_us + 1),
        stamps_us,
        map_from_rig,
        users,
        cameras,
        lidars,
        xodr,
        geo_reference(xodr, f"{directory}: map/opendrive"),
        () if cameras else ("the bag holds no camera's calibration; give --rig",),
        _ego_box(latched),
    )
    return assemble(journey, out)


def _ego_box(latched: dict[str, Any]) -> EgoBox | None:
    if "robot_description" not in latched:
        return None
    base_from_box, size_m = ego_box(latched["robot_description"])
    length, width, height = (float(side) for side in size_m)
    x, y, z = (float(value) for value in base_from_box[:3, 3])
    return EgoBox((length, width, height), (x, y, z))


def _topics(bag: BagReader) -> dict[str, str]:
    """Return row by topic of what a scene is made of; namespaces before the names are allowed."""
    found: dict[str, str] = {}
    for key in _WANTED:
        names = [name.lstrip("/") for name in (TOPICS[key].name, TOPICS[key].formerly) if name]
        fitting = sorted(
            {
                stream.topic
                for stream in bag.streams()
                if stream.messages and any(_last(stream.topic, name) for name in names)
            }
        )
        if len(fitting) > 1:
            raise InputError(
                f"{bag.path} holds {' and '.join(fitting)}; a scene has one ego: record each alone"
            )
        found |= dict.fromkeys(fitting, key)
    return found


def _last(topic: str, name: str) -> bool:
    return topic.lstrip("/") == name or topic.endswith(f"/{name}")


def _read(
    bag: BagReader, topics: dict[str, str]
) -> tuple[dict[int, Any], dict[int, Any], dict[str, Any]]:
    odometry: dict[int, Any] = {}
    objects: dict[int, Any] = {}
    latched: dict[str, Any] = {}
    for topic, stamp_ns, message in bag.messages(list(topics)):
        match topics[topic]:
            case "odometry":
                odometry[stamp_ns] = message
            case "objects":
                objects[stamp_ns] = message
            case "tf_static":
                latched.setdefault("tf_static", []).extend(message.transforms)
            case key:
                latched[key] = message
    return odometry, objects, latched


def _way(odometry: dict[int, Any], stamps_ns: Any, static: list[Any]) -> Matrix:
    """Return map_from_base (N, 4, 4): odometry, taken to the map by the static transforms."""
    parent = odometry[int(stamps_ns[0])].header.frame_id
    tree = TransformTree()
    for t in static:
        v, q = t.transform.translation, t.transform.rotation
        matrix = matrix_from_quaternion((v.x, v.y, v.z), (q.x, q.y, q.z, q.w))
        tree.add(t.header.frame_id, t.child_frame_id, 0, matrix, static=True)
    map_from_odom = np.eye(4) if parent == _MAP else tree.lookup(_MAP, parent)
    return np.array([map_from_odom @ _matrix(odometry[int(s)].pose.pose) for s in stamps_ns])


def _matrix(pose: Any) -> Matrix:
    p, q = pose.position, pose.orientation
    return matrix_from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def _content(latched: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a latched JSON object, empty where the bag has none."""
    if key not in latched:
        return {}
    content = json.loads(latched[key].data)
    return dict(content)


def _road_users(
    objects: dict[int, Any], tracks: dict[str, Any], appearances: dict[str, Any]
) -> tuple[RoadUser, ...]:
    seen: dict[str, _Seen] = {}
    for stamp_ns in sorted(objects):
        for detection in objects[stamp_ns].detections:
            identity, size = str(detection.id), detection.bbox.size
            if identity not in seen:
                label = label_of_class(str(detection.results[0].hypothesis.class_id))
                seen[identity] = _Seen(label, (float(size.x), float(size.y), float(size.z)))
            seen[identity].map_from_box[stamp_ns] = _matrix(detection.bbox.center)
    taken = {track for track in tracks.values() if track}
    return tuple(
        _road_user(one, tracks.get(name) or _free_name(name, taken), appearances.get(name))
        for name, one in seen.items()
    )


def _free_name(actor_id: str, taken: Set[str]) -> str:
    """Return a track's name for an actor of the bag's run that no track of another run has."""
    name = f"actor_{actor_id}"
    while name in taken:
        name += "_"
    return name


def _road_user(seen: _Seen, track_id: str, appearance: dict[str, Any] | None) -> RoadUser:
    stamps = np.array(list(seen.map_from_box), np.int64) // NS_PER_US
    stamps, poses = with_jumps(stamps, np.array(list(seen.map_from_box.values())))
    shown = None
    if appearance is not None:
        colour = appearance["colour"]
        shown = Appearance(appearance["blueprint"], tuple(colour) if colour else None)
    return RoadUser(track_id, seen.label, seen.size_m, stamps, poses, appearance=shown)


def _recorded_cameras(bag: BagReader) -> tuple[SceneCamera, ...]:
    """Return NuRec's cameras of a bag, or CARLA's where it has none of NuRec's."""
    suffix = TOPICS["calibration"].named("")[-len("/calibration") :]
    calibrations = {
        topic.removesuffix(suffix): json.loads(message.data)
        for topic, _, message in bag.messages(
            [s.topic for s in bag.streams() if s.topic.endswith(suffix)]
        )
    }
    nurec = {t: c for t, c in calibrations.items() if c["source"] == "nurec"} or calibrations
    return tuple(_camera(bag, topic, content) for topic, content in nurec.items())


def _camera(bag: BagReader, topic: str, content: dict[str, Any]) -> SceneCamera:
    shutter = shutter_from(content["camera_model"]["parameters"]["shutter_type"])
    close = [stamp // NS_PER_US for _, _, stamp, _ in bag.raw([f"{topic}/camera_info"])]
    open_us = 0 if shutter is Shutter.GLOBAL else round(float(content["shutter_s"]) * 1e6)
    stamps = np.array([[stamp - open_us, stamp] for stamp in close], np.int64).reshape(-1, 2)
    name = str(content["name"])
    return SceneCamera(
        name if name.startswith("camera_") else f"camera_{name}",
        camera_from_json(content["camera_model"]),
        np.array(content["rig_from_camera"], np.float64),
        shutter,
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
