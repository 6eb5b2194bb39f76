"""How the points of a lidar's cloud lie in memory, and which of them belong to one firing."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

CloudFields = Literal["xyzi", "xyzirt", "xyzirc", "autoware"]

_XYZ = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
_IRC = [("intensity", "u1"), ("return_type", "u1"), ("channel", "<u2")]
_AEDT = [("azimuth", "<f4"), ("elevation", "<f4"), ("distance", "<f4"), ("time_stamp", "<u4")]
LAYOUTS: dict[CloudFields, np.dtype[Any]] = {
    "xyzi": np.dtype([*_XYZ, ("intensity", "<f4")]),
    "xyzirt": np.dtype([*_XYZ, ("intensity", "<f4"), ("ring", "<u2"), ("time", "<f4")]),
    "xyzirc": np.dtype([*_XYZ, *_IRC]),
    "autoware": np.dtype([*_XYZ, *_IRC, *_AEDT]),
}
"""16 bytes a point; 22, as Velodyne's driver; 16 and 32, as Autoware's PointXYZIRC and
PointXYZIRCAEDT (``autoware_point_types``)."""
_STRONGEST = 1  # Autoware's return type of a lidar that tells one return a ray


def arranged(
    fields: CloudFields,
    points: NDArray[np.void],
    rings: NDArray[np.integer[Any]],
    ages_s: NDArray[np.float64],
    sweep_s: float,
) -> NDArray[np.void]:
    """Return points (N,), ``LAYOUTS["xyzi"]``, in another layout and in the order of their firing.

    ``rings`` (N,) are the beams, 0 the lowest; ``ages_s`` (N,) how long before the sweep's end each
    was measured, in seconds. ``time`` is against the sweep's end, which is the message's stamp, so
    it is not above 0; ``time_stamp``, which has no sign, counts from the sweep's beginning, in ns.
    """
    order = np.lexsort((rings, -ages_s))
    points, rings, ages_s = points[order], rings[order], ages_s[order]
    x: NDArray[np.float32] = points["x"]
    y: NDArray[np.float32] = points["y"]
    z: NDArray[np.float32] = points["z"]
    intensity: NDArray[np.float32] = points["intensity"]
    cloud = np.empty(len(points), LAYOUTS[fields])
    cloud["x"], cloud["y"], cloud["z"] = x, y, z
    if fields in ("xyzi", "xyzirt"):
        cloud["intensity"] = intensity
    else:
        cloud["intensity"] = np.rint(255.0 * intensity).clip(0.0, 255.0)
        cloud["return_type"], cloud["channel"] = _STRONGEST, rings
    if fields == "xyzirt":
        cloud["ring"], cloud["time"] = rings, -ages_s
    if fields == "autoware":
        level = np.hypot(x, y)
        cloud["azimuth"] = np.arctan2(y, x)
        cloud["elevation"] = np.arctan2(z, level)
        cloud["distance"] = np.hypot(level, z)
        cloud["time_stamp"] = np.rint(1e9 * np.maximum(sweep_s - ages_s, 0.0))
    return cloud
