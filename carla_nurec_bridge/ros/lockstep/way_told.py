"""What an agent is told once before it drives, and anew where that changes: route and vehicle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from nav_msgs.msg import Path
from numpy.typing import NDArray
from rclpy.node import Node
from std_msgs.msg import String

from ...core.errors import DeadlineError
from ...core.run_contract.topics import TOPICS
from ...world.vehicle_info import VehicleInfo
from ..messages.convert import vector_array
from ..publishers.subscriptions import subscribe

_POLL_S = 0.05


@dataclass(frozen=True, eq=False)
class Told:
    """The route (N, 3) in the map, a metre apart, and the vehicle; another one for each change."""

    route: NDArray[np.float64]
    vehicle: VehicleInfo


class WayTold:
    """Hears ``route`` and ``vehicle/info`` in the executor; ``latest`` is None before both came."""

    def __init__(self, node: Node) -> None:
        self._route: NDArray[np.float64] | None = None
        self._vehicle: VehicleInfo | None = None
        self._came = threading.Event()
        self.latest: Told | None = None
        subscribe(node, "route", self._take_route)
        subscribe(node, "vehicle_info", self._take_vehicle)

    def wait(self, limit_s: float, check: Callable[[], None]) -> Told:
        """Wait for both; DeadlineError names the one that has not come within ``limit_s``.

        * check: is called a few times a second, and raises what ended the executor.
        """
        deadline = time.monotonic() + limit_s
        while not self._came.wait(_POLL_S):
            check()
            if time.monotonic() > deadline:
                missing = "route" if self._route is None else TOPICS["vehicle_info"].name
                raise DeadlineError(f"no {missing} came within {limit_s:g} s")
        assert self.latest is not None
        return self.latest

    def _take_route(self, message: Path) -> None:
        self._route = np.array([vector_array(pose.pose.position) for pose in message.poses])
        self._tell()

    def _take_vehicle(self, message: String) -> None:
        self._vehicle = VehicleInfo.from_json(message.data)
        self._tell()

    def _tell(self) -> None:
        if self._vehicle is not None and self._route is not None:
            self.latest = Told(self._route, self._vehicle)
            self._came.set()
