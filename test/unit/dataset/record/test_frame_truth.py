"""The truth of a frame drawn by hand: boxes, truncation, who hides whom, who is left out."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.record.frame_truth import LabelLimits, frame_truth
from carla_nurec_bridge.dataset.record.tracks import Tracks
from carla_nurec_bridge.dataset.record.visibility import by_lattice
from carla_nurec_bridge.dataset.truth import Rejection
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState, Appearance

W, H = 400, 300
MODEL = OpenCVPinholeCamera.from_fov(W, H, 90.0)  # focal length 200 px
SIZE = (4.0, 2.0, 1.5)
NAN = np.full(3, np.nan)


def car(actor_id: int, x: float, y: float, z: float = 0.0, yaw: float = 0.0) -> ActorState:
    actor = Actor(actor_id, "", ObjectClass.CAR, SIZE, Appearance("vehicle.a.b", (1, 2, 3)))
    pose = rigid(rotation_from_rpy((0.0, 0.0, yaw)), (x, y, z))
    return ActorState(actor, pose, NAN, NAN, NAN)


def picture(*cars: ActorState, model=MODEL) -> LabelledFrame:
    """Return what a camera in the map's origin, looking along x, sees: fronts as flat plates."""
    depth = np.full((H, W), np.inf, np.float32)
    ids = np.zeros((H, W), np.int32)
    for one in sorted(cars, key=lambda c: -c.map_from_box[0, 3]):
        x, y, z = one.map_from_box[:3, 3]
        near = x - SIZE[0] / 2
        if near <= 0.1:
            continue
        left, right = (200 + 200 * (-y + side) / near for side in (-1.0, 1.0))
        top, bottom = (150 + 200 * (-z + side) / near for side in (-0.75, 0.75))
        rows = slice(max(round(top), 0), max(round(bottom), 0))
        columns = slice(max(round(left), 0), max(round(right), 0))
        depth[rows, columns] = near
        ids[rows, columns] = one.actor.id & 0xFFFF
    return LabelledFrame(
        "cam",
        model,
        7,
        np.zeros((H, W, 3), np.uint8),
        depth,
        np.zeros((H, W), np.uint8),
        ids,
        None,
        BODY_FROM_OPTICAL.copy(),
        cars,
    )


def truth(*cars: ActorState, limits: LabelLimits | None = None):
    tracks = Tracks(None)
    tracks.update(7, cars, {cars[0].actor.id: 5})
    frame = picture(*cars)
    return frame, frame_truth(frame, 3, tracks.by_actor, limits or LabelLimits(), by_lattice)


def test_a_car_in_full_view():
    frame, found = truth(car(40753, 22.0, 2.0, yaw=np.pi / 2))
    (one,) = found.objects
    assert (found.number, found.stamp_ns, found.width, found.height) == (3, 7, W, H)
    assert (one.track_id, one.actor_id, one.recorded_id, one.pixel_id) == (1, 40753, 5, 40753)
    assert one.ignored is None
    assert np.array_equal(one.mask.pixels(), frame.ids == 40753)
    assert one.visible_px == (frame.ids == 40753).sum()
    assert one.box_visible_px == (170, 142, 20, 16)
    assert one.truncation == 0.0
    assert one.visible_fraction == 1.0
    assert one.box_map.yaw_rad == pytest.approx(np.pi / 2)
    assert one.box_camera.centre_m == pytest.approx((-2.0, 0.0, 22.0))
    assert np.cos(one.box_camera.yaw_rad) == pytest.approx(-1.0)  # to the left of the image
    assert one.distance_m == pytest.approx(np.hypot(22.0, 2.0))
    assert one.velocity_map_mps is None


def test_the_amodal_box_is_that_of_the_corners():
    _, found = truth(car(9, 22.0, 2.0))
    x, y, width, height = found.objects[0].box_amodal_px
    # The near face is 20 m away: pixels 200 * (-3 .. -1) / 20 from the middle; far edges inside.
    assert (x, x + width) == pytest.approx((170.0, 200 - 200 * 1.0 / 24.0))
    assert (y, y + height) == pytest.approx((142.5, 157.5))


def test_a_car_that_the_image_cuts_is_truncated_by_its_share_beyond_the_edge():
    _, found = truth(car(9, 6.0, 4.0))
    (one,) = found.objects
    # Its rectangle goes from 200 - 200 * 5 / 4 = -50 to 200 - 200 * 3 / 8 = 125.
    assert one.truncation == pytest.approx(50 / 175)
    assert one.box_amodal_px[0] == 0.0


def test_a_car_before_another_hides_it():
    behind, before = car(1, 42.0, 0.0), car(2, 22.0, 1.0)
    _, found = truth(behind, before)
    hidden, free = found.objects
    assert free.visible_fraction == 1.0
    # The nearer one covers the left of the farther one and its middle.
    assert 0.0 < hidden.visible_fraction < 0.7
    assert hidden.occlusion == 1.0 - hidden.visible_fraction


@pytest.mark.parametrize(
    ("cars", "why"),
    [
        ([car(1, -20.0, 0.0)], Rejection.BEHIND),
        ([car(1, 10.0, 40.0)], Rejection.OUTSIDE),
        ([car(1, 120.0, 0.0)], Rejection.FAR),
        ([car(1, 60.0, 0.0), car(2, 12.0, 0.0)], Rejection.HIDDEN),
        ([car(1, 90.0, 0.0)], Rejection.SMALL),
    ],
)
def test_who_is_not_to_be_learnt_from_stays_with_the_reason(cars, why):
    _, found = truth(*cars)
    assert found.objects[0].ignored is why
    assert found.objects[0] not in found.kept()


def test_limits_move_the_borders():
    limits = LabelLimits(far_m=200.0, smallest_px2=1.0)
    assert truth(car(1, 120.0, 0.0), limits=limits)[1].objects[0].ignored is None
