"""Who drives the way that agents are told, made anew whenever another one is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, final

from rclpy.node import Node

from ...agents.route_ahead import RouteAhead
from .way_told import Told, WayTold

D = TypeVar("D")


@dataclass(frozen=True, eq=False)
class OnTheWay(Generic[D]):
    """Who drives, what it was made for, and where on the route the ego is."""

    told: Told
    driver: D
    route: RouteAhead


@final
class WayDriver(Generic[D]):
    """Hears route and vehicle, and has a driver of its node's kind made for them."""

    def __init__(self, node: Node) -> None:
        self._way = WayTold(node)
        self._current: OnTheWay[D] | None = None

    def wait(self, limit_s: float, check: Callable[[], None]) -> None:
        """Wait for route and vehicle, as ``WayTold.wait`` does."""
        self._way.wait(limit_s, check)

    @property
    def driver(self) -> D | None:
        """Who drove last; None before the first frame."""
        return self._current.driver if self._current else None

    def current(self, make: Callable[[Told], D]) -> OnTheWay[D]:
        """Return who drives: ``make`` makes another one for each route or vehicle that is told."""
        told = self._latest()
        if self._current is None or self._current.told is not told:
            self._current = OnTheWay(told, make(told), RouteAhead(told.route))
        return self._current

    def figures(self) -> dict[str, float]:
        """Return how far the route was driven, by the fields of an ``AgentSummary``."""
        route = self._current.route if self._current else RouteAhead(self._latest().route)
        return {
            "route_length_m": route.length_m,
            "route_travelled_m": route.travelled_m,
            "route_completion": route.travelled_m / route.length_m,
        }

    def _latest(self) -> Told:
        assert self._way.latest is not None, "wait comes first"
        return self._way.latest
