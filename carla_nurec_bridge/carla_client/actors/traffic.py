"""Traffic: vehicles driven by CARLA's Traffic Manager in this process, the same for a seed."""

from __future__ import annotations

from types import TracebackType
from typing import final

import carla
import numpy as np

from ...core.errors import InputError
from ...core.machine.ports import free_port
from ...core.teardown import Teardown
from ...world.object_classes import ObjectClass
from ..session.session import Session

_CLEARANCE_M = 12.0
_SHUFFLE = 0.4  # how far, as a share of its distance, a place may move in the order
_CAR = ObjectClass.CAR
_WANTED = (
    _CAR,
    _CAR,
    _CAR,
    ObjectClass.VAN,
    ObjectClass.TRUCK,
    _CAR,
    ObjectClass.BUS,
    ObjectClass.MOTORCYCLE,
)


@final
class Traffic:
    """The Traffic Manager's vehicles, called ``traffic_000`` and so on.

    It must live in the process that ticks: a remote one is not stepped by our tick.
    """

    def __init__(self, session: Session, seed: int) -> None:
        self._session = session
        self._seed = seed
        self._manager: carla.TrafficManager | None = None
        self.vehicles: list[carla.Vehicle] = []

    def __enter__(self) -> Traffic:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def spawn(
        self, count: int, starts: list[carla.Transform], ego: carla.Location
    ) -> list[carla.Vehicle]:
        """Spawn ``count`` vehicles around the ego, nearest spawn points first, and let them drive.

        InputError when the map has too few free spawn points.
        """
        if count == 0:
            return []
        rng = np.random.default_rng(self._seed)
        places = _places(starts, ego, rng)
        world = self._session.world
        kinds = _by_kind(world.get_blueprint_library())
        for place in places:
            if len(self.vehicles) == count:
                break
            wanted = kinds[_WANTED[len(self.vehicles) % len(_WANTED)]]
            blueprint = wanted[int(rng.integers(len(wanted)))]
            blueprint.set_attribute("role_name", f"traffic_{len(self.vehicles):03d}")
            if blueprint.has_attribute("color"):
                colours = blueprint.get_attribute("color").recommended_values
                blueprint.set_attribute("color", colours[int(rng.integers(len(colours)))])
            actor = world.try_spawn_actor(blueprint, place)
            if actor is not None:
                self.vehicles.append(actor)
        if len(self.vehicles) < count:
            raise InputError(
                f"only {len(self.vehicles)} of {count} traffic vehicles found a free spawn point; "
                "ask for fewer"
            )
        self._drive()
        return self.vehicles

    def _drive(self) -> None:
        port = free_port()
        self._manager = self._session.traffic_managers.open(port)
        self._manager.set_random_device_seed(self._seed + 1)
        self._manager.set_global_distance_to_leading_vehicle(2.5)
        # The manager begins in a free-running loop that forgets registered vehicles that are not
        # in the last state of the world. After a tick that loop is over and the state has them.
        self._session.tick()
        for vehicle in self.vehicles:
            self._manager.auto_lane_change(vehicle, False)
            vehicle.set_autopilot(True, port)

    def close(self) -> None:
        """Take the vehicles from the Traffic Manager and destroy them; may be called twice."""
        vehicles, self.vehicles = self.vehicles, []
        manager, self._manager = self._manager, None
        managers, client = self._session.traffic_managers, self._session.client
        closing = Teardown(self._session.has_ended)
        if vehicles:
            batch = [carla.command.DestroyActor(vehicle.id) for vehicle in vehicles]
            closing.add("its vehicles", lambda: client.apply_batch(batch))
        if manager is not None:
            closing.add("its Traffic Manager", lambda: managers.close(manager))
        closing.close()


def _places(
    starts: list[carla.Transform], ego: carla.Location, rng: np.random.Generator
) -> list[carla.Transform]:
    """Return spawn points clear of the ego and of each other, roughly the nearest first."""
    distances = np.array([place.location.distance(ego) for place in starts])
    distances *= rng.uniform(1.0 - _SHUFFLE, 1.0 + _SHUFFLE, len(starts))
    chosen: list[carla.Transform] = []
    for place in (starts[int(i)] for i in np.argsort(distances, kind="stable")):
        others = [ego, *(t.location for t in chosen)]
        if all(place.location.distance(other) >= _CLEARANCE_M for other in others):
            chosen.append(place)
    return chosen


def _by_kind(library: carla.BlueprintLibrary) -> dict[ObjectClass, list[carla.ActorBlueprint]]:
    kinds: dict[ObjectClass, list[carla.ActorBlueprint]] = {}
    for blueprint in sorted(library.filter("vehicle.*"), key=lambda b: b.id):
        if blueprint.has_attribute("base_type"):
            base = blueprint.get_attribute("base_type").as_str().lower()
            kinds.setdefault(ObjectClass.named(base), []).append(blueprint)
    cars = kinds.get(ObjectClass.CAR) or sorted(library.filter("vehicle.*"), key=lambda b: b.id)
    return {kind: kinds.get(kind, cars) for kind in set(_WANTED)}
