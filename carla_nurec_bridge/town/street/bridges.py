"""Where roads pass below others: the walls that hold up the ground beside them."""

from __future__ import annotations

import numpy as np

from ...opendrive.heights import HEADROOM_M, levels_below
from ...opendrive.model import OpenDriveMap
from ...opendrive.surface import Pavement
from ...rendering.mesh import Mesh
from .parts import Array, Label, quads

_CONCRETE = (138, 136, 131)
_BESIDE_M = 0.3
_PIECES = 3
_FOOT_M = 0.3
_BELOW_DECK_M = 0.02


def underpass_walls(opendrive: OpenDriveMap, built: Pavement) -> list[Mesh]:
    """Return walls along the edges of roads, up to the road that lies above their roadside.

    There is none where a third road lies below that roadside: then it is a bridge's edge.
    """
    begins, ends, outward = _edges(built)
    reach = np.concatenate([_decks(opendrive, x, outward) for x in (begins, ends)])
    near = np.isfinite(reach.reshape(2, -1)).any(axis=0)
    begins, ends, outward = begins[near], ends[near], outward[near]
    cuts = np.linspace(0.0, 1.0, _PIECES + 1)[:, None, None]
    points = begins + cuts * (ends - begins)
    begins, ends = points[:-1].reshape(-1, 3), points[1:].reshape(-1, 3)
    top = _decks(opendrive, 0.5 * (begins + ends), np.tile(outward, (_PIECES, 1)))
    held = np.isfinite(top)
    if not held.any():
        return []
    begins, ends, top = begins[held], ends[held], top[held] - _BELOW_DECK_M
    feet = [x - (0.0, 0.0, _FOOT_M) for x in (begins, ends)]
    heads = [np.column_stack([x[:, :2], top]) for x in (ends, begins)]
    return [quads(np.stack([*feet, *heads], axis=1), _CONCRETE, Label.WALLS)]


def _edges(built: Pavement) -> tuple[Array, Array, Array]:
    """Return begins and ends (N, 3) of both rails' pieces and their ways outward (N, 2)."""
    begins, ends, outward = [], [], []
    for strip, keep in zip(built.strips, built.kept, strict=True):
        for rail, other in ((strip.inner, strip.outer), (strip.outer, strip.inner)):
            across = 0.5 * ((rail - other)[:-1] + (rail - other)[1:])[keep, :2]
            begins.append(rail[:-1][keep])
            ends.append(rail[1:][keep])
            outward.append(across / np.maximum(np.hypot(*across.T), 1e-6)[:, None])
    return np.concatenate(begins), np.concatenate(ends), np.concatenate(outward)


def _decks(opendrive: OpenDriveMap, points: Array, outward: Array) -> Array:
    """Return how high (N,) the lowest road beside points (N, 3) is, where it bridges them."""
    beside = points[:, :2] + _BESIDE_M * outward
    found, levels = levels_below(opendrive, beside, np.full(len(points), np.inf))
    deck = np.full(len(points), np.inf)
    deck[found] = np.nanmin(levels, axis=1)
    deck[deck < points[:, 2] + HEADROOM_M] = np.inf
    return deck
