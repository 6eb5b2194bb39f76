"""Traffic lights: groups that hand on their green, and which light each vehicle stands at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numba
import numpy as np
from numpy.typing import NDArray

from ....opendrive.signals import SignalGroup
from ....town.signal_posts import TRIGGER_HALF_HEIGHT_M, LightPost, Trigger
from ..physics import columns as col
from ..wire.structs import BoundingBox, Transform

RED, YELLOW, GREEN, OFF, UNKNOWN = range(5)
NONE = -1
STOP_DEPTH_M = 9.0
COMFORTABLE_BRAKING = 7.0
STOP_HEIGHT_M = 3.0
STEEPEST = 0.1
"""How far above or below a vehicle its stop line may lie, and what each metre of way adds."""
MIN_ALIGNMENT = math.cos(math.radians(45.0))


@dataclass(slots=True)
class SignalLight:
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

    phases: list[list[SignalLight]]
    current: int = 0
    stage: int = GREEN
    elapsed_s: float = 0.0
    frozen: bool = False
    replayed: bool = False

    def lights(self) -> list[SignalLight]:
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

    def replay(self, light: SignalLight, state: int, elapsed_s: float, *, frozen: bool) -> None:
        """Show a recorded ``state`` of ``light`` (one of this cycle's) until ``resume``."""
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
        for light in self.lights():
            light.state = RED
        for light in self.phases[self.current]:
            light.state = stage

    def _duration_s(self) -> float:
        phase = self.phases[self.current]
        if self.stage == GREEN:
            return max(light.green_s for light in phase)
        if self.stage == YELLOW:
            return max(light.yellow_s for light in phase)
        return max(light.red_s for light in phase)


@dataclass
class Signals:
    """All lights of an episode and the places where vehicles wait for them.

    ``stops`` (N, 6) are stop lines: middle x, y, z, cosine and sine of the traffic's heading, half
    the width; ``stop_lights`` (N,) their lights.
    """

    cycles: list[Cycle] = field(default_factory=list)
    by_actor: dict[int, tuple[SignalLight, Cycle]] = field(default_factory=dict)
    stops: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 6)))
    stop_lights: list[SignalLight] = field(default_factory=list)

    @staticmethod
    def create(lights: Mapping[int, LightPost], groups: tuple[SignalGroup, ...]) -> Signals:
        """Make the lights of a level, by their actors' ids; ``groups`` name every one of them."""
        signals = Signals()
        light_of = {
            x.signal_id: SignalLight(actor_id, x.signal_id) for actor_id, x in lights.items()
        }
        for group in groups:
            cycle = Cycle([[light_of[x] for x in phase] for phase in group.phases])
            cycle.restart()
            signals.cycles.append(cycle)
            for light in cycle.lights():
                signals.by_actor[light.actor_id] = (light, cycle)
        rows = []
        for x in lights.values():
            for s in x.stops:
                cos, sin = math.cos(s.yaw_rad), math.sin(s.yaw_rad)
                rows.append((s.x, s.y, s.z, cos, sin, s.half_width_m))
                signals.stop_lights.append(light_of[x.signal_id])
        signals.stops = np.array(rows).reshape(-1, 6)
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


def trigger_box(transform: Transform, triggers: Sequence[Trigger]) -> BoundingBox:
    """Return the box, in the light's own frame (x across the road), over ``triggers``."""
    if not triggers:
        return BoundingBox()
    middle, half = _around(transform, triggers, math.radians(transform.rotation[1]))
    height = TRIGGER_HALF_HEIGHT_M + float(np.mean([t.z for t in triggers])) - transform.location[2]
    return BoundingBox((*middle, height), (*half, TRIGGER_HALF_HEIGHT_M))


def sign_box(transform: Transform, triggers: Sequence[Trigger]) -> BoundingBox:
    """Return the box over a sign's ``triggers``, along the world's axes, as CARLA's are.

    Its place and its turn are told in the sign's own frame.
    """
    if not triggers:
        return BoundingBox()
    yaw_deg = transform.rotation[1]
    cos, sin = math.cos(math.radians(yaw_deg)), math.sin(math.radians(yaw_deg))
    (x, y), half = _around(transform, triggers, 0.0)
    low = min(t.z - t.half_height_m for t in triggers)
    high = max(t.z + t.half_height_m for t in triggers)
    return BoundingBox(
        (cos * x + sin * y, cos * y - sin * x, 0.5 * (low + high) - transform.location[2]),
        (*half, 0.5 * (high - low)),
        (0.0, -yaw_deg, 0.0),
    )


def _around(
    transform: Transform, triggers: Sequence[Trigger], yaw: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return middle and half sizes of the rectangle around ``triggers``, on axes turned by ``yaw``.

    They are those of a frame at the transform's place.
    """
    x, y, _ = transform.location
    cos, sin = math.cos(yaw), math.sin(yaw)
    places = np.array([(t.x - x, t.y - y) for t in triggers]) @ ((cos, -sin), (sin, cos))
    turns = np.array([t.yaw_rad - yaw for t in triggers])
    sizes = np.array([(t.half_length_m, t.half_width_m) for t in triggers])
    along, across = np.abs(np.cos(turns)), np.abs(np.sin(turns))
    halves = along[:, None] * sizes + across[:, None] * sizes[:, ::-1]
    low, high = (places - halves).min(axis=0), (places + halves).max(axis=0)
    (mx, my), (hx, hy) = (0.5 * (low + high)).tolist(), (0.5 * (high - low)).tolist()
    return (mx, my), (hx, hy)


@numba.njit(cache=True)
def lights_ahead(state, extents, stops):  # type: ignore[no-untyped-def]
    """Find the nearest stop line within reach ahead of each vehicle's front."""
    result = np.full(state.shape[0], NONE)
    for n in range(state.shape[0]):
        speed = state[n, col.U]
        depth = max(STOP_DEPTH_M, 4.0 + speed * abs(speed) / (2.0 * COMFORTABLE_BRAKING))
        cos, sin = math.cos(state[n, col.YAW]), math.sin(state[n, col.YAW])
        nearest = 1e9
        for k in range(stops.shape[0]):
            dx, dy = stops[k, 0] - state[n, col.X], stops[k, 1] - state[n, col.Y]
            gap = dx * stops[k, 3] + dy * stops[k, 4]
            if gap < 0.0 or gap - extents[n, 0] > depth or gap > nearest:
                continue
            if abs(stops[k, 2] - state[n, col.Z]) > STOP_HEIGHT_M + STEEPEST * gap:
                continue
            if abs(dy * stops[k, 3] - dx * stops[k, 4]) > stops[k, 5]:
                continue
            if cos * stops[k, 3] + sin * stops[k, 4] < MIN_ALIGNMENT:
                continue
            nearest = gap
            result[n] = k
    return result
