"""nuScenes: tables in ``v1.0-carla``, and images in ``samples/CAMERA``; a sample is a frame."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...core.frames import Matrix, invert, quaternion_from_rotation
from ...world.object_classes import VEHICLES, ObjectClass
from ..truth import ObjectTruth
from .images import copy_image, write_png
from .labelled_image import LabelledImage

Row = dict[str, Any]

VERSION = "v1.0-carla"
CATEGORIES = {
    ObjectClass.CAR: "vehicle.car",
    ObjectClass.VAN: "vehicle.car",
    ObjectClass.TRUCK: "vehicle.truck",
    ObjectClass.BUS: "vehicle.bus.rigid",
    ObjectClass.MOTORCYCLE: "vehicle.motorcycle",
    ObjectClass.BICYCLE: "vehicle.bicycle",
    ObjectClass.PEDESTRIAN: "human.pedestrian.adult",
    ObjectClass.PROP: "movable_object.debris",
    ObjectClass.TRAFFIC_LIGHT: "static_object.traffic_light",
    ObjectClass.TRAFFIC_SIGN: "static_object.traffic_sign",
    ObjectClass.OTHER: "movable_object.debris",
}
VISIBILITIES = {"v0-40": 0.0, "v40-60": 0.4, "v60-80": 0.6, "v80-100": 0.8}
"""Levels, and the visible fraction from which on each holds."""
UNKNOWN_POINTS = -1
"""How many points a lidar has on an object: the tools drop objects with 0."""
_MOVING_MPS = 0.5
_PLAIN_TABLES = ("sensor", "calibrated_sensor", "ego_pose", "log", "scene", "sample")
_MAP = "maps/empty.png"


def token_of(*names: object) -> str:
    """Return the token of what has these names: the same in every export."""
    return hashlib.md5("/".join(map(str, names)).encode(), usedforsecurity=False).hexdigest()


def write_nuscenes(labelled_images: Iterable[LabelledImage], out: Path) -> None:
    """Write the tables and the images; parts of the split are in ``splits.json``."""
    tables: defaultdict[str, list[Row]] = defaultdict(list)
    for table in (*_PLAIN_TABLES, "sample_data", "instance", "sample_annotation"):
        tables[table] = []
    for name in sorted(set(CATEGORIES.values())):
        tables["category"].append({"token": token_of(name), "name": name, "description": ""})
    for name in ("vehicle.moving", "vehicle.stopped", "pedestrian.moving", "pedestrian.standing"):
        tables["attribute"].append({"token": token_of(name), "name": name, "description": ""})
    for number, level in enumerate(VISIBILITIES, 1):
        tables["visibility"].append({"token": str(number), "level": level, "description": ""})
    splits: defaultdict[str, list[str]] = defaultdict(list)
    for name, group in groupby(labelled_images, key=lambda labelled: labelled.scenario.name):
        views = list(group)
        splits[views[0].part].append(name)
        _write_scene(name, views, out, tables)
    logs = [row["token"] for row in tables["log"]]
    tables["map"].append(
        {"token": token_of(_MAP), "log_tokens": logs, "category": "none", "filename": _MAP}
    )
    write_png(out / _MAP, np.zeros((1, 1), np.uint8))
    (out / VERSION).mkdir()
    for table, rows in (*tables.items(), ("splits", splits)):
        (out / VERSION / f"{table}.json").write_text(json.dumps(rows, indent=0), encoding="utf-8")


def _write_scene(
    name: str, views: Sequence[LabelledImage], out: Path, tables: defaultdict[str, list[Row]]
) -> None:
    """Add a scenario: a sample for each frame, which all its cameras and objects belong to."""
    by_frame: defaultdict[int, list[LabelledImage]] = defaultdict(list)
    for view in views:
        by_frame[view.truth.number].append(view)
    samples = [
        {
            "token": token_of(name, number),
            "timestamp": frame[0].truth.stamp_ns // 1000,
            "scene_token": token_of(name),
        }
        for number, frame in sorted(by_frame.items())
    ]
    tables["sample"] += _linked(samples)
    tables["log"].append(
        {
            "token": token_of("log", name),
            "logfile": name,
            "vehicle": "",
            "date_captured": "",
            "location": views[0].scenario.truth.map_name,
        }
    )
    tables["scene"].append(
        {
            "token": token_of(name),
            "log_token": token_of("log", name),
            "nbr_samples": len(samples),
            "first_sample_token": samples[0]["token"],
            "last_sample_token": samples[-1]["token"],
            "name": name,
            "description": "",
        }
    )
    for camera, images in groupby(views, key=lambda view: view.truth.camera):
        tables["sample_data"] += _linked([_image(view, out, tables) for view in images])
        _add_sensor(camera, next(v for v in views if v.truth.camera == camera), tables)
    tracks: defaultdict[int, list[tuple[int, ObjectTruth]]] = defaultdict(list)
    for number, frame in sorted(by_frame.items()):
        for one in _seen(frame):
            tracks[one.track_id].append((number, one))
    for track, moments in sorted(tracks.items()):
        rows = _linked([_annotation(name, number, one) for number, one in moments])
        tables["sample_annotation"] += rows
        tables["instance"].append(
            {
                "token": token_of(name, "track", track),
                "category_token": token_of(CATEGORIES[moments[0][1].object_class]),
                "nbr_annotations": len(rows),
                "first_annotation_token": rows[0]["token"],
                "last_annotation_token": rows[-1]["token"],
            }
        )


def _linked(rows: list[Row]) -> list[Row]:
    """Return rows that know the one before and the one after."""
    for row in rows:
        row |= {"prev": "", "next": ""}
    for row, following in pairwise(rows):
        row["next"], following["prev"] = following["token"], row["token"]
    return rows


def _seen(frame: Sequence[LabelledImage]) -> Iterator[ObjectTruth]:
    """Yield each object that a camera of a frame has to learn from, as seen best."""
    best: dict[int, ObjectTruth] = {}
    for one in (one for view in frame for one in view.truth.kept(scenery=True)):
        before = best.setdefault(one.track_id, one)
        if one.visible_fraction > before.visible_fraction:
            best[one.track_id] = one
    yield from (best[track] for track in sorted(best))


def _add_sensor(camera: str, view: LabelledImage, tables: defaultdict[str, list[Row]]) -> None:
    """Add a camera's place on the ego, or in the map where nobody carries it."""
    sensor = token_of("sensor", camera)
    if all(row["token"] != sensor for row in tables["sensor"]):
        tables["sensor"].append({"token": sensor, "channel": camera, "modality": "camera"})
    tables["calibrated_sensor"].append(
        {
            "token": token_of(view.scenario.name, camera),
            "sensor_token": sensor,
            **_place(view.calibration.rig_from_camera.matrix()),
            "camera_intrinsic": view.pinhole("nuScenes").tolist(),
        }
    )


