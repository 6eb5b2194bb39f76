"""What rays can hit: one static mesh and any number of moving instances of assets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.frames import Matrix, interpolate
from .engines.choice import EngineName, open_engine
from .engines.forms import Engine, FrameEngine
from .engines.packet import SURFACE_COLUMNS
from .kernels.surfaces import (
    SlotTable,
    SurfaceTable,
    corner_normals,
    linear_from_srgb,
    surface_rows,
)
from .mesh import Mesh

# Between the poses given to an engine it moves points on straight lines; turns larger than this
# get poses in between (at 3 m from the centre the error stays below 1 mm).
_TURN_PER_STEP_RAD = 0.05
_MOST_STEPS = 64


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


@dataclass(frozen=True)
class _Asset:
    handle: int
    first_row: int


class _Table:
    """Rows of float32 that grow; there is room for as many again, so few are copied for others."""

    def __init__(self, columns: int) -> None:
        self.count = 0
        self._room = np.empty((0, columns), np.float32)

    @property
    def filled(self) -> NDArray[np.float32]:
        """The rows so far, (count, columns); they stay where they are until it grows."""
        return self._room[: self.count]

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows (N, columns) at the end."""
        before, self.count = self.filled, self.count + len(rows)
        if self.count > len(self._room):
            self._room = np.empty((self.count + len(before), self._room.shape[1]), np.float32)
            self._room[: len(before)] = before
        self._room[len(before) : self.count] = rows


class RenderScene:
    """Own the ray casting structures of one world; close it (or use ``with``) to free them.

    ``static`` is in the map frame, metres, and never moves. ``engine`` is a name (see
    ``open_engine``) or an open engine, which the scene then closes; None asks the environment. One
    thread at a time may use it.
    """

    def __init__(self, static: Mesh, engine: EngineName | Engine | None = None) -> None:
        self.engine: Engine = (
            open_engine(engine) if engine is None or isinstance(engine, str) else engine
        )
        self._rows = _Table(SURFACE_COLUMNS)
        self._corners = _Table(9)
        self._surface: SurfaceTable | None = None
        self._assets: dict[str, _Asset] = {}
        self._static = self._add(static, smooth=False)
        self.slots: SlotTable
        self.set_instances([])

    @property
    def encodes_jpeg(self) -> bool:
        """Tell whether ``render_jpeg`` works here."""
        return isinstance(self.engine, FrameEngine) and self.engine.encodes_jpeg

    @property
    def surface(self) -> SurfaceTable:
        """Return the triangle table of all meshes added so far."""
        if self._surface is None:
            self._surface = SurfaceTable(self._rows.filled, self._corners.filled)
        return self._surface

    def add_asset(self, key: str, mesh: Mesh) -> None:
        """Make a mesh (asset frame, metres) available to instances.

        Raises InputError when the key is taken or the mesh has no triangles.
        """
        if key in self._assets:
            raise InputError(f"the scene has an asset {key!r} already; use another key")
        if not len(mesh.triangles):
            raise InputError(f"asset {key!r} has no triangles")
        self._assets[key] = self._add(mesh, smooth=True)

    def has_asset(self, key: str) -> bool:
        """Tell whether an asset of that key was added."""
        return key in self._assets

    def set_instances(self, instances: Sequence[Instance]) -> None:
        """Replace all instances; InputError when one names an asset that was not added."""
        count = len(instances)
        starts, ends = np.empty((2, count, 4, 4))
        assets = [self._static]
        first = np.empty(count + 1, np.int32)
        identity = np.zeros(count + 1, np.int32)
        paint = np.zeros((count + 1, 4), np.float32)
        first[0] = self._static.first_row
        for index, instance in enumerate(instances):
            asset = self._assets.get(instance.asset)
            if asset is None:
                raise InputError(
                    f"instance {instance.instance_id} uses asset {instance.asset!r}, which the "
                    "scene does not have; call add_asset first"
                )
            assets.append(asset)
            starts[index] = instance.map_from_asset_start
            ends[index] = instance.map_from_asset_end
            first[index + 1] = asset.first_row
            identity[index + 1] = instance.instance_id
            if instance.colour is not None:
                paint[index + 1, :3] = instance.colour
                paint[index + 1, 3] = 1.0
        paint[:, :3] = linear_from_srgb(paint[:, :3])
        rotation = np.empty((count + 1, 2, 3, 3), np.float32)
        rotation[0] = np.eye(3)
        rotation[1:, 0], rotation[1:, 1] = starts[:, :3, :3], ends[:, :3, :3]
        identity_pose = np.eye(4, dtype=np.float32)[None, :3]
        self.engine.place(
            [asset.handle for asset in assets], [identity_pose, *_motion(starts, ends)]
        )
        self.slots = SlotTable(first, identity, rotation, paint)

    def close(self) -> None:
        """Free the structures; calling it again does nothing."""
        self.engine.close()

    def __enter__(self) -> RenderScene:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _add(self, mesh: Mesh, *, smooth: bool) -> _Asset:
        asset = _Asset(self.engine.add_mesh(mesh.vertices, mesh.triangles), self._rows.count)
        rows = surface_rows(mesh, self._corners.count if smooth else None)
        corners = corner_normals(mesh) if smooth else np.zeros((0, 9), np.float32)
        # A scene without triangles still needs a row to read for rays that hit nothing.
        rows = rows if len(rows) else np.zeros((1, rows.shape[1]), np.float32)
        self._rows.append(rows)
        self._corners.append(corners)
        self._surface = None
        return asset


def _motion(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    """Return the poses (K, 3, 4) of each instance: one when still, more the more it turns."""
    cosine = 0.5 * (np.einsum("nij,nij->n", starts[:, :3, :3], ends[:, :3, :3]) - 1.0)
    turn = np.arccos(np.clip(cosine, -1.0, 1.0))
    still = np.all(starts == ends, axis=(1, 2))
    # The cosine of equal rotations may round to a turn of about 1e-8.
    steps = np.clip(np.ceil(turn / _TURN_PER_STEP_RAD - 1e-6), 1, _MOST_STEPS).astype(int)
    pairs = np.stack([starts[:, :3], ends[:, :3]], axis=1).astype(np.float32)
    poses = []
    for index, pair in enumerate(pairs):
        if still[index]:
            poses.append(pair[:1])
        elif steps[index] == 1:
            poses.append(pair)
        else:
            fractions = np.linspace(0.0, 1.0, steps[index] + 1)
            between = interpolate(starts[index], ends[index], fractions)
            poses.append(np.ascontiguousarray(between[:, :3], np.float32))
    return poses
