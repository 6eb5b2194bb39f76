"""A scene's street, road users and sky as Gaussians, sampled from the meshes that draw it.

It stands in for a scene that was trained on pictures: the same layers, tracks, sky and settings.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ...core.errors import InputError
from ...core.frames import Matrix, invert
from ...core.semantic_tag import Tag
from ...gaussians.cloud import Floats, GaussianCloud, concatenated
from ...gaussians.sampling import (
    Longest,
    Pieces,
    areas_of,
    cover_mesh,
    covered,
    piece_area,
    thinned,
)
from ...gaussians.scene import GaussianScene, RenderSettings
from ...gaussians.sky import directions_of_texels
from ...rendering.camera import colours_along
from ...rendering.engines.choice import open_on_processor
from ...rendering.lighting import Lighting
from ...rendering.mesh import Mesh, concatenate, empty_mesh
from ...rendering.scene import RenderScene
from ...town.actors.assets import traffic_light_mesh
from ...town.street import cached_street
from ..package.model import Scene
from .sampled_road_users import colours_above, road_users, sampled_road_users

_GROUND_TAGS = (1, 2, 10, 24, 25)
"""CARLA's road, sidewalk, terrain, road line and ground."""
_NEAR_EDGE_M = 0.2
_FAR_EDGE_M = 12.0
_EDGE_PER_M = 0.03
_MOST_TRIES = 6
_BEFORE_HALVING = 0.7
"""So many pieces, as a share of those that they become where colours change."""
_LEAVES_A_PIECE = 4.0
"""Trees are round and their trunks thin: they need more than an even wall of their area does."""
_SMALLS_A_PIECE = 16.0
"""So many triangles in the place of one piece keep the shape of a kerb or a post."""
_HEIGHT_OF_SKY_M = 2.0


@dataclass(frozen=True)
class StreetSampling:
    """How finely a street is sampled.

    ``count`` Gaussians, about, for all that is there; ``sky_px`` a side of a face of the sky.
    """

    count: int = 300_000
    sky_px: int = 128
    light: Lighting = field(default_factory=Lighting)


def sampled_street(scene: Scene, wish: StreetSampling | None = None) -> GaussianScene:
    """Return the Gaussians of a scene in its world, as its street and tracks are drawn.

    Pieces grow with the distance from the rig's path, those of road users too. Colours have the
    light of ``wish`` in them; road users are lit as they stand first. InputError without a map.
    """
    if scene.xodr is None:
        raise InputError(
            f"scene {scene.scene_id} has no map, from whose street Gaussians could be sampled"
        )
    wish = wish or StreetSampling()
    street = cached_street(scene.xodr)
    world_from_map = invert(scene.map_from_world)
    path = scene.rig_trajectory.world_from_rig[:, :3, 3]
    in_map = path @ scene.map_from_world[:3, :3].T + scene.map_from_world[:3, 3]
    tree = cKDTree(in_map)
    users = road_users(scene, path)
    lamp = traffic_light_mesh("off")
    mesh = concatenate(
        [street.mesh, *(lamp.transformed(head.map_from_head) for head in street.lights)]
    )
    middles = mesh.vertices.astype(np.float64)[mesh.triangles].mean(axis=1)
    areas = [areas_of(mesh), *(areas_of(user.mesh) for user in users)]
    edges = [_longest(tree, 1.0)(middles)]
    edges += [np.full(len(user.mesh.triangles), user.edge_m) for user in users]
    least = [np.where(mesh.tags == Tag.VEGETATION, 1.0, _SMALLS_A_PIECE)]
    least += [np.ones(len(user.mesh.triangles)) for user in users]
    factor = _factor(
        np.concatenate(areas),
        np.concatenate(edges),
        np.concatenate(least),
        wish.count * _BEFORE_HALVING,
    )
    layers = {
        name: cloud.transformed(world_from_map)
        for name, cloud in _static_layers(mesh, _longest(tree, factor), wish.light).items()
    }
    return GaussianScene(
        layers,
        sampled_road_users(scene, users, factor, wish.light),
        _sky(scene.map_from_world, wish),
        RenderSettings(sh_degree=0),
        format="sampled from meshes",
    )


def _static_layers(mesh: Mesh, longest: Longest, light: Lighting) -> dict[str, GaussianCloud]:
    ground = np.isin(mesh.tags, _GROUND_TAGS)
    trees = mesh.tags == Tag.VEGETATION
    layers: dict[str, GaussianCloud] = {}
    with RenderScene(mesh, open_on_processor()) as drawn:

        def seen(pieces: Pieces) -> Floats:
            return colours_above(drawn, pieces, light)

        def cover(mask: NDArray[np.bool_]) -> GaussianCloud:
            part = mesh.with_fields(
                triangles=mesh.triangles[mask],
                colours=mesh.colours[mask],
                tags=mesh.tags[mask],
                objects=mesh.objects[mask],
            )
            return cover_mesh(part, longest, seen)

        def fewer(cloud: GaussianCloud, a_piece: float) -> GaussianCloud:
            # Triangles may be far smaller than pieces need be where they are far away.
            needed = piece_area(longest(cloud.means_m.astype(np.float64)))
            return thinned(cloud, a_piece * covered(cloud) / needed)

        others = fewer(cover(~ground & ~trees), _SMALLS_A_PIECE)
        layers["background"] = concatenated([others, fewer(cover(trees), _LEAVES_A_PIECE)])
        layers["road"] = fewer(cover(ground), _SMALLS_A_PIECE)
    return layers


def _longest(path: cKDTree, factor: float) -> Longest:
    """Return the rule of edges: long ones far from the path."""

    def rule(points: Matrix) -> Matrix:
        away_m, _ = path.query(points)
        edges: Matrix = factor * np.clip(_EDGE_PER_M * away_m, _NEAR_EDGE_M, _FAR_EDGE_M)
        return edges

    return rule


def _factor(areas: Matrix, edges: Matrix, least: Matrix, count: float) -> float:
    """Return the factor of edges (T,) that makes about so many pieces of triangles' areas (T,).

    Triangles smaller than a piece are thinned to ``least`` (T,) of them a piece.
    """
    factor = 1.0
    for _ in range(_MOST_TRIES):
        needed = areas / piece_area(factor * edges)
        pieces = float(np.maximum(needed, np.minimum(1.0, least * needed)).sum())
        factor *= np.sqrt(max(pieces / count, 0.25))
    return float(max(factor, 0.2))


def _sky(map_from_world: Matrix, wish: StreetSampling) -> Floats:
    """Return the sky of a light as a cube map about the world's axes, in which nre lies."""
    side = wish.sky_px
    directions = directions_of_texels(side).reshape(-1, 3) @ map_from_world[:3, :3].T
    origins = np.zeros_like(directions) + (0.0, 0.0, _HEIGHT_OF_SKY_M)
    with RenderScene(empty_mesh(), open_on_processor()) as drawn:
        rgb = colours_along(
            drawn, origins.astype(np.float32), directions.astype(np.float32), wish.light
        )
    faces: Floats = (rgb.astype(np.float32) / np.float32(255)).reshape(6, side, side, 3)
    return faces
