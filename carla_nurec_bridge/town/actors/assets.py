"""Meshes of the things that move: vehicles, riders, walkers, traffic light heads."""

from __future__ import annotations

from ...core.errors import InputError
from ...rendering.mesh import Mesh
from ...rendering.primitives import chamfered_box
from ...world.object_classes import ObjectClass
from .car_doors import car_doors
from .cars import car, car_shell
from .gait import MID_STRIDE
from .heavy_vehicles import bus, truck, van
from .moving_parts import MovingPart
from .traffic_lights import traffic_light_mesh
from .two_wheelers import bicycle, motorcycle
from .walkers import walker

__all__ = ["asset_for", "traffic_light_mesh", "vehicle_doors", "vehicle_mesh", "walker_mesh"]

PEDESTRIAN, RIDER, CAR, TRUCK, BUS, MOTORCYCLE, BICYCLE, DYNAMIC = 12, 13, 14, 15, 16, 18, 19, 21

Size = tuple[float, float, float]
TALLEST_PICKUP_M = 2.3

# What other data sets call the same things.
_CLASSES = {
    "car": ObjectClass.CAR,
    "automobile": ObjectClass.CAR,
    "suv": ObjectClass.CAR,
    "sedan": ObjectClass.CAR,
    "taxi": ObjectClass.CAR,
    "vehicle": ObjectClass.CAR,
    "van": ObjectClass.VAN,
    "truck": ObjectClass.TRUCK,
    "heavy_truck": ObjectClass.TRUCK,
    "trailer": ObjectClass.TRUCK,
    "pickup": ObjectClass.TRUCK,
    "bus": ObjectClass.BUS,
    "motorcycle": ObjectClass.MOTORCYCLE,
    "motorbike": ObjectClass.MOTORCYCLE,
    "bicycle": ObjectClass.BICYCLE,
    "cyclist": ObjectClass.BICYCLE,
    "rider": ObjectClass.BICYCLE,
    "walker": ObjectClass.PEDESTRIAN,
    "pedestrian": ObjectClass.PEDESTRIAN,
    "person": ObjectClass.PEDESTRIAN,
}


def vehicle_mesh(base_type: str, size_m: Size, seed: int | str = 0) -> Mesh:
    """Return a vehicle of CARLA's base type: car, truck, van, bus, motorcycle or bicycle.

    ``size_m`` is (length, width, height) of its bounding box; ``seed`` a number or a blueprint id,
    which chooses details and the paint of faces with the PAINT finish. The frame is the middle of
    the bounding box: x forward, y left, z up, metres. Raises InputError for other base types.
    """
    _check(size_m)
    if base_type == ObjectClass.CAR:
        mesh = car(size_m, seed, CAR)
    elif base_type == ObjectClass.TRUCK and size_m[2] < TALLEST_PICKUP_M:
        mesh = car(size_m, f"pickup {seed}", TRUCK)
    elif base_type == ObjectClass.TRUCK:
        mesh = truck(size_m, seed, TRUCK)
    elif base_type == ObjectClass.VAN:
        mesh = van(size_m, seed, CAR)
    elif base_type == ObjectClass.BUS:
        mesh = bus(size_m, seed, BUS)
    elif base_type == ObjectClass.MOTORCYCLE:
        mesh = motorcycle(size_m, seed, MOTORCYCLE, RIDER)
    elif base_type == ObjectClass.BICYCLE:
        mesh = bicycle(size_m, seed, BICYCLE, RIDER)
    else:
        raise InputError(
            f"no vehicle base type {base_type!r}; "
            "there are car, truck, van, bus, motorcycle, bicycle"
        )
    return _centred(mesh, size_m)


def vehicle_doors(base_type: str, size_m: Size, seed: int | str = 0) -> dict[int, MovingPart]:
    """Return what opens on the vehicle that ``vehicle_mesh`` makes, by CARLA's number of the door.

    Only passenger cars and pickups have doors that open.
    """
    if base_type == ObjectClass.CAR:
        doors = car_doors(car_shell(size_m, seed, CAR))
    elif base_type == ObjectClass.TRUCK and size_m[2] < TALLEST_PICKUP_M:
        doors = car_doors(car_shell(size_m, f"pickup {seed}", TRUCK))
    else:
        return {}
    down = (0.0, 0.0, -0.5 * size_m[2])
    return {number: door.placed((1.0, 1.0, 1.0), down) for number, door in doors.items()}


def walker_mesh(size_m: Size, seed: int | str = 0, phase: float | None = MID_STRIDE) -> Mesh:
    """Return a person at a phase of the stride (radians, see ``gait``), or standing (None).

    The frame is the middle of the bounding box as for vehicles. Only the height of ``size_m`` is
    used: CARLA's boxes of walkers are narrower than their stride.
    """
    _check(size_m)
    return _centred(walker(size_m, seed, PEDESTRIAN, phase), size_m)


def asset_for(label: str, size_m: Size, seed: int | str = 0) -> Mesh:
    """Return the mesh for a CARLA base type or a track's class label.

    A label that is not known becomes a plain box of that size, tagged Dynamic.
    """
    kind = _CLASSES.get(label.lower())
    if kind is ObjectClass.PEDESTRIAN:
        return walker_mesh(size_m, seed)
    if kind is not None:
        return vehicle_mesh(kind, size_m, seed)
    _check(size_m)
    return chamfered_box((0, 0, 0), size_m, 0.05, colour=(150, 140, 120), tag=DYNAMIC)


def _check(size_m: Size) -> None:
    if len(size_m) != 3 or not all(side > 0.0 for side in size_m):
        raise InputError(f"size {size_m} is not three positive lengths in metres")


def _centred(mesh: Mesh, size_m: Size) -> Mesh:
    """Move a mesh that stands on z = 0 into the frame of the middle of its bounding box."""
    lower = mesh.vertices.copy()
    lower[:, 2] -= size_m[2] / 2
    return mesh.with_fields(vertices=lower)
