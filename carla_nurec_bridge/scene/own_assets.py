"""Assets of this package's own, for scenes that bring none: what CARLA's blueprints lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from .external_assets import ExternalAsset, add_assets
from .surface import Surface

_DIAMETER_M = 0.26
_RINGS, _SIDES, _PANELS = 12, 24, 6
_COLOURS = ((232, 44, 36), (244, 236, 220))


def ball() -> ExternalAsset:
    """Return a ball with panels of two colours, which show how it rolls."""
    polar = np.linspace(0.0, np.pi, _RINGS + 1)
    angle = np.linspace(0.0, 2.0 * np.pi, _SIDES + 1)
    corners: list[tuple[float, float, float]] = []
    triangles: list[tuple[int, int, int]] = []
    colours: list[tuple[int, int, int]] = []
    for ring in range(_RINGS):
        for side in range(_SIDES):
            around = [(ring, side), (ring + 1, side), (ring + 1, side + 1), (ring, side + 1)]
            first = len(corners)
            corners += [
                (float(np.sin(polar[i]) * np.cos(angle[j])),
                 float(np.sin(polar[i]) * np.sin(angle[j])), float(np.cos(polar[i])))
                for i, j in around
            ]  # fmt: skip
            triangles += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
            colours += [_COLOURS[side * _PANELS // _SIDES % 2]] * 4
    vertices = (0.5 * _DIAMETER_M * np.array(corners)).astype(np.float32)
    surface = Surface(vertices, np.array(triangles, np.int32), np.array(colours, np.uint8))
    return ExternalAsset("ball", "protruding_object", (_DIAMETER_M,) * 3, surface)


OWN_ASSETS: dict[str, Callable[[], ExternalAsset]] = {"ball": ball}


def add_own_assets(package: Path, wanted: Iterable[str]) -> None:
    """Put those of ``wanted`` that are this package's own into a scene package."""
    assets = {name: OWN_ASSETS[name]() for name in sorted(set(wanted)) if name in OWN_ASSETS}
    if assets:
        add_assets(package, assets)
