"""Parts of the level as objects: whose pixels they are by tag, depth and box, and who is left."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.record.frame_truth import LabelLimits, frame_truth
from carla_nurec_bridge.dataset.record.level import LevelLabels
from carla_nurec_bridge.dataset.record.tracks import Tracks
from carla_nurec_bridge.dataset.record.visibility import by_lattice
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.world.level_objects import LevelObject
from carla_nurec_bridge.world.object_classes import ObjectClass

W, H, FOCAL = 400, 300, 200
MODEL = OpenCVPinholeCamera.from_fov(W, H, 90.0)
SIGN, CAR, WALL = 8, 14, 4


def sign(x: float, y: float, name: str = "", tags: frozenset[int] | None = None) -> LevelObject:
    pose = rigid(rotation_from_rpy((0.0, 0.0, np.pi / 2)), (x, y, 0.0))  # its length is across
    kind = ObjectClass.TRAFFIC_SIGN
    return LevelObject(
        name, kind, pose, (1.0, 0.1, 1.0), frozenset({SIGN}) if tags is None else tags
    )


def scene(depth_m: float, tag: int = WALL) -> LabelledFrame:
    """Return what a camera in the map's origin, looking along x, sees of a wall."""
    return LabelledFrame(
        "cam",
        MODEL,
        7,
        np.zeros((H, W, 3), np.uint8),
        np.full((H, W), depth_m, np.float32),
        np.full((H, W), tag, np.uint8),
        np.zeros((H, W), np.int32),
        None,
        BODY_FROM_OPTICAL.copy(),
    )


def plate(frame: LabelledFrame, x: float, y: float, tag: int = SIGN) -> np.ndarray:
    """Draw a square metre across the view and return which pixels it has."""
    mask = np.zeros((H, W), bool)
    half = FOCAL * 0.5 / x
    row, column = H / 2, W / 2 - FOCAL * y / x
    mask[round(row - half) : round(row + half), round(column - half) : round(column + half)] = True
    frame.depth_m[mask], frame.tags[mask] = x, tag
    return mask


def test_pixels_of_the_tag_in_the_box_are_the_parts_and_no_others() -> None:
    frame = scene(50.0)
    near, far = plate(frame, 10.0, 2.0), plate(frame, 30.0, -5.0)
    stranger = plate(frame, 20.0, 6.0)  # a sign that the level does not list
    level = LevelLabels([sign(30.0, -5.0), sign(10.0, 2.0)], 100.0)
    found = level.seen_in(frame, ())
    assert found.ids[near].tolist() == [65534] * near.sum()
    assert found.ids[far].tolist() == [65535] * far.sum()
    assert not found.ids[stranger].any()
    assert np.count_nonzero(found.ids) == near.sum() + far.sum()
    assert not frame.ids.any()
    tracks = Tracks(None)
    tracks.add_level(found.actors)
    truth = frame_truth(found, 0, tracks.by_actor, LabelLimits(smallest_px2=0), by_lattice)
    first, second = truth.objects
    assert (first.pixel_id, second.pixel_id) == (65534, 65535)  # the nearest is first
    assert np.array_equal(first.mask.pixels(), near)
    assert first.actor_id is None
    assert first.is_scenery
    assert first.velocity_map_mps == (0.0, 0.0, 0.0)
    assert first.visible_fraction == 1.0
    assert truth.kept() == ()
    assert len(truth.kept(scenery=True)) == 2
    known = tracks.by_actor[min(tracks.by_actor)]
    assert known.map_from_box.translation_m == pytest.approx((10.0, 2.0, 0.0))


def test_a_part_behind_an_actor_or_of_another_surface_has_no_pixels() -> None:
    frame = scene(50.0)
    mask = plate(frame, 10.0, 0.0)
    frame.ids[mask] = 70001 & 0xFFFF
    level = LevelLabels([sign(10.0, 0.0), sign(50.0, 10.0)], 100.0)
    found = level.seen_in(frame, [70001])
    assert np.array_equal(found.ids, frame.ids)
    assert len(found.actors) == 2  # they are told all the same


def test_ids_of_the_engine_mean_nothing() -> None:
    frame = scene(50.0)
    mask = plate(frame, 10.0, 0.0, CAR)
    frame.ids[mask] = 65535  # what CARLA's engine calls a parked car
    parked = sign(10.0, 0.0, tags=frozenset({CAR}))
    found = LevelLabels([sign(30.0, 9.0), parked], 100.0).seen_in(frame, [5])
    assert set(found.ids[mask].tolist()) == {65534}


def test_what_is_far_behind_or_beside_is_left_out() -> None:
    parts = [sign(60.0, 0.0), sign(-5.0, 0.0), sign(10.0, 30.0), sign(20.0, 0.0, "kept")]
    found = LevelLabels(parts, 50.0).seen_in(scene(80.0), ())
    assert [state.actor.role_name for state in found.actors] == ["kept"]


def test_a_part_without_a_tag_is_whatever_is_in_its_box() -> None:
    frame = scene(50.0)
    mask = plate(frame, 10.0, 1.0, WALL)
    anything = LevelObject(
        "fountain", ObjectClass.PROP, sign(10.0, 1.0).map_from_box, (1.0, 0.1, 1.0), None
    )
    found = LevelLabels([anything], 100.0).seen_in(frame, ())
    assert np.array_equal(found.ids == 65535, mask)


def test_an_actor_with_the_id_of_a_part_is_told() -> None:
    level = LevelLabels([sign(10.0, 0.0), sign(20.0, 0.0)], 100.0)
    with pytest.raises(RunError, match="actor 131070 has the pixels' id of a part of the level"):
        level.seen_in(scene(50.0), [(1 << 16) + 65534])
