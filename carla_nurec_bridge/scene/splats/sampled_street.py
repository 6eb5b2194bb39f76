"""A scene's street, road users and sky as Gaussians, sampled from the meshes that draw it.

It stands in for a scene that was trained on pictures: the same layers, tracks, sky and settings.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from ...core.errors import InputError
from ...core.frames import Matrix, invert, rigid
from ...gaussians.cloud import Floats, GaussianCloud, concatenated
from ...gaussians.sampling import Longest, Pieces, cover_mesh
from ...gaussians.scene import GaussianScene, RenderSettings, RigidGaussians
from ...gaussians.sky import directions_of_texels
from ...rendering.camera import colours_along
from ...rendering.engines.choice import open_on_processor
from ...rendering.lighting import Lighting
from ...rendering.mesh import Mesh, concatenate, empty_mesh
from ...rendering.scene import Instance, RenderScene
from ...town.actors.assets import traffic_light_mesh
from ...town.street import Street, cached_street
from ..drawn.appearances import paint_of, recorded_appearance
from ..drawn.models import model_of
from ..package.model import Scene, SceneTrack

_GROUND_TAGS = (1, 2, 10, 24, 25)
"""CARLA's road, sidewalk, terrain, road line and ground."""
_ABOVE_M = 0.04
"""From so far above a surface its colour is looked at: paint and what else lies on it is seen."""
_NEAR_EDGE_M = 0.2
_FAR_EDGE_M = 12.0
_EDGE_PER_M = 0.03
_CAR_EDGE_M = 0.16
_MOST_TRIES = 6
_BEFORE_HALVING = 0.7
"""So many pieces, as a share of those that they become where colours change."""
_HEIGHT_OF_SKY_M = 2.0


@dataclass(frozen=True)
class StreetSampling:
    """How finely a street is sampled.

    ``count`` Gaussians or somewhat fewer for what stands still; ``sky_px`` a side of a face.
    """

    count: int = 300_000
    sky_px: int = 128
    light: Lighting = field(default_factory=Lighting)


def sampled_street(scene: Scene, wish: StreetSampling | None = None) -> GaussianScene:
    """Return the Gaussians of a scene in its world, as its street and tracks are drawn.

    Pieces grow with the distance from the rig's path. Colours have the
    light of ``wish`` in them; road users are lit as they stand first. InputError without a map.
    """
    if scene.xodr is None:
        raise InputError(
            f"scene {scene.scene_id} has no map, from whose street Gaussians could be sampled"
        )
    wish = wish or StreetSampling()
    street = cached_street(scene.xodr)
    world_from_map = invert(scene.map_from_world)
    path = scene.rig_trajectory.world_from_rig[:, :3, 3] @ scene.map_from_world[:3, :3].T
    tree = cKDTree(path + scene.map_from_world[:3, 3])
    layers = {
        name: cloud.transformed(world_from_map)
        for name, cloud in _static_layers(street, tree, wish).items()
    }
    return GaussianScene(
        layers,
        _road_users(scene, wish.light),
        _sky(scene.map_from_world, wish),
        RenderSettings(sh_degree=0),
        format="sampled from meshes",
    )


def _static_layers(street: Street, path: cKDTree, wish: StreetSampling) -> dict[str, GaussianCloud]:
    lamp = traffic_light_mesh("off")
    mesh = concatenate(
        [street.mesh, *(lamp.transformed(head.map_from_head) for head in street.lights)]
    )
    ground = np.isin(mesh.tags, _GROUND_TAGS)
    layers: dict[str, GaussianCloud] = {}
    with RenderScene(mesh, open_on_processor()) as drawn:

        def seen(pieces: Pieces) -> Floats:
            return _colours(drawn, pieces, wish.light)

        factor = _factor(mesh, path, wish.count * _BEFORE_HALVING)
        for name, mask in (("background", ~ground), ("road", ground)):
            part = mesh.with_fields(
                triangles=mesh.triangles[mask],
                colours=mesh.colours[mask],
                tags=mesh.tags[mask],
                objects=mesh.objects[mask],
            )
            layers[name] = cover_mesh(part, _longest(path, factor), seen)
    return layers


def _longest(path: cKDTree, factor: float) -> Longest:
    """Return the rule of edges: long ones far from the path."""

    def rule(points: Matrix) -> Matrix:
        away_m, _ = path.query(points)
        edges: Matrix = factor * np.clip(_EDGE_PER_M * away_m, _NEAR_EDGE_M, _FAR_EDGE_M)
        return edges

    return rule


def _factor(mesh: Mesh, path: cKDTree, count: float) -> float:
    """Return the factor of edges that makes about so many pieces.

    A halved triangle with the longest edge e has an area of about 0.15 e^2 on the mean, and one
    that is smaller at once is a piece by itself.
    """
    corners = mesh.vertices.astype(np.float64)[mesh.triangles]
    a, b, c = np.moveaxis(corners, 1, 0)
    areas = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    rule = _longest(path, 1.0)(corners.mean(axis=1))
    factor = 1.0
    for _ in range(_MOST_TRIES):
        pieces = float(np.maximum(areas / (0.15 * (factor * rule) ** 2), 1.0).sum())
        factor *= np.sqrt(max(pieces / count, 0.25))
    return float(max(factor, 0.2))


def _colours(drawn: RenderScene, pieces: Pieces, light: Lighting) -> Floats:
    normals = pieces.normals
    origins = pieces.middles + _ABOVE_M * normals
    rgb = colours_along(drawn, origins.astype(np.float32), -normals.astype(np.float32), light)
    shares: Floats = rgb.astype(np.float32) / np.float32(255)
    return shares


def _road_users(scene: Scene, light: Lighting) -> RigidGaussians | None:
    """Return the Gaussians of all tracks, in their boxes; None where the scene has none."""
    clouds: list[GaussianCloud] = []
    known: dict[object, GaussianCloud] = {}
    for track in scene.tracks:
        appearance = recorded_appearance(track)
        paint = appearance.paint or paint_of(track.track_id)
        heading = scene.map_from_world[:3, :3] @ track.world_from_box[0, :3, :3]
        yaw = round(float(np.degrees(np.arctan2(heading[1, 0], heading[0, 0]))) / 15.0)
        key = (appearance, paint, yaw)
        if key not in known:
            known[key] = _road_user(scene, track, paint, np.radians(15.0 * yaw), light)
        clouds.append(known[key])
    if not clouds:
        return None
    ids = np.repeat(np.arange(len(clouds)), [len(cloud) for cloud in clouds])
    return RigidGaussians(
        concatenated(clouds), ids.astype(np.int32), tuple(t.track_id for t in scene.tracks)
    )


def _road_user(
    scene: Scene, track: SceneTrack, paint: tuple[int, int, int], yaw: float, light: Lighting
) -> GaussianCloud:
    """Return a road user in its box, lit as where it stands first but from nobody's shadow."""
    mesh = model_of(scene, recorded_appearance(track))
    cosine, sine = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    pose = rigid(turn, (0.0, 0.0, 0.5 * track.size_m[2]))
    with RenderScene(empty_mesh(), open_on_processor()) as drawn:
        drawn.add_asset("it", mesh)
        drawn.set_instances([Instance("it", pose, pose, 1, paint)])

        def seen(pieces: Pieces) -> Floats:
            moved = Pieces(pieces.corners @ turn.T + pose[:3, 3], pieces.triangles)
            return _colours(drawn, moved, light)

        return cover_mesh(mesh, lambda points: np.full(len(points), _CAR_EDGE_M), seen)


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
