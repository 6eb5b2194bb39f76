"""How a person stands and walks: the places of the joints at every moment of a stride.

Frame: x forward, y left, z up from the ground under the person; metres. A stride is two steps, one
with each foot; ``phase`` runs from 0 to 2 pi through it and at 0 the left foot passes the right.
"""

from __future__ import annotations

import math

Point = tuple[float, float, float]

STRIDE_SHARE = 0.80
"""Length of a stride, two steps, as a share of the height."""
MID_STRIDE = 0.5 * math.pi
_SWING = 0.16
_LIFT = 0.05
_FOOT_Z, _HIP_Z, _SHOULDER_Z = 0.045, 0.50, 0.80


def joints(tall_m: float, phase: float | None) -> dict[str, Point]:
    """Return hip, knee, foot, shoulder, elbow and hand of both sides, as ``hip_left`` and so on.

    ``phase`` is in radians, None for someone who stands. At ``MID_STRIDE`` the left foot is
    farthest ahead.
    """
    found: dict[str, Point] = {}
    for name, side in (("left", 1), ("right", -1)):
        ahead = 0.0 if phase is None else side * math.sin(phase)
        lift = 0.0 if phase is None else max(side * math.cos(phase), 0.0)
        swing = _SWING * ahead
        found |= {
            f"hip_{name}": (0.0, side * 0.052, _HIP_Z),
            f"knee_{name}": (
                0.45 * swing + 0.010 + 0.025 * abs(ahead) + 0.06 * lift,
                side * 0.052,
                0.275 + 0.3 * _LIFT * lift,
            ),
            f"foot_{name}": (swing - 0.02 * lift, side * 0.050, _FOOT_Z + _LIFT * lift),
            f"shoulder_{name}": (0.0, side * 0.118, _SHOULDER_Z),
            f"elbow_{name}": (-0.30 * swing - 0.01, side * 0.142, 0.630),
            f"hand_{name}": (-0.65 * swing + 0.02 + 0.02 * abs(ahead), side * 0.138, 0.475),
        }
    return {name: (x * tall_m, y * tall_m, z * tall_m) for name, (x, y, z) in found.items()}
