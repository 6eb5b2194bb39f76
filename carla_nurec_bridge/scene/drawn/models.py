"""What actors are drawn as: meshes of their kind and size, or assets with surfaces of their own."""

from __future__ import annotations

import numpy as np

from ...core.semantic_tag import Tag
from ...rendering.mesh import LIGHT, MATTE, Mesh
from ...town.actors.assets import asset_for
from .. import Scene
from ..package.external_assets import fitted
from .appearances import ActorAppearance
from .own_assets import own_asset
from .surroundings import corner_colours

_DYNAMIC_TAG = Tag.DYNAMIC
_GREY = 160


def model_of(scene: Scene, appearance: ActorAppearance) -> Mesh:
    """Return an actor's mesh: origin in the middle of its box, x forward, y left, z up, metres."""
    asset = own_asset(scene, appearance.seed) if appearance.own else None
    if asset is None:
        return asset_for(appearance.label, appearance.size_m, appearance.seed)
    surface = fitted(asset, appearance.size_m).surface
    count = len(surface.triangles)
    colours = np.zeros((count, 4), np.uint8)
    colours[:, :3] = _GREY if surface.colours is None else corner_colours(surface)
    colours[:, 3] = LIGHT if asset.baked else MATTE
    return Mesh(
        vertices=surface.vertices,
        triangles=surface.triangles,
        colours=colours,
        tags=np.full(count, _DYNAMIC_TAG, np.uint8),
        objects=np.zeros(count, np.int32),
    )
