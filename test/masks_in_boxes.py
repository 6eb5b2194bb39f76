"""Whether an object's mask lies in its 3D box, by a projection of its own: corners times K."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from carla_nurec_bridge.dataset.truth import ObjectTruth


def mask_in_box(one: ObjectTruth, k: object) -> tuple[float, float]:
    """Return how far the mask's outermost pixel lies inside the projected box (px, negative
    outside), and the part of the box's image that the mask covers.

    ``k`` is the camera's 3x3 matrix. The whole box must lie before the camera.
    """
    box, mask = one.box_camera, one.mask.pixels()
    signs = np.array(list(product((-0.5, 0.5), repeat=3)))
    corners = signs * box.size_m @ box.frame_from_box()[:3, :3].T + box.centre_m
    assert corners[:, 2].min() > 0.0
    flat = corners @ np.array(k).T
    hull = cv2.convexHull((flat[:, :2] / flat[:, 2:]).astype(np.float32))
    rows, columns = np.nonzero(mask)
    inside = [
        cv2.pointPolygonTest(hull, (float(x) + 0.5, float(y) + 0.5), True)
        for x, y in zip(columns, rows, strict=True)
    ]
    return min(inside), float(mask.sum()) / cv2.contourArea(hull)
