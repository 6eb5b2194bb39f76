"""What comes back of an export is what the format can hold; all else, `export.json` says.

Every field of an object is, for each format, read back and compared, or follows from those that
are, or has its word in what the format cannot hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from pycocotools import mask as coco_mask
from small_dataset import CAST, FRAMES, HEIGHT, MAP_FROM_CAMERA, WIDTH, frame_of

from carla_nurec_bridge.core.frames import matrix_from_carla, matrix_from_quaternion
from carla_nurec_bridge.dataset.truth import Box3D, FrameTruth, ObjectTruth

CAMERA = "left"
FIRST = FRAMES + 1
"""The number of this camera's first image: those of the front camera come before it."""
FIELDS = set(ObjectTruth.model_fields)
Row = dict[str, Any]


def with_pixels(truth: FrameTruth) -> list[ObjectTruth]:
    return [one for one in truth.objects if one.mask is not None]


def kept(truth: FrameTruth) -> list[ObjectTruth]:
    return [one for one in with_pixels(truth) if one.ignored is None]


def coco(out: Path, number: int) -> list[Row]:
    text = json.loads((out / "annotations/instances_train.json").read_text())
    names = {one["id"]: one["name"] for one in text["categories"]}
    return [
        {
            **one["attributes"],
            "object_class": names[one["category_id"]],
            "box_visible_px": one["bbox"],
            "visible_px": one["area"],
            "mask": coco_mask.decode(one["segmentation"]),
            **{n: box_of(one["attributes"][n]) for n in ("box_camera", "box_map")},
        }
        for one in text["annotations"]
        if one["image_id"] == FIRST + number
    ]


def box_of(values: Row) -> tuple[np.ndarray, list[float]]:
    return matrix_from_quaternion(values["centre_m"], values["quaternion_xyzw"]), values["size_m"]


def panoptic(out: Path, number: int) -> list[Row]:
    text = json.loads((out / "annotations/panoptic_train.json").read_text())
    names = {one["id"]: one["name"] for one in text["categories"]}
    (entry,) = [one for one in text["annotations"] if one["image_id"] == FIRST + number]
    rgb = np.array(Image.open(out / "annotations/panoptic_train" / entry["file_name"]))
    ids = rgb.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
    return [
        {
            "track_id": one["track_id"],
            "object_class": names[one["category_id"]],
            "mask": ids == one["id"],
            "box_visible_px": one["bbox"],
            "visible_px": one["area"],
        }
        for one in entry["segments_info"]
        if "track_id" in one
    ]


def odvg(out: Path, number: int) -> list[Row]:
    return odvg_rows(out / f"train/one/{CAMERA}/odvg/odvg_{number:012d}.json", "category")


def smart_city(out: Path, number: int) -> list[Row]:
    folder = out / f"CARLA/run/scenario_one_{CAMERA}"
    return odvg_rows(folder / f"odvg/odvg_{number:012d}.json", "object_class")


def odvg_rows(path: Path, class_key: str) -> list[Row]:
    rows = []
    for one in json.loads(path.read_text())["detections"]["instances"]:
        left, top, right, bottom = one["bbox_2d"]
        box, world = one["bbox_3d"], one["bbox_3d_world"]
        centre = [box["center"][axis] for axis in "xyz"]
        turn = [world["rotation"][name] for name in ("pitch", "yaw", "roll")]
        rows.append(
            {
                "track_id": one["track_id"],
                "object_class": one[class_key],
                "actor_id": None if one["object-id"] < 0 else one["object-id"],
                "pixel_id": one["pixel_id"],
                "blueprint": one["blueprint_id"],
                "colour_rgb": one["vehicle_color"],
                "box_visible_px": [left, top, right - left + 1, bottom - top + 1],
                "mask": coco_mask.decode(one["mask_rle"]),
                "visible_fraction": one["visible_fraction"],
                "truncation": one["truncation"],
                "ignored": one["ignored"],
                "box_camera": (
                    matrix_from_quaternion(centre, box["quaternion_xyzw"]),
                    list(box["dimensions"].values()),
                ),
                "box_map": (
                    matrix_from_carla([world["center"][axis] for axis in "xyz"], turn),
                    list(world["dimensions"].values()),
                ),
                "distance_m": box["distance_to_camera"],
            }
        )
    return rows


