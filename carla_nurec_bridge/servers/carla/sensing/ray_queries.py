"""Rays that clients send against the drawn world."""

from __future__ import annotations

import numpy as np

from ....core.frames import mirror_vector
from ....rendering.rays import cast
from ..wire.structs import LabelledPoint, Vector
from ..world.episode import Episode
from .drawing import EpisodeDrawing

MOST_HITS = 64
RAY_START_M = 0.01
"""How far behind a surface the way goes on."""


def first_hit(
    episode: Episode, drawing: EpisodeDrawing, origin: Vector, direction: Vector, reach_m: float
) -> LabelledPoint | None:
    """Return where a ray meets a surface within ``reach_m`` metres, or None.

    ``origin`` and ``direction`` (of any length) are in CARLA's axes, metres.
    """
    start, way = mirror_vector(origin), mirror_vector(direction)
    length = float(np.linalg.norm(way))
    if length == 0.0 or reach_m <= 0.0:
        return None
    scene = drawing.around(episode, episode.spectator, np.eye(4)).scene
    hits = cast(scene, start[None], (way / length)[None], reach_m)
    if not np.isfinite(hits.range_m[0]):
        return None
    point = mirror_vector(start + way / length * float(hits.range_m[0]))
    return LabelledPoint(tuple(point.tolist()), int(hits.tag[0]))


def hits_between(
    episode: Episode, drawing: EpisodeDrawing, start: Vector, end: Vector
) -> list[LabelledPoint]:
    """Return the surfaces that a line from ``start`` to ``end`` meets, in order; at most 64.

    The points are in CARLA's axes, metres.
    """
    found: list[LabelledPoint] = []
    way = np.subtract(end, start)
    length = float(np.linalg.norm(way))
    travelled = 0.0
    with drawing.held():
        while length - travelled > RAY_START_M and len(found) < MOST_HITS:
            origin = tuple(np.add(start, way / length * travelled).tolist())
            left_m = length - travelled
            hit = first_hit(episode, drawing, origin, tuple(way.tolist()), left_m)
            if hit is None:
                break
            found.append(hit)
            travelled = float(np.linalg.norm(np.subtract(hit.location, start))) + RAY_START_M
    return found
