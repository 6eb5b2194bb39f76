"""Where marks point, and where their labels go."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from scipy.ndimage import distance_transform_edt
from small_dataset import frame_of

from carla_nurec_bridge.dataset.marks.anchors import anchor_of
from carla_nurec_bridge.dataset.marks.labels import LabelPlacer
from carla_nurec_bridge.dataset.truth import Mask

WIDTH, HEIGHT = 640, 360
TEMPLATE = frame_of("front", 0).objects[0]


def object_of(pixels: np.ndarray):
    rows, columns = np.nonzero(pixels)
    left, top = float(columns.min()), float(rows.min())
    box = (left, top, float(columns.max()) + 1 - left, float(rows.max()) + 1 - top)
    changed = {"mask": Mask.of(pixels), "box_visible_px": box, "box_amodal_px": box}
    return TEMPLATE.model_copy(update={**changed, "visible_px": len(rows)})


def blank() -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH), bool)


def test_a_mark_points_at_the_innermost_point_also_where_the_middle_is_none_of_it():
    pixels = blank()
    pixels[100:200, 200:300] = True
    pixels[120:200, 220:290] = False
    anchor = anchor_of(object_of(pixels), None)
    exact = distance_transform_edt(pixels)
    x, y = (int(value) for value in anchor.point)
    assert exact[y, x] > 0.9 * exact.max()
    assert not pixels[150, 250]


def test_the_point_stays_when_another_becomes_a_little_better():
    points = []
    before = None
    for number in range(12):
        pixels = blank()
        pixels[100:140, 100:400] = True
        end = slice(100, 140) if number % 2 else slice(360, 400)
        pixels[98:142, end] = True
        before = anchor_of(object_of(pixels), before)
        points.append(before.point)
    steps = [np.hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    assert max(steps) < 0.2 * 300


def test_the_point_leaves_a_place_that_somebody_hides():
    pixels = blank()
    pixels[100:200, 200:300] = True
    one = object_of(pixels)
    before = anchor_of(one, None)
    pixels[:, :270] = False
    hidden = object_of(pixels).model_copy(update={"box_amodal_px": one.box_amodal_px})
    assert anchor_of(hidden, before).point[0] > 270


def crowd(shift: int):
    """Return 24 objects of 6x12 px, 8 px apart, moved to the right."""
    objects = {}
    for index in range(24):
        pixels = blank()
        x, y = 250 + 9 * (index % 8) + shift, 150 + 14 * (index // 8)
        pixels[y : y + 12, x : x + 6] = True
        objects[index + 1] = object_of(pixels)
    return objects


def overlap(a, b) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_labels_of_a_crowd_lie_apart_and_within_the_image_and_keep_their_places():
    placer = LabelPlacer(WIDTH, HEIGHT)
    before = None
    for shift in range(8):
        labels = placer.place(crowd(shift))
        assert [label.mark for label in labels] == list(range(1, 25))
        assert all(label.led for label in labels)
        plates = np.array([label.plate for label in labels])
        assert (plates[:, :2] >= 0).all()
        assert (plates[:, 2:] <= (WIDTH, HEIGHT)).all()
        assert not [1 for a, b in combinations(plates, 2) if overlap(a, b)]
        if before is not None:
            moved = np.hypot(*(plates - before)[:, :2].T)
            assert np.median(moved) < 3
        before = plates
    assert placer.missing == 0


def test_the_label_of_a_large_object_lies_on_it_without_a_line():
    pixels = blank()
    pixels[100:220, 200:400] = True
    (label,) = LabelPlacer(WIDTH, HEIGHT).place({12: object_of(pixels)})
    left, top, right, bottom = label.plate
    assert not label.led
    assert 200 <= left < right <= 400
    assert 100 <= top < bottom <= 220


def test_a_label_neither_hops_on_nor_off_at_the_size_where_it_just_fits():
    led = []
    placer = LabelPlacer(WIDTH, HEIGHT)
    for size in (24, 25, 24, 23, 24, 25, 24, 23):
        pixels = blank()
        pixels[100 : 100 + size, 200 : 200 + size] = True
        (label,) = placer.place({1: object_of(pixels)})
        led.append(label.led)
    assert len(set(led)) == 1


def test_who_has_no_room_is_counted():
    pixels = np.ones((24, 16), bool)
    one = object_of(pixels).model_copy(update={"box_amodal_px": None})
    placer = LabelPlacer(16, 24)
    assert len(placer.place({1: one, 2: one})) == 1
    assert placer.missing == 1
