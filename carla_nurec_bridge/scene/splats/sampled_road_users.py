"""Road users as Gaussians in their boxes, finer ones where the rig passes near them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...core.frames import Matrix, rigid
from ...gaussians.cloud import Floats, GaussianCloud, concatenated
from ...gaussians.sampling import Pieces, areas_of, cover_mesh, covered, piece_area, thinned
from ...gaussians.scene import RigidGaussians
from ...rendering.camera import colours_along
from ...rendering.engines.choice import open_on_processor
from ...rendering.lighting import Lighting
from ...rendering.mesh import Mesh, empty_mesh
from ...rendering.scene import Instance, RenderScene
from ..drawn.appearances import ActorAppearance, paint_of, recorded_appearance
from ..drawn.models import model_of
from ..package.model import Scene, SceneTrack

_ABOVE_M = 0.04
"""From so far above a surface its colour is looked at: paint and what else lies on it is seen."""
_NEAR_EDGE_M, _FAR_EDGE_M = 0.1, 4.0
_EDGE_PER_M = 0.012
_STEPS_AN_OCTAVE = 2.0
_HALVINGS = 1
_FEWEST = 1000
"""As few Gaussians still have the shape of a car that is far away."""
_YAW_STEP_DEG = 15.0


@dataclass(frozen=True, eq=False)
class RoadUserMesh:
    """A track, the mesh and paint it is drawn with, and its pieces' longest edge at a factor 1."""

    track: SceneTrack
    appearance: ActorAppearance
    mesh: Mesh
    edge_m: float


def road_users(scene: Scene, path: Matrix) -> list[RoadUserMesh]:
    """Return all tracks of a scene; ``path`` (N, 3) are places of its rig in the world."""
    tree = cKDTree(path)
    meshes: dict[ActorAppearance, Mesh] = {}
    users = []
    for track in scene.tracks:
        appearance = recorded_appearance(track)
        if appearance not in meshes:
            meshes[appearance] = model_of(scene, appearance)
        away_m = float(tree.query(track.world_from_box[:, :3, 3])[0].min())
        edge_m = float(np.clip(_EDGE_PER_M * away_m, _NEAR_EDGE_M, _FAR_EDGE_M))
        users.append(RoadUserMesh(track, appearance, meshes[appearance], edge_m))
    return users


def sampled_road_users(
    scene: Scene, users: list[RoadUserMesh], factor: float, light: Lighting
) -> RigidGaussians | None:
    """Return the Gaussians of all tracks, in their boxes; None where the scene has none.

    Pieces have edges of ``factor`` times those of the users, to half an octave.
    """
    clouds: list[GaussianCloud] = []
    known: dict[object, GaussianCloud] = {}
    for user in users:
        paint = user.appearance.paint or paint_of(user.track.track_id)
        heading = scene.map_from_world[:3, :3] @ user.track.world_from_box[0, :3, :3]
        yaw_rad = math.atan2(heading[1, 0], heading[0, 0])
        yaw = round(math.degrees(yaw_rad) / _YAW_STEP_DEG)
        step = round(float(_STEPS_AN_OCTAVE * np.log2(factor * user.edge_m)))
        key = (user.appearance, paint, yaw, step)
        if key not in known:
            edge_m = 2.0 ** (step / _STEPS_AN_OCTAVE)
            known[key] = _road_user(user, paint, np.radians(_YAW_STEP_DEG * yaw), edge_m, light)
        clouds.append(known[key])
    if not clouds:
        return None
    ids = np.repeat(np.arange(len(clouds)), [len(cloud) for cloud in clouds])
    return RigidGaussians(
        concatenated(clouds), ids.astype(np.int32), tuple(t.track_id for t in scene.tracks)
    )


def _road_user(
    user: RoadUserMesh,
    paint: tuple[int, int, int],
    yaw: float,
    edge_m: float,
    light: Lighting,
) -> GaussianCloud:
    """Return a road user in its box, lit as where it stands first but from nobody's shadow.

    A mesh of many small triangles has more pieces than edges of that length need; they are thinned.
    """
    cosine, sine = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    pose = rigid(turn, (0.0, 0.0, 0.5 * user.track.size_m[2]))
    with RenderScene(empty_mesh(), open_on_processor()) as drawn:
        drawn.add_asset("it", user.mesh)
        drawn.set_instances([Instance("it", pose, pose, 1, paint)])

        def seen(pieces: Pieces) -> Floats:
            moved = Pieces(pieces.corners @ turn.T + pose[:3, 3], pieces.triangles)
            return colours_above(drawn, moved, light)

        cloud = cover_mesh(user.mesh, lambda points: np.full(len(points), edge_m), seen, _HALVINGS)
    needed = 2**_HALVINGS * float(areas_of(user.mesh).sum()) / piece_area(edge_m)
    areas = covered(cloud)
    return thinned(cloud, max(_FEWEST, needed) * areas / areas.sum())


def colours_above(drawn: RenderScene, pieces: Pieces, light: Lighting) -> Floats:
    """Return the colours (N, 3), 0 to 1, of pieces as they are seen from just above them."""
    normals = pieces.normals
    origins = pieces.middles + _ABOVE_M * normals
    rgb = colours_along(drawn, origins.astype(np.float32), -normals.astype(np.float32), light)
    shares: Floats = rgb.astype(np.float32) / np.float32(255)
    return shares
