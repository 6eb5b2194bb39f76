"""Where the Gaussians of a file lie in a scene: axes, place and scale that a user names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...core.errors import InputError
from ...core.frames import Matrix, rigid, rotation_from_rpy
from ...gaussians.scene import GaussianScene
from ...gaussians.sky import turned

Axes = Literal["auto", "rdf", "rub", "flu"]
AXES: tuple[Axes, ...] = ("auto", "rdf", "rub", "flu")

_MAP_FROM_AXES = {
    "flu": np.eye(3),
    "rdf": np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]),
    "rub": np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
}
"""Forward, left, up of a file's axes: right, down, forward; right, up, back."""


@dataclass(frozen=True)
class SplatPlacement:
    """How a file's Gaussians are put into the map.

    * axes: ``rdf`` (x right, y down, z forward, as photogrammetry has them), ``rub`` (x right, y
      up, z back), ``flu`` (x forward, y left, z up: the map's own); ``auto``: ``flu`` for NuRec's
      volumes for driving, ``rdf`` for all other files.
    * at: x, y, z (m, map) and yaw (rad, counter-clockwise) of the file's origin and its forward.
    * scale: metres a unit of the file.
    """

    axes: Axes = "auto"
    at: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    scale: float = 1.0

    def map_from_splats(self, scene: GaussianScene) -> Matrix:
        """Return the rigid (4, 4) that takes scaled points of the file to the map."""
        axes = self.axes
        if axes == "auto":
            axes = "flu" if scene.forward_left_up else "rdf"
        x, y, z, yaw = self.at
        return rigid(rotation_from_rpy((0.0, 0.0, yaw)) @ _MAP_FROM_AXES[axes], (x, y, z))


def placed(
    scene: GaussianScene, placement: SplatPlacement, world_from_map: Matrix
) -> GaussianScene:
    """Return a file's scene in the world of a package, in which its nre frame lies too.

    Gaussians of cuboids stay in them. InputError when the scale is not above 0.
    """
    if not placement.scale > 0.0:
        raise InputError(f"Gaussians cannot be scaled by {placement.scale}; give a number above 0")
    world_from_splats = world_from_map @ placement.map_from_splats(scene)
    layers = {
        name: cloud.transformed(world_from_splats, placement.scale)
        for name, cloud in scene.layers.items()
    }
    sky = None if scene.sky is None else turned(scene.sky, world_from_splats[:3, :3])
    return replace(scene, layers=layers, sky=sky, nre_from_world=np.eye(4))
