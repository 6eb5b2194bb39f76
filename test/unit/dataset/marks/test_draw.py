"""What marks look like in an image."""

from __future__ import annotations

import numpy as np
import pytest
from small_dataset import HEIGHT, MODEL, WIDTH, frame_of, mask_of

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.frames import rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.marks.box_edges import box_edges
from carla_nurec_bridge.dataset.marks.draw import STYLES, MarkedFrame, draw_marks, mark_colour
from carla_nurec_bridge.dataset.marks.labels import MarkLabel
from carla_nurec_bridge.dataset.truth import Box3D


def marked(labels=()):
    one = frame_of("front", 0).objects[0]
    edges = {1: box_edges(one.box_camera, MODEL)}
    return MarkedFrame((WIDTH, HEIGHT), {1: one}, labels, edges)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_label_is_read_on_any_background(style, level):
    image = np.full((HEIGHT * 8, WIDTH * 8, 3), level, np.uint8)
    label = MarkLabel(17, (60.0, 4.0, 70.0, 10.0), (30.0, 40.0), led=True)
    drawn = draw_marks(image, marked([label]), style)
    plate = drawn[4 * 8 : 10 * 8, 60 * 8 : 70 * 8].astype(float).mean(axis=2)
    assert plate.min() < 30
    assert plate.max() > 225
    assert 0.05 < (plate > 200).mean() < 0.5


def test_the_mask_style_tints_the_pixels_of_the_mask():
    image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    drawn = draw_marks(image, marked(), "mask")
    changed = (drawn != image).any(axis=2)
    mask = mask_of(1, 0)
    assert changed[mask].all()
    near = np.zeros_like(mask)
    rows, columns = np.nonzero(mask)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            near[rows + dy, columns + dx] = True
    assert not changed[~near].any()


@pytest.mark.parametrize("size", [(WIDTH // 2, HEIGHT // 2), (WIDTH * 3, HEIGHT * 2)])
def test_a_twin_of_another_size_has_its_boxes_scaled(size):
    image = np.full((size[1], size[0], 3), 255, np.uint8)
    drawn = draw_marks(image, marked(), "2d")
    rows, columns = np.nonzero((drawn != image).any(axis=2))
    x, y, width, height = marked().objects[1].box_visible_px
    sx, sy = size[0] / WIDTH, size[1] / HEIGHT
    assert columns.min() == pytest.approx(x * sx, abs=3)
    assert columns.max() == pytest.approx((x + width) * sx, abs=3)
    assert rows.min() == pytest.approx(y * sy, abs=3)
    assert rows.max() == pytest.approx((y + height) * sy, abs=3)


def test_the_given_image_stays_as_it_is():
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    draw_marks(image, marked([MarkLabel(1, (2.0, 2.0, 20.0, 14.0), (40.0, 40.0), led=True)]), "3d")
    assert not image.any()


def test_the_first_colours_differ():
    colours = np.array([mark_colour(mark) for mark in range(1, 13)], float)
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=2)
    assert apart[~np.eye(12, dtype=bool)].min() > 40


def test_edges_end_where_the_camera_matrix_puts_the_corners():
    box = Box3D.in_camera(rigid(rotation_from_rpy((0.1, 0.2, 0.3)), (0.5, 0.2, 9.0)), (4, 2, 1.5))
    model = OpenCVPinholeCamera.from_fov(640, 480, 90.0)
    lines = box_edges(box, model)
    pose = box.frame_from_box()
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    corners = signs * np.array([4, 2, 1.5]) / 2 @ pose[:3, :3].T + pose[:3, 3]
    expected = 320 * corners[:, :2] / corners[:, 2:] + (320, 240)
    ends = np.array([end for line in lines for end in (line[0], line[-1])])
    assert len(lines) == 12
    nearest = np.linalg.norm(ends[:, None] - expected[None], axis=2).min(axis=1)
    assert nearest.max() < 1e-6


def test_what_lies_behind_the_camera_is_not_mirrored_into_the_image():
    box = Box3D.in_camera(rigid(np.eye(3), (0.0, 1.0, 0.0)), (2.0, 1.0, 8.0))
    model = OpenCVPinholeCamera.from_fov(640, 480, 90.0)
    lines = box_edges(box, model)
    assert lines
    assert all((line[:, 1] > 240).all() for line in lines)
