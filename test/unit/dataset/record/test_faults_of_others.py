"""Faults that CARLA's tutorial and NVIDIA's pipeline have in what they label: none is ours.

Those of files lie beside the formats (`test_smart_city.py`, `test_coco.py`, `test_odvg_files.py`),
those of events in `test_events.py`, those of turning cameras in `test_live_dataset.py`.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.record.frame_truth import LabelLimits, frame_truth
from carla_nurec_bridge.dataset.record.images import images_of
from carla_nurec_bridge.dataset.record.tracks import Tracks
from carla_nurec_bridge.dataset.record.visibility import by_lattice
from carla_nurec_bridge.dataset.store.images import IMAGES
from carla_nurec_bridge.dataset.truth import FrameTruth, Rejection
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.labels.projection import PinholeView
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState

W, H = 800, 600
MODEL = OpenCVPinholeCamera.from_fov(W, H, 90.0)  # the tutorial's camera
NAN = np.full(3, np.nan)
CAR = 14


def car(actor_id: int, x: float, y: float, yaw: float = 0.0, side_m: float = 2.0) -> ActorState:
    actor = Actor(actor_id, "", ObjectClass.CAR, (side_m, side_m, side_m))
    return ActorState(actor, rigid(rotation_from_rpy((0, 0, yaw)), (x, y, 0.0)), NAN, NAN, NAN)


def seen(
    ids: np.ndarray, *cars: ActorState, depth_m: float = 10.0
) -> tuple[LabelledFrame, FrameTruth]:
    """Return a frame of a camera in the map's origin that looks along x, and its truth."""
    tags = np.where(ids > 0, CAR, 1).astype(np.uint8)
    depth = np.full((H, W), depth_m, np.float32)
    rgb = np.zeros((H, W, 3), np.uint8)
    pose = BODY_FROM_OPTICAL.copy()
    frame = LabelledFrame("cam", MODEL, 0, rgb, depth, tags, ids, None, pose, cars)
    tracks = Tracks(None)
    tracks.update(0, cars, {})
    return frame, frame_truth(frame, 0, tracks.by_actor, LabelLimits(), by_lattice)


@pytest.mark.parametrize(
    ("ahead_m", "right_m", "up_m", "pixel"),
    [
        (10.0, 0.0, 0.0, (400.0, 300.0)),  # the tutorial's formula says -10.0, 793.8
        (10.0, 5.0, 0.0, (600.0, 300.0)),  # -8.1, 793.1
        (20.0, 0.0, 5.0, (400.0, 200.0)),
    ],
)
def test_a_point_of_the_world_comes_to_its_pixel(ahead_m, right_m, up_m, pixel):
    view = PinholeView(MODEL, BODY_FROM_OPTICAL.copy())
    point = view.points(np.array([[ahead_m, -right_m, up_m]]))
    assert view.pixels(point)[0] == pytest.approx(pixel)


def test_what_is_behind_the_camera_is_not_in_the_image_before_it():
    _, truth = seen(np.zeros((H, W), np.int32), car(7, -10.0, 2.0))
    (one,) = truth.objects
    assert one.ignored is Rejection.BEHIND
    assert one.box_amodal_px is None
    assert one.mask is None


def test_cars_that_touch_are_two_and_one_behind_a_pole_stays_one():
    # Connected components of a class would make one object of the first two, two of the third.
    ids = np.zeros((H, W), np.int32)
    ids[280:320, 300:340] = 7
    ids[280:320, 340:380] = 40753
    ids[280:320, 500:520] = ids[280:320, 530:550] = 300
    _, truth = seen(ids, car(7, 10.0, 2.0), car(300, 10.0, -3.0), car(40753, 10.0, 1.0))
    pixels = {one.actor_id: one.visible_px for one in truth.objects}
    assert pixels == {7: 1600, 300: 1600, 40753: 1600}
    split = next(one for one in truth.objects if one.actor_id == 300)
    assert split.box_visible_px == (500, 280, 50, 40)
    assert np.array_equal(split.mask.pixels(), ids == 300)


def test_a_box_ends_where_its_object_does_and_a_neighbour_does_not_leak_in():
    ids = np.zeros((H, W), np.int32)
    ids[100:110, 200:210], ids[100:110, 210:220] = 7, 9
    _, truth = seen(ids, car(7, 10.0, 0.0), car(9, 10.0, -2.0))
    left, right = truth.objects
    assert left.box_visible_px == (200, 100, 10, 10)
    assert right.box_visible_px == (210, 100, 10, 10)
    x, y, width, height = map(int, left.box_visible_px)
    assert (ids[y : y + height, x : x + width] == 7).all()


def test_run_lengths_are_text_that_json_takes():
    ids = np.zeros((H, W), np.int32)
    ids[100:110, 200:210] = 7
    _, truth = seen(ids, car(7, 10.0, 0.0))
    coded = json.loads(json.dumps(truth.objects[0].mask.coco()))
    assert coded["size"] == [H, W]
    assert np.array_equal(coco_mask.decode(coded), ids == 7)


def test_a_yaw_is_the_same_wherever_its_object_stands():
    # The pipeline's rotation is the bearing from the camera.
    ids = np.zeros((H, W), np.int32)
    yaws = []
    for right_m in (-5.0, 0.0, 5.0):
        _, truth = seen(ids, car(7, 10.0, -right_m, yaw=0.5))
        yaws.append(truth.objects[0].box_camera.yaw_rad)
        assert truth.objects[0].box_map.yaw_rad == pytest.approx(0.5)
    assert yaws == pytest.approx([-0.5 - np.pi / 2] * 3)


@pytest.mark.parametrize("metres", [0.5, 65.535, 65.536, 70.0, 100.0, 999.9])
def test_depth_beyond_65_m_does_not_wrap(tmp_path, metres):
    frame, _ = seen(np.zeros((H, W), np.int32), depth_m=metres)
    path = tmp_path / "depth.tiff"
    path.write_bytes(IMAGES["depth"].encode(images_of(frame)["depth"]))
    assert (IMAGES["depth"].decode(path) == np.float32(metres)).all()


def test_all_16_bits_of_an_id_come_back(tmp_path):
    ids = np.zeros((H, W), np.int32)
    ids[0, :4] = 255, 256, 40753, 65535
    frame, _ = seen(ids)
    path = tmp_path / "ids.png"
    path.write_bytes(
        IMAGES["instance_segmentation"].encode(images_of(frame)["instance_segmentation"])
    )
    assert IMAGES["instance_segmentation"].decode(path)[0, :4].tolist() == [255, 256, 40753, 65535]


def test_every_class_is_its_own_in_the_images_road_too(tmp_path):
    frame, _ = seen(np.zeros((H, W), np.int32))
    frame.tags[0, :29] = np.arange(29)
    path = tmp_path / "tags.png"
    images = images_of(frame)
    path.write_bytes(IMAGES["semantic_segmentation"].encode(images["semantic_segmentation"]))
    assert IMAGES["semantic_segmentation"].decode(path)[0, :29].tolist() == list(range(29))