def kitti(out: Path, number: int) -> list[Row]:
    rows = []
    text = (out / f"training/label_2/{FIRST + number - 1:06d}.txt").read_text()
    for kind, *columns in map(str.split, text.splitlines()):
        if kind == "DontCare":
            continue
        truncated, _, _, *numbers = map(float, columns)
        left, top, right, bottom, height, width, length, x, y, z, turn = numbers
        pose = np.eye(4)  # the box's axes: ahead, left, up
        pose[:3, 0] = np.cos(turn), 0.0, -np.sin(turn)
        pose[:3, 2] = 0.0, -1.0, 0.0
        pose[:3, 1] = np.cross(pose[:3, 2], pose[:3, 0])
        pose[:3, 3] = x, y - height / 2, z
        rows.append(
            {
                "truncation": truncated,
                "box_visible_px": [left, top, right - left + 1, bottom - top + 1],
                "box_camera": (pose, [length, width, height]),
            }
        )
    return rows


def yolo(out: Path, number: int) -> list[Row]:
    names = yaml.safe_load((out / "data.yaml").read_text())["names"]
    rows = []
    text = (out / f"labels/train/one/{CAMERA}/{number:06d}.txt").read_text()
    for line in text.splitlines():
        kind, x, y, width, height = map(float, line.split())
        left, top = (x - width / 2) * WIDTH, (y - height / 2) * HEIGHT
        rows.append(
            {
                "object_class": names[int(kind)],
                "box_visible_px": [left, top, width * WIDTH, height * HEIGHT],
            }
        )
    return rows


def mot(out: Path, number: int) -> list[Row]:
    rows = []
    for line in (out / f"train/one-{CAMERA}/gt/gt.txt").read_text().splitlines():
        frame, track, x, y, width, height, _, _, seen = map(float, line.split(","))
        if frame == number + 1:
            rows.append(
                {
                    "track_id": int(track),
                    "box_visible_px": [x - 1, y - 1, width, height],
                    "visible_fraction": seen,
                }
            )
    return rows


def nuscenes(out: Path, number: int) -> list[Row]:
    tables = {
        name: json.loads((out / f"v1.0-carla/{name}.json").read_text())
        for name in ("scene", "sample", "sample_annotation")
    }
    (scene,) = [one for one in tables["scene"] if one["name"] == "one"]
    samples = [one for one in tables["sample"] if one["scene_token"] == scene["token"]]
    sample = sorted(samples, key=lambda one: one["timestamp"])[number]
    rows = []
    for one in tables["sample_annotation"]:
        if one["sample_token"] == sample["token"]:
            w, x, y, z = one["rotation"]
            width, length, height = one["size"]
            pose = matrix_from_quaternion(one["translation"], (x, y, z, w))
            rows.append({"box_map": (pose, [length, width, height])})
    return rows


@dataclass(frozen=True)
class Holds:
    """Reads rows of a frame; which objects they are; what follows of them; what is lost."""

    read: Callable[[Path, int], list[Row]]
    objects: Callable[[FrameTruth], list[ObjectTruth]]
    follows: set[str] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)


def named(word: str, *fields: str) -> dict[str, str]:
    return dict.fromkeys(fields, word)


IDS = named(
    "actors' ids, blueprints, colours",
    "actor_id",
    "recorded_id",
    "pixel_id",
    "blueprint",
    "colour_rgb",
)
ODVG = named(
    "recorded ids, amodal boxes, velocities, riders' pixels",
    "recorded_id",
    "box_amodal_px",
    "velocity_map_mps",
    "rider_px",
)


def all_but(word: str, held: set[str]) -> dict[str, str]:
    return named(word, *(FIELDS - held))


