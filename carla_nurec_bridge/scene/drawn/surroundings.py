"""What stands still in a scene: its street, from the map or from a mesh of the package."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.files.archive import open_archive
from ...core.files.plain_yaml import load_yaml
from ...core.semantic_tag import Tag
from ...rendering.mesh import Mesh
from ...town.street import Street, cached_street
from .. import Scene, Surface, read_surface
from ..package.reading import METADATA

_STATIC_TAG = Tag.STATIC
_GROUND_GREY, _OTHER_GREY = 96, 168
_FLAT = 0.8  # cosine of the slope up to which a bare surface counts as ground


def street_of(scene: Scene) -> Street:
    """Return what surrounds a scene's actors, in the map frame.

    That is ``mesh.ply`` of the package, in its colours or else in greys, and without one the
    street built from ``map.xodr``. Of packages that were built here the bare mesh is that street
    again, which the map tells with colours. InputError when there is neither.
    """
    surface = read_surface(scene)
    if surface is not None and surface.colours is not None:
        return Street(_mesh(scene, surface, corner_colours(surface)), ())
    if scene.xodr is not None and (surface is None or built_here(scene)):
        return cached_street(scene.xodr)
    if surface is not None:
        return Street(_mesh(scene, surface, _greys(surface)), ())
    raise InputError(
        f"scene {scene.scene_id} has no map.xodr and no mesh.ply, from which its street could be "
        "drawn; build the package from a map (carla-nurec scene build)"
    )


def built_here(scene: Scene) -> bool:
    """Say whether the package tells that this program wrote it."""
    if scene.path is None:
        return False
    archive = open_archive(scene.path)
    if METADATA not in archive.members:
        return False
    version = load_yaml(archive.read(METADATA)).get("version_string")
    return str(version).startswith("carla_nurec_bridge ")


def _mesh(scene: Scene, surface: Surface, colours: NDArray[np.uint8]) -> Mesh:
    count = len(surface.triangles)
    return Mesh(
        vertices=surface.vertices,
        triangles=surface.triangles,
        colours=np.column_stack([colours, np.zeros(count, np.uint8)]).astype(np.uint8),
        tags=np.full(count, _STATIC_TAG, np.uint8),
        objects=np.zeros(count, np.int32),
    ).transformed(scene.map_from_world)


def corner_colours(surface: Surface) -> NDArray[np.uint8]:
    """Return for each triangle (T, 3) uint8, the mean colour of its corners."""
    assert surface.colours is not None
    corners = surface.colours[surface.triangles].astype(np.uint16)
    mean: NDArray[np.uint8] = ((corners.sum(axis=1) + 1) // 3).astype(np.uint8)
    return mean


def _greys(surface: Surface) -> NDArray[np.uint8]:
    a, b, c = (surface.vertices[surface.triangles[:, k]].astype(np.float64) for k in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    flat = np.abs(normal[:, 2]) > _FLAT * np.maximum(length, 1e-12)
    return np.repeat(np.where(flat, _GROUND_GREY, _OTHER_GREY)[:, None], 3, axis=1)
