"""Boxes through lenses that bend lines, against corners that are projected one by one."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_fisheye import OpenCVFisheyeCamera
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, rigid, rotation_from_rpy
from carla_nurec_bridge.labels.camera_view import LensView, view_of
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.labels.projection import PinholeView

W, H = 400, 300
PLAIN = OpenCVPinholeCamera.from_fov(W, H, 90.0)
POSE = rigid(rotation_from_rpy((0.02, -0.05, 0.3)) @ BODY_FROM_OPTICAL[:3, :3], (1.0, 2.0, 1.5))
SIZE = (4.0, 2.0, 1.5)
FISHEYE = OpenCVFisheyeCamera(W, H, (200.0, 150.0), (130.0, 130.0), (0.0, 0.0, 0.0, 0.0), 1.5)


def box_at(ahead: float, left: float, yaw: float = 0.4) -> np.ndarray:
    """Return the pose of a box in the camera's own directions."""
    in_camera = np.array([-left, 0.5, ahead, 1.0])
    return rigid(rotation_from_rpy((0.0, 0.0, yaw)), (POSE @ in_camera)[:3])


@pytest.mark.parametrize(("ahead", "left"), [(12.0, 1.0), (6.0, 5.0), (3.0, -2.0), (9.0, 30.0)])
def test_a_straight_lens_gives_what_the_pinhole_gives(ahead: float, left: float) -> None:
    lens, pinhole = LensView(PLAIN, POSE), PinholeView(PLAIN, POSE)
    box = box_at(ahead, left)
    found = lens.clipped_rectangle(lens.box_outline(box, SIZE))
    told = pinhole.clipped_rectangle(pinhole.box_outline(box, SIZE))
    if told is None:
        assert found is None
    else:
        np.testing.assert_allclose(found, told, atol=1e-6)


def test_a_fisheye_box_has_all_points_of_the_solid_and_no_more() -> None:
    """Equidistant: a point at angle a from the axis lies 130 a pixels from the middle."""
    view = LensView(FISHEYE, POSE)
    box = box_at(4.0, 3.0)
    left, top, right, bottom = view.clipped_rectangle(view.box_outline(box, SIZE))
    rng = np.random.default_rng(1)
    faces = rng.uniform(-0.5, 0.5, (60_000, 3))
    side = rng.integers(0, 3, len(faces))
    faces[np.arange(len(faces)), side] = rng.choice([-0.5, 0.5], len(faces))
    x, y, z = view.points(faces * SIZE @ box[:3, :3].T + box[:3, 3]).T
    scale = 130.0 * np.arctan2(np.hypot(x, y), z) / np.hypot(x, y)
    u, v = 200.0 + scale * x, 150.0 + scale * y
    inside = (u > 0) & (u < W) & (v > 0) & (v < H)
    got = (u[inside].min(), v[inside].min(), u[inside].max(), v[inside].max())
    assert got == pytest.approx((left, top, right, bottom), abs=0.6)
    assert left <= got[0] + 0.02
    assert bottom >= got[3] - 0.02


def test_what_is_behind_and_what_is_beside_differ() -> None:
    view = LensView(PLAIN, POSE)
    assert not len(view.box_outline(box_at(-20.0, 0.0), SIZE))
    beside = view.box_outline(box_at(3.0, 60.0), SIZE)
    assert len(beside)
    assert view.clipped_rectangle(beside) is None


def test_plain_pinholes_keep_their_view() -> None:
    def frame(model) -> LabelledFrame:
        blank = np.zeros((H, W), np.uint8)
        depth, ids = blank.astype(np.float32), blank.astype(np.int32)
        return LabelledFrame("cam", model, 0, np.zeros((H, W, 3), np.uint8), depth, blank, ids)

    assert isinstance(view_of(frame(PLAIN)), PinholeView)
    assert isinstance(view_of(frame(FISHEYE)), LensView)
