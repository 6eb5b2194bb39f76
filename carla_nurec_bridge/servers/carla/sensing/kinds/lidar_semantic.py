"""Lidars that know what they hit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .....rendering.lidar import LidarFrame
from ..kind import SensorKind
from ..spinning_lidar import SpinningLidar, carla_points

_POINT = np.dtype([("xyz", "<f4", (3,)), ("cosine", "<f4"), ("object", "<u4"), ("tag", "<u4")])


class SemanticLidar(SpinningLidar):
    """Sends place, cosine of incidence, actor and tag of every return."""

    def points(
        self, frame: LidarFrame, directions: NDArray[np.float32], keep: NDArray[np.bool_]
    ) -> NDArray[np.void]:
        """Return the rows (N,) of all returns."""
        points = np.empty(int(keep.sum()), _POINT)
        points["xyz"] = carla_points(directions[keep], frame.range_m[keep])
        points["cosine"] = frame.cos_incidence[keep]
        points["object"] = frame.instance[keep]
        points["tag"] = frame.tag[keep]
        return points


KIND = SensorKind("sensor.lidar.ray_cast_semantic", 10, SemanticLidar)
