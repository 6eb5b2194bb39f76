"""The surfaces of a scene as triangle meshes: ``mesh.ply`` and ``mesh_ground.ply``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.files.archive import open_archive
from ...core.frames import Matrix
from .model import Scene

if TYPE_CHECKING:
    from ...town.street import Street

MESH = "mesh.ply"
MESH_GROUND = "mesh_ground.ply"

_GROUND_TAGS = (1, 2, 10, 24, 25)
"""CARLA's road, sidewalk, terrain, road line and ground."""

_MAX_BYTES = 1 << 30
_FACE = np.dtype([("count", "u1"), ("corners", "<i4", (3,))])
_END = b"end_header\n"


@dataclass(frozen=True, eq=False)
class Surface:
    """A mesh in the scene's world: ``vertices`` float32 (V, 3) m, ``triangles`` int32 (T, 3).

    ``colours`` are sRGB of the vertices, uint8 (V, 3), where the file has them.
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    colours: NDArray[np.uint8] | None = None


def street_surfaces(street: Street, world_from_map: Matrix) -> dict[str, bytes]:
    """Return the members that hold a street's surfaces: all of it, and only the ground."""
    mesh = street.mesh
    points = np.asarray(mesh.vertices, np.float64) @ world_from_map[:3, :3].T
    vertices = (points + world_from_map[:3, 3]).astype(np.float32)
    ground = np.isin(mesh.tags, _GROUND_TAGS)
    return {
        MESH: encode_ply(_compact(vertices, mesh.triangles)),
        MESH_GROUND: encode_ply(_compact(vertices, mesh.triangles[ground])),
    }


def read_surface(scene: Scene, member: str = MESH) -> Surface | None:
    """Return a mesh of the package that a scene was opened from, or None where it has none."""
    if scene.path is None:
        return None
    archive = open_archive(scene.path)
    if member not in archive.members:
        return None
    return decode_ply(archive.read(member, _MAX_BYTES), f"{scene.path}: {member}")


def encode_ply(surface: Surface) -> bytes:
    """Return a binary little-endian PLY file."""
    faces = np.zeros(len(surface.triangles), _FACE)
    faces["count"], faces["corners"] = 3, surface.triangles
    head = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(surface.vertices)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\n"
    )
    return head.encode() + _END + surface.vertices.astype("<f4").tobytes() + faces.tobytes()


def decode_ply(data: bytes, what: str) -> Surface:
    """Read a binary little-endian PLY of triangles; InputError names what does not fit."""
    end = data.find(_END, 0, 1 << 16)
    lines = data[: max(end, 0)].decode("ascii", "replace").splitlines()
    if end < 0 or lines[:2] != ["ply", "format binary_little_endian 1.0"]:
        raise InputError(f"{what} is not a binary little-endian PLY file")
    counts, layout = _ply_layout(lines[2:], what)
    vertex_bytes, face_bytes = counts[0] * layout.itemsize, counts[1] * _FACE.itemsize
    begin = end + len(_END)
    if len(data) - begin != vertex_bytes + face_bytes:
        raise InputError(
            f"{what} should hold {vertex_bytes + face_bytes} bytes of vertices and triangles, "
            f"it holds {len(data) - begin}"
        )
    rows = np.frombuffer(data, layout, counts[0], begin)
    faces = np.frombuffer(data, _FACE, counts[1], begin + vertex_bytes)
    vertices = np.stack([rows[axis] for axis in "xyz"], axis=-1).astype(np.float32)
    triangles = faces["corners"].astype(np.int32)
    if np.any(faces["count"] != 3):
        raise InputError(f"{what} holds faces that are no triangles")
    if len(triangles) and (triangles.min() < 0 or triangles.max() >= len(vertices)):
        raise InputError(f"{what} has triangles with corners that do not exist")
    if not np.isfinite(vertices).all():
        raise InputError(f"{what} has vertices that are no numbers")
    colours = None
    if all(layout.fields and name in layout.fields and layout[name] == np.uint8 for name in _RGB):
        colours = np.stack([rows[name] for name in _RGB], axis=-1)
    return Surface(vertices, triangles, colours)


_RGB = ("red", "green", "blue")
_TYPES = {
    "float": "<f4",
    "float32": "<f4",
    "double": "<f8",
    "float64": "<f8",
    "uchar": "u1",
    "uint8": "u1",
    "char": "i1",
    "int8": "i1",
    "short": "<i2",
    "ushort": "<u2",
    "int": "<i4",
    "int32": "<i4",
    "uint": "<u4",
    "uint32": "<u4",
}
_FACE_LISTS = [
    f"property list {c} {i} {name}"
    for c in ("uchar", "uint8")
    for i in ("int", "int32", "uint", "uint32")
    for name in ("vertex_indices", "vertex_index")
]


def _ply_layout(lines: list[str], what: str) -> tuple[tuple[int, int], np.dtype[np.void]]:
    counts: dict[str, int] = {}
    fields: list[tuple[str, str]] = []
    for line in lines:
        words = line.split()
        match words:
            case ["element", ("vertex" | "face") as name, number] if number.isdecimal():
                counts[name] = int(number)
            case ["property", kind, name] if kind in _TYPES and list(counts) == ["vertex"]:
                fields.append((name, _TYPES[kind]))
            case ["property", "list", *_] if "face" in counts and line in _FACE_LISTS:
                continue
            case ["comment", *_] | ["obj_info", *_]:
                continue
            case _:
                raise InputError(f"{what}: the PLY header line {line!r} is not understood")
    names = [name for name, _ in fields]
    if list(counts) != ["vertex", "face"] or not {"x", "y", "z"} <= set(names):
        raise InputError(f"{what} must hold vertices with x, y, z, and faces after them")
    if len(set(names)) != len(names) or max(counts.values()) > 1 << 31:
        raise InputError(f"{what} has a PLY header that contradicts itself")
    return (counts["vertex"], counts["face"]), np.dtype(fields)


def _compact(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> Surface:
    """Drop the vertices that no triangle uses."""
    used = np.zeros(len(vertices), bool)
    used[triangles.ravel()] = True
    moved_to = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return Surface(vertices[used], moved_to[triangles])
