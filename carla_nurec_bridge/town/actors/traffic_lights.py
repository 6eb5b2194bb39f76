"""Traffic light heads, one mesh per state.

Frame: the middle of the housing's back at the origin, x towards the traffic it faces, z up; metres.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ...core.semantic_tag import Tag
from ...rendering.mesh import (
    GLASS,
    LIGHT,
    Mesh,
    concatenate,
)
from ...rendering.primitives import chamfered_box, disc, sheet
from .vehicle_parts import matte

LightState = Literal["red", "yellow", "green", "off"]
TAG = Tag.TRAFFIC_LIGHT
_HOUSING = (30, 32, 34)
_LENSES = (
    ("red", 0.29, (255, 28, 18), (64, 14, 12)),
    ("yellow", 0.0, (255, 176, 18), (66, 48, 10)),
    ("green", -0.29, (24, 255, 118), (10, 56, 30)),
)


def traffic_light_mesh(state: LightState) -> Mesh:
    """Return a head with three lenses of 20 cm, the one of ``state`` lit; 0.3 x 0.34 x 0.98 m."""
    dark = matte(_HOUSING, TAG)
    parts = [
        chamfered_box((0.09, 0, 0), (0.18, 0.34, 0.98), 0.03, **dark),
        chamfered_box((0.0, 0, 0), (0.02, 0.50, 1.14), 0.008, **dark),
    ]
    for name, z, lit, unlit in _LENSES:
        on = name == state
        parts.append(
            disc(
                (0.184, 0, z),
                (1, 0, 0),
                0.105,
                20,
                colour=lit if on else unlit,
                tag=TAG,
                finish=LIGHT if on else GLASS,
            )
        )
        parts.append(_visor(z))
    return concatenate(parts)


def _visor(z: float) -> Mesh:
    """Return the hood over a lens."""
    angle = np.linspace(-0.15, np.pi + 0.15, 11)
    rows = []
    for x, radius, share in ((0.18, 0.120, 1.0), (0.30, 0.115, 0.75)):
        turn = np.pi / 2 + (angle - np.pi / 2) * share
        rows.append(
            np.column_stack([np.full(11, x), radius * np.cos(turn), z + radius * np.sin(turn)])
        )
    return sheet(np.array(rows), **matte(_HOUSING, TAG))
