"""Parts that move against a vehicle's body: wheels that steer, doors that swing.

Meshes of vehicles name their steered wheels by object id, so that these can be taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...core.frames import Matrix, rigid
from ...rendering.mesh import Mesh

LEFT_WHEEL, RIGHT_WHEEL = 1, 2
"""Object ids of steered wheels; the one front wheel of a two-wheeler is the left one."""


@dataclass(frozen=True, eq=False)
class MovingPart:
    """A part in its vehicle's frame, and the joint that it turns about.

    * mesh: the part at rest. joint: (3,) a point of the axis. axis: (3,) unit.
    * most_rad: how far it turns about the axis (right-handed) when wide open; wheels turn freely.
    * hole: what is seen of the body where the part has left, None for nothing.
    """

    mesh: Mesh
    joint: NDArray[np.float64]
    axis: NDArray[np.float64]
    most_rad: float = 0.0
    hole: Mesh | None = None

    def turned(self, angle_rad: float) -> Matrix:
        """Return vehicle_from_part (4, 4) for the part turned by an angle."""
        x, y, z = self.axis
        cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        turn = np.eye(3) + np.sin(angle_rad) * cross + (1.0 - np.cos(angle_rad)) * cross @ cross
        return rigid(turn, self.joint - turn @ self.joint)

    def placed(self, scale: ArrayLike, offset: ArrayLike) -> MovingPart:
        """Return the part of a vehicle that is scaled (3,) and then moved (3,)."""
        grow, move = np.asarray(scale, np.float64), np.asarray(offset, np.float64)

        def moved(mesh: Mesh) -> Mesh:
            return mesh.with_fields(vertices=(mesh.vertices * grow + move).astype(np.float32))

        return replace(
            self,
            mesh=moved(self.mesh),
            joint=self.joint * grow + move,
            hole=self.hole and moved(self.hole),
        )


def as_wheel(parts: Sequence[Mesh], y: float) -> list[Mesh]:
    """Return the meshes of a steered wheel at ``y`` metres to the left, named as such."""
    return [part.with_object(LEFT_WHEEL if y >= 0.0 else RIGHT_WHEEL) for part in parts]


def take_wheels(mesh: Mesh) -> tuple[Mesh, dict[int, MovingPart]]:
    """Return a vehicle without its steered wheels, and these by object id."""
    wheels = {}
    for wheel in (LEFT_WHEEL, RIGHT_WHEEL):
        chosen = mesh.objects == wheel
        if chosen.any():
            part = _only(mesh, chosen)
            low, high = part.bounds
            middle = 0.5 * (low.astype(np.float64) + high)
            wheels[wheel] = MovingPart(part, middle, np.array([0.0, 0.0, 1.0]))
    return _only(mesh, ~np.isin(mesh.objects, list(wheels))), wheels


def _only(mesh: Mesh, chosen: NDArray[np.bool_]) -> Mesh:
    used, numbers = np.unique(mesh.triangles[chosen], return_inverse=True)
    return Mesh(
        mesh.vertices[used],
        numbers.reshape(-1, 3).astype(np.int32),
        mesh.colours[chosen],
        mesh.tags[chosen],
        mesh.objects[chosen],
    )
