"""What rays can hit: one static mesh and any number of moving instances of assets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..core.frames import Matrix
from .mesh import Mesh

Engine = Literal["auto", "embree", "numba"]


@dataclass(frozen=True, eq=False)
class Instance:
    """Place an asset in the scene, moving at constant velocity while a sensor measures.

    * asset: key given to ``RenderScene.add_asset``.
    * map_from_asset_start, map_from_asset_end: (4, 4) rigid, at shutter (sweep) start and end.
    * instance_id: id written to instance outputs.
    * colour: sRGB red, green, blue (0 to 255) of faces with the PAINT finish, or None.
    """

    asset: str
    map_from_asset_start: Matrix
    map_from_asset_end: Matrix
    instance_id: int
    colour: tuple[int, int, int] | None = None


class RenderScene:
    """Own the ray casting structures of one world; close it (or use ``with``) to free them."""

    def __init__(self, static: Mesh, engine: Engine = "auto") -> None:
        raise NotImplementedError

    def add_asset(self, key: str, mesh: Mesh) -> None:
        """Make a mesh (asset frame, metres) available to instances; replaces nothing."""
        raise NotImplementedError

    def has_asset(self, key: str) -> bool:
        """Tell whether an asset of that key was added."""
        raise NotImplementedError

    def set_instances(self, instances: Sequence[Instance]) -> None:
        """Replace all instances."""
        raise NotImplementedError

    def close(self) -> None:
        """Free the structures; calling it again does nothing."""
        raise NotImplementedError
