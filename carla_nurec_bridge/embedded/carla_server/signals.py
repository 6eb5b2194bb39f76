"""Traffic lights: groups that hand on their green, and which light each vehicle stands at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numba
import numpy as np
from numpy.typing import NDArray

from ...opendrive.signals import SignalGroup
from ..world.level import Stop
from . import dynamics as d
from .structs import BoundingBox, Transform

RED, YELLOW, GREEN, OFF, UNKNOWN = range(5)
NONE = -1
STOP_DEPTH_M = 9.0
COMFORTABLE_BRAKING = 7.0
TRIGGER_HALF_DEPTH_M = 1.5
TRIGGER_HALF_HEIGHT_M = 1.0
MIN_ALIGNMENT = math.cos(math.radians(45.0))


@dataclass(slots=True)
class Light:
    """One traffic light; its times are in seconds, ``state`` as in ``carla.TrafficLightState``."""

    actor_id: int
    signal_id: str
    state: int = RED
    green_s: float = 10.0
    yellow_s: float = 3.0
    red_s: float = 2.0


@dataclass(slots=True)
class Cycle:
    """The lights of one junction; those of ``phases[current]`` have or had green.

    ``replayed`` lights show what a replay says, and time does not pass for them.
    """

    phases: list[list[Light]]
    current: int = 0
    stage: int = GREEN
    elapsed_s: float = 0.0
    frozen: bool = False
    replayed: bool = False

    def lights(self) -> list[Light]:
        """Return all lights of the junction."""
        return [light for phase in self.phases for light in phase]

    def restart(self) -> None:
        """Begin again with the first phase's green."""
        self.current, self.elapsed_s = 0, 0.0
        self._enter(GREEN)

    def advance(self, dt_s: float) -> bool:
        """Let ``dt_s`` seconds pass; say whether a light changed."""
        if self.frozen or self.replayed:
            return False
        self.elapsed_s += dt_s
        if self.elapsed_s < self._duration_s() - 1e-9:
            return False
        self.elapsed_s = 0.0
        if self.stage == RED:
            self.current = (self.current + 1) % len(self.phases)
            self._enter(GREEN)
        else:
            self._enter(YELLOW if self.stage == GREEN else RED)
        return True

    def replay(self, light: Light, state: int, frozen: bool, elapsed_s: float) -> None:
        """Show a recorded state until ``resume``."""
        self.replayed, self.frozen, self.elapsed_s = True, frozen, elapsed_s
        light.state = state

    def resume(self) -> None:
        """Let time pass again from what the lights show."""
        if not self.replayed:
            return
        self.replayed, self.stage = False, RED
        for number, phase in enumerate(self.phases):
            if phase[0].state in (GREEN, YELLOW):
                self.current, self.stage = number, phase[0].state

    def _enter(self, stage: int) -> None:
        self.stage = stage
        for number, phase in enumerate(self.phases):
            for light in phase:
                light.state = stage if number == self.current else RED

    def _duration_s(self) -> float:
        phase = self.phases[self.current]
        if self.stage == GREEN:
            return max(light.green_s for light in phase)
        if self.stage == YELLOW:
            return max(light.yellow_s for light in phase)
        return max(light.red_s for light in phase)


@dataclass
class Signals:
    """All lights of an episode and the places where vehicles wait for them."""

    cycles: list[Cycle] = field(default_factory=list)
    by_actor: dict[int, tuple[Light, Cycle]] = field(default_factory=dict)
    stops: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 5)))
    stop_lights: list[Light] = field(default_factory=list)

    @staticmethod
    def create(
        groups: tuple[SignalGroup, ...],
        actor_of_signal: dict[str, int],
        stops: tuple[Stop, ...],
    ) -> Signals:
        """Make the lights of a level, with their actors' ids."""
        signals = Signals()
        light_of: dict[str, Light] = {}
        for group in groups:
            phases = []
            for phase in group.phases:
                lights = [Light(actor_of_signal[s], s) for s in phase if s in actor_of_signal]
                if lights:
                    phases.append(lights)
            if not phases:
                continue
            cycle = Cycle(phases)
            cycle.restart()
            signals.cycles.append(cycle)
            for light in cycle.lights():
                light_of[light.signal_id] = light
                signals.by_actor[light.actor_id] = (light, cycle)
        known = [stop for stop in stops if stop.signal_id in light_of]
        signals.stop_lights = [light_of[stop.signal_id] for stop in known]
        signals.stops = np.array(
            [(s.x, s.y, math.cos(s.yaw_rad), math.sin(s.yaw_rad), s.half_width_m) for s in known]
        ).reshape(-1, 5)
        return signals

    def advance(self, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass at every junction."""
        for cycle in self.cycles:
            cycle.advance(dt_s)

    def resume(self) -> None:
        """Let time pass again for lights that a replay showed."""
        for cycle in self.cycles:
            cycle.resume()

    def ahead(self, state: NDArray[np.float64], extents: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return (N,) indices of ``stop_lights`` that vehicles wait at or come to, -1: none."""
        if not len(self.stops):
            return np.full(len(state), NONE)
        found: NDArray[np.int64] = lights_ahead(state, extents, self.stops)
        return found


def trigger_box(transform: Transform, stops: Sequence[Stop]) -> BoundingBox:
    """Return the box, in the light's own frame (x across the road), over its stop lines."""
    if not stops:
        return BoundingBox()
    x, y, _ = transform.location
    yaw = math.radians(transform.rotation[1])
    along = [math.cos(yaw) * (s.x - x) + math.sin(yaw) * (s.y - y) for s in stops]
    across = [math.cos(yaw) * (s.y - y) - math.sin(yaw) * (s.x - x) for s in stops]
    low = min(a - s.half_width_m for a, s in zip(along, stops, strict=True))
    high = max(a + s.half_width_m for a, s in zip(along, stops, strict=True))
    return BoundingBox(
        (0.5 * (low + high), 0.5 * (min(across) + max(across)), TRIGGER_HALF_HEIGHT_M),
        (0.5 * (high - low), 0.5 * (max(across) - min(across)) + TRIGGER_HALF_DEPTH_M,
         TRIGGER_HALF_HEIGHT_M),
    )  # fmt: skip


@numba.njit(cache=True)
def lights_ahead(state, extents, stops):  # type: ignore[no-untyped-def]
    """Find the nearest stop line within reach ahead of each vehicle's front."""
    result = np.full(state.shape[0], NONE)
    for n in range(state.shape[0]):
        speed = state[n, d.U]
        depth = max(STOP_DEPTH_M, 4.0 + speed * abs(speed) / (2.0 * COMFORTABLE_BRAKING))
        cos, sin = math.cos(state[n, d.YAW]), math.sin(state[n, d.YAW])
        nearest = 1e9
        for k in range(stops.shape[0]):
            dx, dy = stops[k, 0] - state[n, d.X], stops[k, 1] - state[n, d.Y]
            gap = dx * stops[k, 2] + dy * stops[k, 3]
            if gap < 0.0 or gap - extents[n, 0] > depth or gap > nearest:
                continue
            if abs(dy * stops[k, 2] - dx * stops[k, 3]) > stops[k, 4]:
                continue
            if cos * stops[k, 2] + sin * stops[k, 3] < MIN_ALIGNMENT:
                continue
            nearest = gap
            result[n] = k
    return result
