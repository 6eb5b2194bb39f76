"""The ground that a scene shows against the road that CARLA drives on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.frames import Matrix, rigid, rotation_from_rpy
from ..opendrive import parse
from ..opendrive.heights import ground_height
from ..rendering.mesh import Mesh
from ..rendering.rays import cast
from ..rendering.scene import RenderScene
from .build.ground_snapping import WHEELBASE_M
from .package.model import Scene
from .package.reading import MAP
from .package.surface import MESH_GROUND, read_surface

_REACH_M = 3.0
_START_M = 1.0
"""Rays begin so far above the road: above its surface, and below whatever bridges it."""

Points = NDArray[np.float64]


def ground_of(scene: Scene) -> SceneGround | None:
    """Return the ground of a scene, None for one without a ground mesh or without a map."""
    if scene.xodr is None or read_surface(scene, MESH_GROUND) is None:
        return None
    return SceneGround(scene)


class SceneGround:
    """Shifts poses from CARLA's road, made of ``map.xodr``, onto a scene's own ground mesh.

    What moves keeps its height and attitude above the ground; only the difference of the two
    grounds, in height and along the way in pitch, is added. Where the mesh has a hole, or lies
    more than 3 m off, poses stay as they are and are counted in ``missed``.
    """

    def __init__(self, scene: Scene) -> None:
        """Read the mesh; InputError when the scene has no ground mesh or no map."""
        surface = read_surface(scene, MESH_GROUND)
        if surface is None or scene.xodr is None:
            lacks = MESH_GROUND if surface is None else "map.xodr"
            raise InputError(f"the scene {scene.scene_id} has no {lacks}")
        rotation, shift = scene.map_from_world[:3, :3], scene.map_from_world[:3, 3]
        vertices = (surface.vertices @ rotation.T + shift).astype(np.float32)
        count = len(surface.triangles)
        self._mesh = RenderScene(
            Mesh(
                vertices,
                surface.triangles,
                np.zeros((count, 4), np.uint8),
                np.ones(count, np.uint8),
                np.zeros(count, np.int32),
            )
        )
        self._road = parse(scene.xodr, MAP)
        self.missed = 0

    def rise(self, points: Points) -> Points:
        """Return how much the scene's ground is above the road (N,) m at points (N, 3) of the map.

        Of roads above each other the points' own counts, of the scene's grounds the nearest to it.
        0 where there is no ground within reach.
        """
        road, _ = ground_height(self._road, points[:, :2], points[:, 2])
        begin = np.column_stack([points[:, :2], road + _START_M])
        begin[~np.isfinite(road)] = 0.0
        up = np.tile((0.0, 0.0, 1.0), (len(points), 1))
        fall, climb = (
            cast(self._mesh, begin, direction, reach_m).range_m.astype(np.float64)
            for direction, reach_m in ((-up, _REACH_M + _START_M), (up, _REACH_M - _START_M))
        )
        below, above = _START_M - fall, _START_M + climb
        rise = np.where(np.abs(below) <= np.abs(above), below, above)
        rise[~np.isfinite(road)] = np.inf
        lost = ~np.isfinite(rise)
        self.missed += int(lost.sum())
        rise[lost] = 0.0
        return rise

    def settle(
        self, map_from_base: Matrix, map_from_boxes: Mapping[str, Matrix]
    ) -> tuple[Matrix, dict[str, Matrix]]:
        """Return the poses (4, 4) of the rig and of boxes by name on the scene's ground.

        Heights are corrected, and the rig's pitch.
        """
        forward = map_from_base[:3, 0] * WHEELBASE_M
        boxes = np.array([map_from_base, *map_from_boxes.values()])[1:]
        places = np.stack([map_from_base[:3, 3], map_from_base[:3, 3] + forward])
        rear, front, *rise = self.rise(np.concatenate([places, boxes[:, :3, 3]])).tolist()
        pitch = rotation_from_rpy((0.0, -math.atan2(front - rear, WHEELBASE_M), 0.0))
        rig = rigid(map_from_base[:3, :3] @ pitch, map_from_base[:3, 3] + (0.0, 0.0, rear))
        boxes[:, 2, 3] += rise
        return rig, dict(zip(map_from_boxes, boxes, strict=True))
