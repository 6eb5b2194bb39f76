"""Wheels as servers report them: measured where they can be, refused with the cause elsewhere."""

from __future__ import annotations

from fnmatch import fnmatch
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("carla")
from carla_nurec_bridge.carla_client.actors.ego import ego_blueprint, measure
from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.core.frames import rigid

_CM = 100.0
_AXLES = ((1.4, 0.8), (1.4, -0.8), (-1.5, 0.8), (-1.5, -0.8))
"""x, y of the wheels in the actor's right-handed frame, m."""


def vehicle(wheels_m: list[tuple[float, float, float]]) -> Any:
    """Return a car whose wheels CARLA gives at these places of its (left-handed) world, m."""
    wheels = [
        SimpleNamespace(
            position=SimpleNamespace(x=x * _CM, y=y * _CM, z=z * _CM),
            radius=35.0,
            max_steer_angle=60.0,
        )
        for x, y, z in wheels_m
    ]
    curve = [SimpleNamespace(x=0.0, y=1.0)]
    box = SimpleNamespace(
        extent=SimpleNamespace(x=2.4, y=1.0, z=0.8), location=SimpleNamespace(x=0.0, y=0.0, z=0.8)
    )
    physics = SimpleNamespace(wheels=wheels, steering_curve=curve)
    return SimpleNamespace(
        type_id="vehicle.test", bounding_box=box, get_physics_control=lambda: physics
    )


@pytest.mark.parametrize("place", [(0.0, 0.0, 0.0), (120.0, -30.0, 2.0)])
def test_axles_are_found_wherever_the_vehicle_stands(place: tuple[float, float, float]) -> None:
    x0, y0, z0 = place
    car = vehicle([(x0 + x, -(y0 + y), z0 + 0.35) for x, y in _AXLES])
    ego = measure(car, rigid(np.eye(3), place))
    assert ego.info.wheelbase_m == pytest.approx(2.9)
    assert ego.base_from_actor[0, 3] == pytest.approx(1.5)


@pytest.mark.parametrize("place", [(0.0, 0.0, 0.0), (0.5, 0.2, 0.0), (120.0, -30.0, 2.0)])
@pytest.mark.parametrize("wheel", [(0.0, 0.0, 0.0), (7.0, 7.0, 0.0)])
def test_wheels_all_at_one_place_are_said_to_be_so(
    place: tuple[float, float, float], wheel: tuple[float, float, float]
) -> None:
    x, y, z = wheel
    car = vehicle([(x, -y, z)] * 4)
    words = rf"all 4 wheels of vehicle.test at one place \({x:g}, {y:g}, {z:g} m\)"
    with pytest.raises(ProtocolError, match=words):
        measure(car, rigid(np.eye(3), place))


def test_wheels_that_are_no_numbers_few_or_elsewhere_are_refused() -> None:
    for wheels, words in (
        ([(float("nan"),) * 3] * 4, "at one place"),
        ([(1.0, 0.0, 0.3)], "lists 1 wheels"),
        ([(x * _CM, y * _CM, 0.0) for x, y in _AXLES], "given in centimetres"),
    ):
        with pytest.raises(ProtocolError, match=words):
            measure(vehicle(wheels), np.eye(4))


@pytest.mark.parametrize("asked", ["walker.pedestrian.0001", "sensor.*", "*"])
def test_an_ego_is_a_vehicle(asked: str) -> None:
    names = ["sensor.camera.rgb", "walker.pedestrian.0001", "vehicle.audi.tt"]
    library = [SimpleNamespace(id=name) for name in names]

    class Library(list[Any]):
        def filter(self, pattern: str) -> list[Any]:
            return [x for x in self if fnmatch(x.id, pattern)]

    world: Any = SimpleNamespace(get_blueprint_library=lambda: Library(library))
    assert ego_blueprint(world, "vehicle.*") == "vehicle.audi.tt"
    with pytest.raises(InputError, match="an ego is a vehicle"):
        ego_blueprint(world, asked)
