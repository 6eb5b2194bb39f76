"""Parts of kernels that aim, trace and show the lanes of a packet, wherever they look."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ..engines.jit import inlined, once
from ..engines.native import call_packet, lanes_set, quantise
from ..engines.packet import (
    COLOUR,
    DIRECTION,
    FAR,
    GEOMETRY,
    INSTANCE,
    LANES,
    MASK,
    NEAR,
    ORIGIN,
    SHOWN,
    TIME,
    VALID,
    Y,
    Z,
)
from .sky import DISPLAY_RANGE, DISPLAY_STEPS

f32 = np.float32


@inlined
def aim(page, page_i, lane, x, y, z, poses, k, time):
    """Set the direction of a lane, (x, y, z) of the sensor frame, as pose k (K, 3, 3) turns it.

    A zero direction switches the lane off.
    """
    page[DIRECTION + lane] = poses[k, 0, 0] * x + poses[k, 0, 1] * y + poses[k, 0, 2] * z
    page[DIRECTION + Y + lane] = poses[k, 1, 0] * x + poses[k, 1, 1] * y + poses[k, 1, 2] * z
    page[DIRECTION + Z + lane] = poses[k, 2, 0] * x + poses[k, 2, 1] * y + poses[k, 2, 2] * z
    page[TIME + lane] = time
    on = x * x + y * y + z * z > f32(0.0)
    page_i[VALID + lane] = np.int32(-1) if on else np.int32(0)


@inlined
def start(page, lane, origins, k):
    """Set the origin of a lane to row k of (K, 3)."""
    page[ORIGIN + lane] = origins[k, 0]
    page[ORIGIN + Y + lane] = origins[k, 1]
    page[ORIGIN + Z + lane] = origins[k, 2]


@once
def trace(page, page_i, address, reach, intersect, scenes, arguments):
    """Find the nearest hit of every lane that is on, within ``reach`` metres.

    ``address`` is where the page lies; the others are an engine's ``functions``.
    """
    for lane in range(LANES):
        page[NEAR + lane] = f32(0.0)
        page[FAR + lane] = reach
        page_i[MASK + lane] = np.int32(-1)
        page_i[GEOMETRY + lane] = np.int32(-1)
        page_i[INSTANCE + lane] = np.int32(-1)
    call_packet(intersect, address + 4 * VALID, scenes[0], address, arguments)
    if scenes[1] != 0:
        call_packet(intersect, address + 4 * VALID, scenes[1], address, arguments)


@once
def look_up(page_i, address):
    """Fill SHOWN with the display table's entries for the linear light of COLOUR.

    Lanes that are off get the last entry, which is black. ``address`` is where the page lies.
    """
    for channel in range(3):
        quantise(
            address + 4 * (COLOUR + LANES * channel),
            address + 4 * (SHOWN + LANES * channel),
            f32(DISPLAY_STEPS / DISPLAY_RANGE),
            f32(DISPLAY_STEPS - 1),
        )
    if lanes_set(address + 4 * VALID) < LANES:
        for channel in range(3):
            for lane in range(LANES):
                shown = page_i[SHOWN + LANES * channel + lane]
                on = page_i[VALID + lane] != np.int32(0)
                page_i[SHOWN + LANES * channel + lane] = shown if on else np.int32(DISPLAY_STEPS)
