"""Values of a frame's truth: masks, boxes and places keep what they hold through JSON."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from carla_nurec_bridge.core.frames import OPTICAL_FROM_BODY, rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.truth import Box3D, FrameTruth, Mask, RigidTransform


def test_a_mask_with_a_hole_keeps_every_pixel():
    ring = np.zeros((40, 60), bool)
    ring[5:35, 10:50] = True
    ring[15:25, 20:40] = False
    mask = Mask.model_validate_json(Mask.of(ring).model_dump_json())
    assert np.array_equal(mask.pixels(), ring)
    assert coco_mask.area(mask.coco()) == ring.sum() == 30 * 40 - 10 * 20
    assert coco_mask.toBbox(mask.coco()).tolist() == [10, 5, 40, 30]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_run_lengths_are_read_as_pycocotools_reads_them(share):
    random = np.random.default_rng(7)
    pixels = random.random((61, 83)) < share
    mask = Mask.of(pixels)
    assert np.array_equal(mask.pixels(), pixels)
    assert np.array_equal(coco_mask.decode(mask.coco()), pixels)
    coded = coco_mask.encode(np.asfortranarray(pixels, np.uint8))
    assert mask.counts == coded["counts"].decode()


def test_a_mask_one_pixel_wide_is_not_lost():
    line = np.zeros((20, 20), bool)
    line[3:17, 8] = True
    assert np.array_equal(Mask.of(line).pixels(), line)


@pytest.mark.parametrize("yaw", [-2.5, 0.0, 0.4, 3.1])
def test_the_yaw_of_a_box_is_its_own_not_its_bearing(yaw):
    map_from_box = rigid(rotation_from_rpy((0, 0, yaw)), (30.0, -12.0, 1.0))
    box = Box3D.in_map(map_from_box, (4.5, 1.9, 1.5))
    assert box.yaw_rad == pytest.approx(yaw)
    assert np.allclose(box.frame_from_box(), map_from_box)


@pytest.mark.parametrize(
    ("yaw", "kitti"), [(0.0, -np.pi / 2), (np.pi / 2, np.pi), (-np.pi / 2, 0.0), (np.pi, np.pi / 2)]
)
def test_the_yaw_in_a_camera_is_kittis(yaw, kitti):
    # A camera that looks along x of the map: a box that heads away from it has -pi/2 in KITTI.
    camera_from_box = OPTICAL_FROM_BODY @ rigid(rotation_from_rpy((0, 0, yaw)), (20.0, 0, 0))
    turn = Box3D.in_camera(camera_from_box, (4.5, 1.9, 1.5)).yaw_rad - kitti
    assert np.cos(turn) == pytest.approx(1.0)


def test_a_placement_is_the_matrix_that_it_was_made_of():
    matrix = rigid(rotation_from_rpy((0.1, -0.2, 2.0)), (1.0, 2.0, 3.0))
    again = RigidTransform.model_validate_json(RigidTransform.of(matrix).model_dump_json())
    assert np.allclose(again.matrix(), matrix)


def test_a_field_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="Extra inputs"):
        FrameTruth.model_validate_json(
            '{"camera": "a", "number": 0, "stamp_ns": 0, "width": 2, "height": 2, "objects": [],'
            ' "score": 1}'
        )


@pytest.mark.parametrize("seed", range(6))
def test_the_mask_of_a_part_is_what_pycocotools_makes_of_the_whole(seed):
    random = np.random.default_rng(seed)
    whole = np.zeros((23, 31), bool)
    left, top = (0, 0) if seed == 0 else random.integers(0, 10, 2).tolist()
    part = whole[top : top + 13, left : left + 20]
    part[:] = random.random(part.shape) < 0.6
    if seed == 1:
        whole[:] = True  # runs that go on from column to column
        part, left, top = whole, 0, 0
    mask = Mask.of_part(part, left, top, whole.shape)
    assert mask.counts.encode() == coco_mask.encode(np.asfortranarray(whole, np.uint8))["counts"]
