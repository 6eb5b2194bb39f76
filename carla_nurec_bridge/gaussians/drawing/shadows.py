"""Soft shadows under bodies that are no Gaussians, on the ground that Gaussians show.

Neural scenes hold the light of their day, and nobody knows where its sun stood. So the shadow is
that of an overcast sky: dark under the body, fading out around its footprint.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, invert
from ...rendering.engines.jit import kernel
from ...rendering.engines.threads import part_count, share
from .frame import GaussianFrame
from .motion import Motion
from .views import GaussianView

f32 = np.float32

_LINES = 16
DARKEST = f32(0.65)
FADE_M = f32(0.45)
BELOW_M, ABOVE_M = f32(0.5), f32(0.35)
LEAST_OPACITY = f32(0.5)


@dataclass(frozen=True, eq=False)
class Footprint:
    """A body's box: its pose (4, 4) in the scene's frame, x forward, z up, and (l, w, h) in m."""

    scene_from_box: Matrix
    size_m: tuple[float, float, float]


def cast_shadows(
    frame: GaussianFrame, view: GaussianView, motion: Motion, bodies: Sequence[Footprint]
) -> None:
    """Darken the colours of a frame in place, where its surfaces lie under or beside bodies."""
    if not bodies:
        return
    box_from_scene, halves = boxes_of(motion, bodies)
    height = frame.transmittance.shape[0]
    parts = part_count(-(-height // _LINES))
    shared = (
        motion.ray_turns,
        motion.origins,
        view.rays,
        view.transposed,
        box_from_scene,
        halves,
        frame.transmittance,
        frame.depth_sum,
        frame.colour,
    )
    share(lambda part: _darken(part, parts, *shared), parts)


def boxes_of(
    motion: Motion, bodies: Sequence[Footprint]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return box_from_scene (B, 3, 4), from the motion's centre, and half sizes (B, 3)."""
    box_from_scene = np.empty((len(bodies), 3, 4), np.float32)
    halves = np.empty((len(bodies), 3), np.float32)
    for k, body in enumerate(bodies):
        near = body.scene_from_box.copy()
        near[:3, 3] -= motion.centre
        box_from_scene[k] = invert(near)[:3]
        halves[k] = 0.5 * np.array(body.size_m)
    return box_from_scene, halves


@kernel
def _darken(
    part, parts, turns, origins, rays, transposed, box_from_scene, halves, passed, depth, colour
):
    """Darken every ``parts``-th block of lines."""
    height, width = passed.shape
    for block in range(part * _LINES, height, parts * _LINES):
        for v in range(block, min(block + _LINES, height)):
            for u in range(width):
                opacity = f32(1.0) - passed[v, u]
                if opacity < LEAST_OPACITY:
                    continue
                line, sample = (u, v) if transposed else (v, u)
                x, y, z = rays[line, sample, 0], rays[line, sample, 1], rays[line, sample, 2]
                turn, away = turns[line], depth[v, u] / opacity
                px = origins[line, 0, 0] + away * (turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z)
                py = origins[line, 0, 1] + away * (turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z)
                pz = origins[line, 0, 2] + away * (turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z)
                light = f32(1.0)
                for k in range(len(halves)):
                    m = box_from_scene[k]
                    bz = m[2, 0] * px + m[2, 1] * py + m[2, 2] * pz + m[2, 3] + halves[k, 2]
                    if bz < -BELOW_M or bz > ABOVE_M:
                        continue
                    bx = m[0, 0] * px + m[0, 1] * py + m[0, 2] * pz + m[0, 3]
                    by = m[1, 0] * px + m[1, 1] * py + m[1, 2] * pz + m[1, 3]
                    dx = max(abs(bx) - halves[k, 0], f32(0.0))
                    dy = max(abs(by) - halves[k, 1], f32(0.0))
                    far = (dx * dx + dy * dy) / (FADE_M * FADE_M)
                    if far < f32(9.0):
                        rise = bz / (ABOVE_M if bz > f32(0.0) else BELOW_M)
                        light *= f32(1.0) - DARKEST * np.exp(-far) * (f32(1.0) - rise * rise)
                if light < f32(1.0):
                    for channel in range(3):
                        colour[v, u, channel] *= light
