"""The HD map and the agreement of masks with boxes, against projections by OpenCV."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, matrix_from_xyz_rpy
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.cosmos.hdmap.content import (
    BOX_COLOURS,
    LINE_COLOURS,
    Fixture,
    HdMap,
    hd_map,
)
from carla_nurec_bridge.cosmos.hdmap.painter import HdMapPainter
from carla_nurec_bridge.labels.agreement import Agreement
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.labels.projection import PinholeView
from carla_nurec_bridge.opendrive import parse, read_opendrive
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState

WIDTH, HEIGHT = 320, 180
MODEL = OpenCVPinholeCamera.from_fov(WIDTH, HEIGHT, 90.0)
CAMERA = matrix_from_xyz_rpy((0.0, 0.0, 1.5), (0.0, 0.0, 0.0)) @ BODY_FROM_OPTICAL
CAR_SIZE = (4.4, 1.8, 1.5)
NOTHING = HdMap(np.zeros((0, 2, 3)), np.zeros((0, 3), np.uint8), np.zeros(0), (), ())


def car(x: float, y: float, yaw: float = 0.3, number: int = 5) -> ActorState:
    pose = matrix_from_xyz_rpy((x, y, 0.75), (0.0, 0.0, yaw))
    actor = Actor(number, "", ObjectClass.CAR, CAR_SIZE)
    return ActorState(actor, pose, *np.zeros((3, 3)))


def by_opencv(points: np.ndarray) -> np.ndarray:
    camera_from_map = np.linalg.inv(CAMERA)
    rotation, _ = cv2.Rodrigues(camera_from_map[:3, :3])
    (fx, fy), (cx, cy) = MODEL.focal_length, MODEL.principal_point
    k = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    pixels, _ = cv2.projectPoints(points, rotation, camera_from_map[:3, 3], k, None)
    return pixels[:, 0]


def frame(*boxes: ActorState, depth_m: float = np.inf) -> LabelledFrame:
    """A frame whose ids are the convex outlines of the boxes, as OpenCV projects them."""
    ids = np.zeros((HEIGHT, WIDTH), np.int32)
    for box in boxes:
        hull = cv2.convexHull(by_opencv(box.box.corners()).astype(np.float32))
        cover = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.fillConvexPoly(cover, np.round(hull - 0.5).astype(np.int32), 1)
        ids[cover > 0] = box.actor.id
    return LabelledFrame(
        "eye",
        MODEL,
        0,
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        np.full((HEIGHT, WIDTH), depth_m, np.float32),
        np.zeros((HEIGHT, WIDTH), np.uint8),
        ids,
        map_from_camera=CAMERA,
        actors=boxes,
    )


def test_corners_are_where_opencv_puts_them() -> None:
    corners = car(20.0, 3.0).box.corners()
    view = PinholeView(MODEL, CAMERA)
    np.testing.assert_allclose(view.pixels(view.points(corners)), by_opencv(corners), atol=1e-6)


def test_a_box_is_drawn_where_it_is_and_the_ego_is_not() -> None:
    box = car(8.0, 1.5)
    picture = HdMapPainter(NOTHING, MODEL).draw(frame(box))
    drawn = picture.any(axis=2)
    covered = frame(box).ids > 0
    assert (drawn & covered).sum() / (drawn | covered).sum() > 0.9
    shades = picture[covered & drawn].astype(float) / np.array(BOX_COLOURS["car"])
    assert shades.max() <= 1.01
    assert not HdMapPainter(NOTHING, MODEL).draw(frame()).any()


def test_a_hidden_box_goes_after_two_frames_and_not_at_once() -> None:
    painter = HdMapPainter(NOTHING, MODEL)
    drawn = [painter.draw(frame(car(20.0, 3.0))).any()]
    drawn += [painter.draw(frame(car(20.0, 3.0), depth_m=8.0)).any() for _ in range(4)]
    assert drawn == [True, True, True, False, False]
    assert not HdMapPainter(NOTHING, MODEL).draw(frame(car(20.0, 3.0), depth_m=8.0)).any()


def test_lines_are_at_their_pixels_unless_a_wall_hides_them() -> None:
    ends = np.array([[[5.0, 2.0, 0.0], [30.0, 2.0, 0.0]], [[-9.0, 2.0, 0.0], [-5.0, 2.0, 0.0]]])
    colours = np.array([LINE_COLOURS["solid"]] * 2, np.uint8)
    street = replace(NOTHING, segments=ends, colours=colours, widths=np.array([0.15, 0.15]))
    picture = HdMapPainter(street, MODEL).draw(frame())
    for pixel in by_opencv(ends[0] + (ends[0][1] - ends[0][0]) * [[0.02], [-0.3]]):
        u, v = np.floor(pixel).astype(int)
        near = picture[v - 1 : v + 2, u - 1 : u + 2].reshape(-1, 3).max(axis=0)
        assert near.min() > 200
    assert not HdMapPainter(street, MODEL).draw(frame(depth_m=2.0)).any()


def test_a_light_shows_its_state_to_those_before_it_only() -> None:
    facing_us = np.array([-1.0, 0.0, 0.0])
    pose = matrix_from_xyz_rpy((15.0, 0.0, 3.0), (0.0, 0.0, np.pi))
    for facing, red in ((facing_us, True), (-facing_us, False)):
        light = Fixture("light", "7", pose, (0.3, 0.4, 1.0), facing)
        street = replace(NOTHING, fixtures=(light,))
        seen = replace(frame(), lights={"7": "red"})
        picture = HdMapPainter(street, MODEL).draw(seen).reshape(-1, 3).astype(int)
        brightest = picture[picture.sum(axis=1).argmax()]
        assert bool(brightest[0] > 2 * brightest[1] > 0) is red


def test_the_demo_town_has_lines_crossings_lights_and_signs() -> None:
    street = hd_map(parse(read_opendrive(config_path("maps", "demo_town.xodr"))))
    lengths = np.linalg.norm(street.segments[:, 1] - street.segments[:, 0], axis=1)
    assert len(lengths) > 300
    assert lengths.max() < 3.5
    assert len(street.crossings) >= 5
    assert {fixture.kind for fixture in street.fixtures} == {"light", "sign"}


def test_masks_that_follow_their_boxes_agree_and_shifted_ones_do_not() -> None:
    good, bad = Agreement(MODEL), Agreement(MODEL)
    for step in range(3):
        seen = frame(car(20.0 - 2 * step, 3.0))
        good.add(seen)
        bad.add(replace(seen, ids=np.roll(seen.ids, 25, axis=1)))
    [row] = good.report()
    assert row["id"] == 5
    assert row["frames"] == 3
    assert row["iou_min"] > 0.9
    assert row["inside_min"] > 0.99
    [row] = bad.report()
    assert row["iou_min"] < 0.4
    assert row["inside_min"] < 0.6
    assert good.instances[5].pixels > 1000


def test_a_camera_that_bends_lines_is_refused() -> None:
    bent = replace(MODEL, radial=(0.1, 0.0, 0.0, 0.0, 0.0, 0.0))
    with pytest.raises(InputError, match="without distortion"):
        PinholeView(bent, CAMERA)
