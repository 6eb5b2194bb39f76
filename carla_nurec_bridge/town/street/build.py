"""The whole street of a map in one mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...opendrive.land import land
from ...opendrive.model import OpenDriveMap
from ...opendrive.stops import stop_lines
from ...opendrive.surface import pavement
from ...rendering.mesh import Mesh, concatenate
from .bridges import underpass_walls
from .buildings import building_meshes
from .furniture import (
    SignalHead,
    lamp_meshes,
    sign_meshes,
    signal_parts,
)
from .greenery import land_mesh, tree_meshes
from .marks import crosswalk_meshes, mark_meshes, stop_line_mesh
from .pavement import pavement_meshes
from .site import Site, frontages


@dataclass(frozen=True, eq=False)
class Street:
    """What stands still on a map, in the map frame, and where traffic lights show their state.

    The mesh holds poles but no heads of traffic lights: whoever draws puts an asset of the right
    state at every head.
    """

    mesh: Mesh
    lights: tuple[SignalHead, ...]


def build_street(opendrive: OpenDriveMap, seed: int = 0) -> Street:
    """Build the street of a map; the same map and seed give the same street.

    Buildings, trees, lamps, poles and signs are objects with ids from 1 on; the ground, its paint
    and its kerbs are object 0. Tags are CARLA's. Raises InputError for a map without lanes.
    """
    rng = np.random.default_rng(seed)
    built = pavement(opendrive)
    stops = stop_lines(opendrive)
    sides = list(frontages(opendrive, built))
    site = Site(built, margin_m=0.4)
    bars = [line for lines in stops.values() for line in lines]
    poles, heads = signal_parts(opendrive, built, stops)
    ground = [
        *pavement_meshes(built, rng),
        *underpass_walls(opendrive, built),
        land_mesh(opendrive, land(opendrive), built, rng),
        *mark_meshes(opendrive, rng),
        *crosswalk_meshes(opendrive),
        stop_line_mesh(bars),
    ]
    objects = [
        *building_meshes(opendrive, sides, site, rng),
        *tree_meshes(opendrive, built, sides, site, rng),
        *lamp_meshes(opendrive, sides),
        *poles,
        *sign_meshes(opendrive),
    ]
    return Street(concatenate([*ground, *_numbered(objects)]), tuple(heads))


def _numbered(meshes: Sequence[Mesh]) -> list[Mesh]:
    return [mesh.with_object(number) for number, mesh in enumerate(meshes, start=1)]
