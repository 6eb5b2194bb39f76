"""Assets of the server's own, for scenes that bring none: what CARLA's blueprints lack."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import Scene, Surface
from ..package.external_assets import ExternalAsset, asset_ids, read_asset

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
                (
                    float(np.sin(polar[i]) * np.cos(angle[j])),
                    float(np.sin(polar[i]) * np.sin(angle[j])),
                    float(np.cos(polar[i])),
                )
                for i, j in around
            ]
            triangles += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
            colours += [_COLOURS[side * _PANELS // _SIDES % 2]] * 4
    vertices = (0.5 * _DIAMETER_M * np.array(corners)).astype(np.float32)
    surface = Surface(vertices, np.array(triangles, np.int32), np.array(colours, np.uint8))
    return ExternalAsset("ball", "protruding_object", (_DIAMETER_M,) * 3, surface)


OWN_ASSETS: dict[str, Callable[[], ExternalAsset]] = {"ball": ball}


def own_asset_ids(scene: Scene) -> tuple[str, ...]:
    """Return the ids of the assets of a scene's package, then those of the server's own."""
    packaged = asset_ids(scene)
    return (*packaged, *(name for name in OWN_ASSETS if name not in packaged))


def own_asset(scene: Scene, asset_id: str) -> ExternalAsset | None:
    """Return an asset of a scene's package or of the server's own; None where neither has it.

    InputError when the package's is broken.
    """
    packaged = read_asset(scene, asset_id)
    if packaged is None and asset_id in OWN_ASSETS:
        return OWN_ASSETS[asset_id]()
    return packaged
