"""Triangle meshes with one colour, finish, semantic tag and object id per triangle.

The fourth colour channel is the finish: ``MATTE``, ``GLASS`` (dark, mirrors the sky), ``LIGHT``
(shines by itself) or ``PAINT`` (glossy, and takes the colour of the instance when it has one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import InputError

MATTE = 0
GLASS = 64
LIGHT = 128
PAINT = 255

_LAYOUT = {
    "vertices": (np.dtype(np.float32), 3),
    "triangles": (np.dtype(np.int32), 3),
    "colours": (np.dtype(np.uint8), 4),
    "tags": (np.dtype(np.uint8), 0),
    "objects": (np.dtype(np.int32), 0),
}


@dataclass(frozen=True, eq=False)
class Mesh:
    """Hold V vertices and T triangles; counter-clockwise seen from outside.

    * vertices: float32 (V, 3), metres, in the frame that the maker of the mesh names.
    * triangles: int32 (T, 3), indices of vertices.
    * colours: uint8 (T, 4), sRGB red, green, blue and the finish (see the module).
    * tags: uint8 (T,), CARLA's city object labels.
    * objects: int32 (T,), id of the object the triangle belongs to, 0 = none.

    Raises InputError when shapes, dtypes or indices do not fit.
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    colours: NDArray[np.uint8]
    tags: NDArray[np.uint8]
    objects: NDArray[np.int32]

    def __post_init__(self) -> None:
        for name, (dtype, columns) in _LAYOUT.items():
            array = getattr(self, name)
            wanted = (len(array), columns) if columns else (len(array),)
            if array.dtype != dtype or array.shape != wanted:
                raise InputError(
                    f"mesh field {name} is {array.dtype} {array.shape}; "
                    f"it must be {dtype} with shape (N, {columns or ''})"
                )
        count = len(self.triangles)
        for name in ("colours", "tags", "objects"):
            if len(getattr(self, name)) != count:
                raise InputError(
                    f"mesh field {name} has {len(getattr(self, name))} rows for {count} "
                    "triangles; give one row per triangle"
                )
        if count and not (self.triangles.min() >= 0 and self.triangles.max() < len(self.vertices)):
            raise InputError(
                f"mesh triangles index vertices {self.triangles.min()} to {self.triangles.max()} "
                f"but there are {len(self.vertices)}"
            )

    @property
    def bounds(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the lowest and highest corner, each (3,) in metres; zeros for an empty mesh."""
        if not len(self.vertices):
            return np.zeros(3, np.float32), np.zeros(3, np.float32)
        return self.vertices.min(axis=0), self.vertices.max(axis=0)

    def transformed(self, a_from_b: ArrayLike) -> Mesh:
        """Return the mesh of frame b in frame a; ``a_from_b`` is (4, 4), affine, not mirroring."""
        matrix = np.asarray(a_from_b, dtype=np.float64)
        moved = self.vertices @ matrix[:3, :3].T + matrix[:3, 3]
        return self.with_fields(vertices=moved.astype(np.float32))

    def with_fields(self, **changes: NDArray) -> Mesh:
        """Return a copy in which the named arrays are replaced."""
        return Mesh(**({f.name: getattr(self, f.name) for f in fields(self)} | changes))

    def with_object(self, object_id: int) -> Mesh:
        """Return the mesh with every triangle belonging to one object."""
        return self.with_fields(objects=np.full(len(self.triangles), object_id, np.int32))

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per field into a folder, made if missing."""
        folder.mkdir(parents=True, exist_ok=True)
        for field in fields(self):
            np.save(folder / f"{field.name}.npy", getattr(self, field.name))

    @staticmethod
    def load(folder: Path, *, mmap: bool = True) -> Mesh:
        """Read a mesh written by ``save``; with ``mmap`` the arrays are read-only file views."""
        arrays = {}
        for name in _LAYOUT:
            path = folder / f"{name}.npy"
            try:
                arrays[name] = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
            except (OSError, ValueError) as error:
                raise InputError(f"cannot read mesh file {path}: {error}") from error
        return Mesh(**arrays)


def build_mesh(
    vertices: ArrayLike,
    triangles: ArrayLike,
    *,
    colour: Sequence[int],
    tag: int,
    finish: int = MATTE,
    object_id: int = 0,
) -> Mesh:
    """Make a mesh of one colour (sRGB red, green, blue, 0 to 255), finish, tag and object.

    ``vertices`` are (V, 3) in metres, ``triangles`` (T, 3) rows of them, counter-clockwise seen
    from outside; ``tag`` is CARLA's semantic tag, ``object_id`` what instance images show.
    """
    corners = np.ascontiguousarray(triangles, dtype=np.int32).reshape(-1, 3)
    count = len(corners)
    return Mesh(
        vertices=np.ascontiguousarray(vertices, dtype=np.float32).reshape(-1, 3),
        triangles=corners,
        colours=np.tile(np.array([*colour, finish], np.uint8), (count, 1)),
        tags=np.full(count, tag, np.uint8),
        objects=np.full(count, object_id, np.int32),
    )


def empty_mesh() -> Mesh:
    """Return a mesh without triangles."""
    return build_mesh(np.zeros((0, 3)), np.zeros((0, 3)), colour=(0, 0, 0), tag=0)


def concatenate(meshes: Sequence[Mesh]) -> Mesh:
    """Join meshes of one frame into one, in the order given; object ids are kept."""
    if not meshes:
        return empty_mesh()
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        triangles=np.concatenate(
            [mesh.triangles + np.int32(start) for mesh, start in zip(meshes, starts, strict=True)]
        ),
        colours=np.concatenate([mesh.colours for mesh in meshes]),
        tags=np.concatenate([mesh.tags for mesh in meshes]),
        objects=np.concatenate([mesh.objects for mesh in meshes]),
    )
