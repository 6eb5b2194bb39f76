"""Traffic of a live world, the same for a seed: vehicles of the Traffic Manager, and walkers."""

from __future__ import annotations

from types import TracebackType
from typing import final

import carla
import numpy as np
from numpy.typing import NDArray

from ..carla_client.actors.traffic import Traffic
from ..carla_client.session.session import Session
from ..core.errors import InputError
from ..core.teardown import Teardown
from .strollers import Strollers

_FOUR = 4


@final
class LiveTraffic:
    """Vehicles and walkers of one seed; ``close`` removes them.

    ``step`` goes before every tick: walkers are told where to go. ``walkers`` is how many the
    map had room for.
    """

    def __init__(self, session: Session, seed: int) -> None:
        self._session = session
        self._seed = seed
        self._traffic = Traffic(session, seed)
        self._strollers = Strollers(session, seed)
        self.walkers = 0

    def spawn(self, vehicles: int, walkers: int, near_map_m: NDArray[np.float64] | None) -> None:
        """Spawn all, vehicles nearest to a point (3,) of the map or to one that the seed draws.

        InputError when the map has too few free spawn points.
        """
        starts = self._session.map.get_spawn_points()
        if not starts:
            raise InputError(f"the map {self._session.map.name} has no spawn points")
        if near_map_m is None:
            drawn = np.random.default_rng([self._seed, 3]).integers(len(starts))
            near = starts[int(drawn)].location
        else:
            x, y, z = near_map_m.tolist()
            near = carla.Location(x, -y, z)
        self._traffic.spawn(vehicles, starts, near)
        self.walkers = self._strollers.spawn(walkers)

    @property
    def first_car(self) -> carla.Vehicle | None:
        """The first vehicle with four wheels, None without one."""
        for vehicle in self._traffic.vehicles:
            if int(vehicle.attributes.get("number_of_wheels", _FOUR)) == _FOUR:
                return vehicle
        return None

    def step(self) -> None:
        """Tell the walkers where to go in the next tick."""
        self._strollers.step()

    def close(self) -> None:
        """Remove everybody; a second call does nothing."""
        Teardown.in_order(
            ("the walkers", self._strollers.close), ("the vehicles", self._traffic.close)
        ).close()

    def __enter__(self) -> LiveTraffic:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