def _image(view: LabelledImage, out: Path, tables: defaultdict[str, list[Row]]) -> Row:
    truth, scenario = view.truth, view.scenario.name
    token = token_of(view.stem)
    stem = out / "samples" / truth.camera / f"{scenario}__{truth.camera}__{truth.number:06d}"
    file = copy_image(view.path("rgb"), stem)
    stamp_us = truth.stamp_ns // 1000
    map_from_rig = view.map_from_camera @ invert(view.calibration.rig_from_camera.matrix())
    tables["ego_pose"].append({"token": token, "timestamp": stamp_us, **_place(map_from_rig)})
    return {
        "token": token,
        "sample_token": token_of(scenario, truth.number),
        "ego_pose_token": token,
        "calibrated_sensor_token": token_of(scenario, truth.camera),
        "timestamp": stamp_us,
        "fileformat": file.suffix[1:],
        "is_key_frame": True,
        "height": truth.height,
        "width": truth.width,
        "filename": file.relative_to(out).as_posix(),
    }


def _annotation(scenario: str, number: int, one: ObjectTruth) -> Row:
    """Return an object's box in the map: size as width, length, height."""
    length, width, height = one.box_map.size_m
    levels = [least <= one.visible_fraction for least in VISIBILITIES.values()]
    attribute = _attribute(one)
    return {
        "token": token_of(scenario, number, "track", one.track_id),
        "sample_token": token_of(scenario, number),
        "instance_token": token_of(scenario, "track", one.track_id),
        "visibility_token": str(sum(levels)),
        "attribute_tokens": [] if attribute is None else [token_of(attribute)],
        **_place(one.box_map.frame_from_box()),
        "size": [width, length, height],
        "num_lidar_pts": UNKNOWN_POINTS,
        "num_radar_pts": 0,
    }


def _attribute(one: ObjectTruth) -> str | None:
    """Return whether it moves, None where nobody knows or nuScenes has no word."""
    if one.velocity_map_mps is None:
        return None
    moving = float(np.linalg.norm(one.velocity_map_mps)) > _MOVING_MPS
    if one.object_class is ObjectClass.PEDESTRIAN:
        return "pedestrian.moving" if moving else "pedestrian.standing"
    cycles = (ObjectClass.MOTORCYCLE, ObjectClass.BICYCLE)
    if one.object_class in VEHICLES and one.object_class not in cycles:
        return "vehicle.moving" if moving else "vehicle.stopped"
    return None


def _place(a_from_b: Matrix) -> Row:
    """Return a pose as nuScenes writes it: the quaternion is w, x, y, z."""
    x, y, z, w = quaternion_from_rotation(a_from_b[:3, :3]).tolist()
    return {"translation": a_from_b[:3, 3].tolist(), "rotation": [w, x, y, z]}
