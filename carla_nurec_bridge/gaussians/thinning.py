"""Fewer Gaussians of a scene, for processors that cannot draw all of them in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .cloud import GaussianCloud
from .scene import GaussianScene, NotDrawn

_NEAR_M, _CUBOID_M = 3.0, 10.0
"""Nothing counts as nearer; and all Gaussians of cuboids count as that far away."""


def thinned(scene: GaussianScene, most: int, seen_from: ArrayLike) -> GaussianScene:
    """Return a scene of at most ``most`` Gaussians: those that cover most of what is seen.

    A Gaussian counts by its opacity, times the product of its two largest sigmas, over the square
    of its distance from the nearest of some places (P, 3) in nre. What is left out is told.
    """
    if len(scene) <= most:
        return scene
    places = np.asarray(seen_from, np.float32).reshape(-1, 3)
    clouds = list(scene.layers.values())
    squares = [_squared_distances(cloud, places) for cloud in clouds]
    if scene.rigid is not None:
        clouds.append(scene.rigid.cloud)
        squares.append(np.full(len(scene.rigid.cloud), _CUBOID_M**2, np.float32))
    kept = _largest([_area(c) / d for c, d in zip(clouds, squares, strict=True)], most)
    named = zip(scene.layers.items(), kept, strict=False)
    layers = {name: cloud.select(mask) for (name, cloud), mask in named}
    rigid = scene.rigid
    if rigid is not None:
        own = kept[-1]
        rigid = replace(rigid, cloud=rigid.cloud.select(own), cuboid_ids=rigid.cuboid_ids[own])
    why = f"the server was asked for {most} at most, those that cover most"
    told = NotDrawn("Gaussians", len(scene) - most, why)
    return replace(scene, layers=layers, rigid=rigid, not_drawn=(*scene.not_drawn, told))


def _squared_distances(cloud: GaussianCloud, places: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = np.full(len(cloud), np.inf, np.float32)
    for place in places:
        away = cloud.means_m - place
        np.minimum(squares, np.einsum("ij,ij->i", away, away), out=squares)
    return np.maximum(squares, np.float32(_NEAR_M**2))


def _area(cloud: GaussianCloud) -> NDArray[np.float32]:
    largest = np.sort(cloud.scales_m, axis=1)[:, 1:]
    area: NDArray[np.float32] = cloud.opacities * largest[:, 0] * largest[:, 1]
    return area


def _largest(parts: Sequence[NDArray[np.float32]], most: int) -> list[NDArray[np.bool_]]:
    """Return masks of the ``most`` largest numbers of all parts."""
    numbers = np.concatenate(parts)
    kept = np.zeros(len(numbers), bool)
    kept[np.argpartition(-numbers, most)[:most]] = True
    return np.split(kept, np.cumsum([len(part) for part in parts])[:-1])