HELD = {
    "coco": Holds(coco, with_pixels),
    "panoptic": Holds(
        panoptic,
        with_pixels,
        lost=all_but(
            "all of an object but its class, track, pixels",
            {"track_id", "object_class", "mask", "box_visible_px", "visible_px"},
        ),
    ),
    "odvg": Holds(odvg, with_pixels, {"visible_px"}, ODVG),
    "smart-city": Holds(smart_city, kept, {"visible_px"}, ODVG),
    "kitti": Holds(
        kitti,
        kept,
        {"distance_m"},
        {
            **IDS,
            **named("masks, amodal boxes", "mask", "box_amodal_px", "visible_px", "rider_px"),
            **named("tracks, velocities, poses", "track_id", "velocity_map_mps", "box_map"),
            "object_class": "they are Misc",
            "ignored": "of ignored objects all but the box",
            "visible_fraction": "visible fractions but as three steps",
        },
    ),
    "yolo": Holds(
        yolo,
        kept,
        lost=all_but(
            "all of an object but its class and visible box", {"object_class", "box_visible_px"}
        ),
    ),
    "mot": Holds(
        mot,
        with_pixels,
        lost={
            **all_but(
                "all of an object but its track, class, visible box and visible fraction",
                {"track_id", "box_visible_px", "visible_fraction"},
            ),
            "object_class": "vans, trucks and buses as such",
            "ignored": "why an object is ignored",
        },
    ),
    "nuscenes": Holds(
        nuscenes,
        kept,
        {"track_id", "box_camera", "distance_m"},
        {
            **IDS,
            **named(
                "masks and boxes in images, truncation",
                *(
                    "mask",
                    "box_amodal_px",
                    "box_visible_px",
                    "visible_px",
                    "rider_px",
                    "truncation",
                ),
            ),
            "velocity_map_mps": "velocities (its tools take them from the places)",
            "object_class": "vans as such",
            "ignored": "objects that no camera is to learn from",
            "visible_fraction": "visible fractions but as four steps",
        },
    ),
}


def compare(name: str, read: Any, one: ObjectTruth) -> None:
    true = getattr(one, name)
    if isinstance(true, Box3D):
        assert np.allclose(read[0], true.frame_from_box(), atol=2e-3)
        assert read[1] == pytest.approx(true.size_m, abs=1e-4)
    elif name == "mask":
        assert np.array_equal(np.asarray(read, bool), true.pixels())
    elif isinstance(true, float | tuple):
        assert read == pytest.approx(true, abs=6e-3)
    else:
        assert read == true


@pytest.mark.parametrize("name", HELD)
def test_what_a_format_holds_comes_back_and_all_else_is_said(exported, name):
    out, form = exported(name), HELD[name]
    told = "; ".join(json.loads((out / "export.json").read_text())["cannot_hold"])
    for number in range(FRAMES):
        truth = form.objects(frame_of(CAMERA, number))
        rows = form.read(out, number)
        assert len(rows) == len(truth)
        if name == "nuscenes":  # a table has no order
            rows.sort(key=lambda row: row["box_map"][1])
            truth.sort(key=lambda one: one.box_map.size_m)
        for row, one in zip(rows, truth, strict=True):
            for name_of_field, value in row.items():
                compare(name_of_field, value, one)
            assert set(row) | form.follows | set(form.lost) == FIELDS
            assert not set(row) & set(form.lost)
    for word in form.lost.values():
        assert word in told


def test_the_table_knows_every_format_and_the_set_has_every_kind_of_object():
    from carla_nurec_bridge.dataset.export.formats import FORMATS

    assert set(HELD) == set(FORMATS)
    assert len(with_pixels(frame_of(CAMERA, 0))) == len(CAST) - 1
    assert len(kept(frame_of(CAMERA, 0))) == len(CAST) - 2
    assert np.allclose(MAP_FROM_CAMERA[CAMERA][2, :3], (0.0, -1.0, 0.0)), "KITTI's is level"
