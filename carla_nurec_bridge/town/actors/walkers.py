"""People: walking, and riding two-wheelers.

Frame: x forward, y left, z up from the ground under the person; metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ...rendering.mesh import GLASS, Mesh, concatenate
from ...rendering.primitives import ellipsoid, loft, tube
from .gait import MID_STRIDE, joints
from .vehicle_parts import matte, number_of

SKINS = ((236, 200, 172), (206, 158, 122), (150, 104, 74), (96, 66, 48))
SHIRTS = (
    (178, 40, 44),
    (44, 82, 148),
    (230, 226, 214),
    (52, 110, 76),
    (226, 168, 48),
    (46, 48, 54),
    (120, 132, 146),
    (168, 88, 132),
    (88, 60, 120),
)
TROUSERS = ((38, 46, 74), (52, 50, 48), (110, 98, 80), (28, 28, 32), (84, 92, 104))
HAIR = ((34, 26, 22), (70, 48, 32), (140, 104, 60), (120, 118, 116))
SHOES = (30, 28, 28)


def walker(
    size_m: tuple[float, float, float],
    seed: int | str,
    tag: int,
    phase: float | None = MID_STRIDE,
) -> Mesh:
    """Return a person at a phase of the stride (None: standing), as tall as ``size_m`` says."""
    tall = size_m[2]
    number = number_of(seed)
    skin, shirt = SKINS[number % 4], SHIRTS[number // 4 % 9]
    trousers, hair = TROUSERS[number // 36 % 5], HAIR[number // 180 % 4]
    at = joints(tall, phase)
    parts = [torso(tall, shirt, tag), head((0.01, 0, 0.925 * tall), tall, skin, hair, tag)]
    for side in ("left", "right"):
        foot, hand = at[f"foot_{side}"], at[f"hand_{side}"]
        parts += limb(
            at[f"hip_{side}"], at[f"knee_{side}"], foot, 0.050 * tall, 0.029 * tall, trousers, tag
        )
        toe = np.add(foot, (0.035 * tall, 0.0, -0.020 * tall))
        parts.append(
            ellipsoid(toe, (0.072 * tall, 0.027 * tall, 0.024 * tall), 5, 8, **matte(SHOES, tag))
        )
        parts += limb(
            at[f"shoulder_{side}"],
            at[f"elbow_{side}"],
            hand,
            0.031 * tall,
            0.021 * tall,
            shirt,
            tag,
        )
        parts.append(
            ellipsoid(hand, (0.024 * tall, 0.016 * tall, 0.032 * tall), 5, 8, **matte(skin, tag))
        )
    return concatenate(parts)


def rider(
    hip: ArrayLike, shoulder: ArrayLike, hand: ArrayLike, foot: ArrayLike, seed: int | str, tag: int
) -> Mesh:
    """Return a seated person with a helmet; hand and foot are those of the left side (y > 0)."""
    number = number_of(seed)
    skin, shirt, trousers = SKINS[number % 4], SHIRTS[number // 4 % 9], TROUSERS[number // 36 % 5]
    low, high = np.asarray(hip, float), np.asarray(shoulder, float)
    size = float(np.linalg.norm(high - low)) / 0.30
    parts = [_trunk(low, high, 0.085 * size, 0.112 * size, shirt, tag)]
    crown = high + (high - low) / np.linalg.norm(high - low) * 0.10 * size + [0.03 * size, 0, 0.02]
    parts += [
        ellipsoid(crown, (0.075 * size, 0.062 * size, 0.074 * size), 8, 12, **matte(shirt, tag)),
        ellipsoid(
            crown + [0.030 * size, 0, -0.012 * size],
            (0.052 * size, 0.050 * size, 0.034 * size),
            6,
            10,
            colour=(22, 26, 32),
            tag=tag,
            finish=GLASS,
        ),
        tube(high, crown, 0.034 * size, sides=8, **matte(skin, tag)),
    ]
    for side in (1, -1):
        mirror = np.array([1.0, side, 1.0])
        grip, pedal = np.asarray(hand, float) * mirror, np.asarray(foot, float) * mirror
        if side < 0:
            pedal[0] += 0.04 * size
        top = high + [0.0, side * 0.105 * size, -0.02 * size]
        elbow = (top + grip) / 2 + [-0.02 * size, side * 0.05 * size, -0.06 * size]
        parts += limb(top, elbow, grip, 0.032 * size, 0.023 * size, shirt, tag)
        seat = low + [0.0, side * 0.055 * size, 0.0]
        knee = (seat + pedal) / 2 + [0.13 * size, side * 0.03 * size, 0.03 * size]
        parts += limb(seat, knee, pedal, 0.050 * size, 0.030 * size, trousers, tag)
        parts.append(
            ellipsoid(
                pedal + [0.03 * size, 0, -0.01 * size],
                (0.070 * size, 0.026 * size, 0.026 * size),
                5,
                8,
                **matte(SHOES, tag),
            )
        )
    return concatenate(parts)


def torso(tall: float, colour: tuple[int, int, int], tag: int) -> Mesh:
    """Return the upper body of someone standing."""
    levels = (
        (0.455, 0.062, 0.088),
        (0.52, 0.068, 0.096),
        (0.60, 0.060, 0.086),
        (0.70, 0.066, 0.100),
        (0.78, 0.066, 0.116),
        (0.825, 0.050, 0.098),
        (0.845, 0.030, 0.040),
    )
    angle = np.linspace(0.0, 2 * np.pi, 14, endpoint=False)
    rings = [
        np.column_stack(
            [deep * tall * np.cos(angle), wide * tall * np.sin(angle), np.full(14, z * tall)]
        )
        for z, deep, wide in levels
    ]
    return loft(np.array(rings), **matte(colour, tag))


def head(
    centre: ArrayLike,
    tall: float,
    skin: tuple[int, int, int],
    hair: tuple[int, int, int],
    tag: int,
) -> Mesh:
    """Return head, neck and hair; the head is ``tall`` metres from chin to crown."""
    c = np.asarray(centre, float)
    return concatenate(
        [
            tube(c - [0.01 * tall, 0, 0.10 * tall], c, 0.030 * tall, sides=10, **matte(skin, tag)),
            ellipsoid(c, (0.056 * tall, 0.045 * tall, 0.066 * tall), 9, 14, **matte(skin, tag)),
            ellipsoid(
                c + [-0.012 * tall, 0, 0.016 * tall],
                (0.057 * tall, 0.049 * tall, 0.060 * tall),
                8,
                14,
                **matte(hair, tag),
            ),
        ]
    )


def limb(
    start: ArrayLike,
    joint: ArrayLike,
    end: ArrayLike,
    thick: float,
    thin: float,
    colour: tuple[int, int, int],
    tag: int,
) -> list[Mesh]:
    """Return an arm or leg of two parts that taper from ``thick`` to ``thin`` (radii in m)."""
    middle = 0.5 * (thick + thin)
    look = matte(colour, tag)
    return [
        ellipsoid(start, (thick, thick, thick), 5, 8, **look),
        tube(start, joint, thick, middle, 10, **look),
        ellipsoid(joint, (middle, middle, middle), 5, 8, **look),
        tube(joint, end, middle, thin, 10, **look),
    ]


def _trunk(
    low: np.ndarray,
    high: np.ndarray,
    deep: float,
    wide: float,
    colour: tuple[int, int, int],
    tag: int,
) -> Mesh:
    """Return an upper body leaning along the line from hip to shoulder."""
    axis = (high - low) / np.linalg.norm(high - low)
    front = np.cross([0.0, 1.0, 0.0], axis)
    angle = np.linspace(0.0, 2 * np.pi, 12, endpoint=False)[:, None]
    rings = []
    for t, scale in (
        (-0.08, 0.75),
        (0.0, 0.92),
        (0.35, 0.88),
        (0.75, 1.0),
        (0.98, 0.9),
        (1.06, 0.4),
    ):
        circle = deep * np.cos(angle) * front + wide * np.sin(angle) * np.array([0.0, 1.0, 0.0])
        rings.append(low + (high - low) * t + circle * scale)
    return loft(np.array(rings), **matte(colour, tag))
