"""Calls about files: the mesh on which the client's pedestrians find their way."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from ....core.errors import InputError
from ....town.level import Level
from ..simulation import Simulation
from ..wire.codecs import BYTES, TEXT, list_of
from ..world.detour import tile_set
from ..world.navigation import walk_area
from .registry import serve

MAP_FOLDER = "Carla/Maps"
NAVIGATION = "Nav"
KEY_DIGITS = 16


@serve("get_navigation_mesh", returns=BYTES)
def get_navigation_mesh(simulation: Simulation) -> bytes:
    """Return the mesh for pedestrians; empty for a map without sidewalks."""
    return navigation_mesh(simulation.episode.level)


@serve("get_required_files", TEXT, returns=list_of(TEXT))
def get_required_files(simulation: Simulation, folder: str) -> list[str]:
    """Return the files of a folder that a client should fetch.

    Only ``Nav`` has one: clients take any file of another folder for what belongs there, and die.
    """
    if folder != NAVIGATION or not navigation_mesh(simulation.episode.level):
        return []
    return [_file_name(simulation.episode.level)]


@serve("request_file", TEXT, returns=BYTES)
def request_file(simulation: Simulation, name: str) -> bytes:
    """Return a file named by ``get_required_files``."""
    mesh = navigation_mesh(simulation.episode.level)
    if not mesh or name != _file_name(simulation.episode.level):
        raise InputError(
            f"this server has no file {name!r} for map {simulation.episode.level.name}"
        )
    return mesh


@lru_cache(maxsize=4)
def navigation_mesh(level: Level) -> bytes:
    """Return a level's Detour tile set; empty when people can walk nowhere."""
    area = walk_area(level.road_map)
    return tile_set(area) if area is not None else b""


def _file_name(level: Level) -> str:
    # Clients keep files by name for ever, so the name changes with the content.
    key = hashlib.sha256(navigation_mesh(level)).hexdigest()[:KEY_DIGITS]
    return f"{MAP_FOLDER}/{NAVIGATION}/{level.name}_{key}.bin"
