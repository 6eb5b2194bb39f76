"""Plates of traffic signs, drawn from strokes: speed limits, stop and yield."""

from __future__ import annotations

import numpy as np

from ...rendering.mesh import Mesh, concatenate
from .parts import (
    Array,
    Label,
    disc_triangles,
    quads,
    triangles,
)

_RED = (178, 32, 36)
_WHITE = (236, 236, 232)
_BLACK = (24, 24, 26)
_BACK = (128, 130, 132)

_SEGMENTS = {
    "top": (0.0, 0.86, 1.0, 1.0),
    "middle": (0.0, 0.43, 1.0, 0.57),
    "bottom": (0.0, 0.0, 1.0, 0.14),
    "upper left": (0.0, 0.5, 0.2, 1.0),
    "upper right": (0.8, 0.5, 1.0, 1.0),
    "lower left": (0.0, 0.0, 0.2, 0.5),
    "lower right": (0.8, 0.0, 1.0, 0.5),
    "stem": (0.4, 0.0, 0.6, 1.0),
}
"""Strokes in a cell of one by one: left, bottom, right, top."""
_STROKES = {
    "0": "top,bottom,upper left,upper right,lower left,lower right",
    "1": "upper right,lower right",
    "2": "top,middle,bottom,upper right,lower left",
    "3": "top,middle,bottom,upper right,lower right",
    "4": "middle,upper left,upper right,lower right",
    "5": "top,middle,bottom,upper left,lower right",
    "6": "top,middle,bottom,upper left,lower left,lower right",
    "7": "top,upper right,lower right",
    "8": "top,middle,bottom,upper left,upper right,lower left,lower right",
    "9": "top,middle,bottom,upper left,upper right,lower right",
    "S": "top,middle,bottom,upper left,lower right",
    "T": "top,stem",
    "O": "top,bottom,upper left,upper right,lower left,lower right",
    "P": "top,middle,upper left,upper right,lower left",
}


def sign_plate(kind: str) -> Mesh:
    """Return a plate in the frame of its centre, x towards the reader, y left, z up.

    ``kind`` is a speed limit in digits, ``STOP`` or ``YIELD``; plates are 0.6 m wide and more.
    """
    if kind == "STOP":
        rim = _disc(0.42, 8, np.pi / 8.0)
        return _plate(
            (rim, _WHITE), (_disc(0.39, 8, np.pi / 8.0), _RED), (_text("STOP", 0.2), _WHITE)
        )
    if kind == "YIELD":
        outer, inner = _disc(0.5, 3, -0.5 * np.pi), _disc(0.34, 3, -0.5 * np.pi)
        return _plate((outer, _RED), (inner, _WHITE))
    return _plate((_disc(0.34, 24), _RED), (_disc(0.27, 24), _WHITE), (_text(kind, 0.24), _BLACK))


def _disc(radius: float, sides: int, turn: float = 0.0) -> Array:
    return disc_triangles((0.0, 0.0, 0.0), 0.0, radius, sides, turn)


def _plate(*layers: tuple[Array, tuple[int, int, int]]) -> Mesh:
    back = layers[0][0][:, ::-1] - (0.01, 0.0, 0.0)
    meshes = [triangles(back, _BACK, Label.TRAFFIC_SIGNS)]
    for number, (faces, colour) in enumerate(layers):
        make = triangles if faces.shape[1] == 3 else quads
        lift = np.array([0.006 * number, 0.0, 0.0])
        meshes.append(make(faces + lift, colour, Label.TRAFFIC_SIGNS))
    return concatenate(meshes)


def _text(text: str, height_m: float) -> Array:
    """Return the strokes (N, 4, 3) of a word centred on the plate."""
    width, gap = 0.52 * height_m, 0.18 * height_m
    left = -0.5 * (len(text) * width + (len(text) - 1) * gap)
    faces = []
    for number, letter in enumerate(text):
        for stroke in _STROKES[letter].split(","):
            x0, z0, x1, z1 = _SEGMENTS[stroke]
            start = left + number * (width + gap)
            # The reader's right is the plate's +y.
            y0, y1 = start + x0 * width, start + x1 * width
            low, high = (z0 - 0.5) * height_m, (z1 - 0.5) * height_m
            faces.append([(0.0, y0, low), (0.0, y1, low), (0.0, y1, high), (0.0, y0, high)])
    return np.array(faces)
