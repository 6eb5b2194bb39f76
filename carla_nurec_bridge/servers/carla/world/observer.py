"""Keeps the rows of the world state message and refreshes only what can have changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..physics import dynamics as d
from ..wire.state import (
    LIGHT_DTYPE,
    VEHICLE_DTYPE,
    WALKER_DTYPE,
    WORLD_OBSERVER,
    actor_rows,
    sensor_header,
    state_header,
)
from ..wire.structs import Transform
from .actors import EpisodeActor
from .signals import NONE

if TYPE_CHECKING:
    from .simulation import Simulation

GREEN_WHEN_NONE = 2


class WorldStateRows:
    """The world's rows: vehicles first, in the fleet's order, then all other actors."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._version = -1
        self._rows = actor_rows(0)
        self._vehicles = self._rows.view(VEHICLE_DTYPE)
        self._followers: list[tuple[int, EpisodeActor]] = []
        self._walkers: list[tuple[int, EpisodeActor]] = []
        self._lights: list[tuple[int, EpisodeActor]] = []

    def refresh(self) -> None:
        """Bring the rows up to date with the world."""
        if self._simulation.actors.version != self._version:
            self._rebuild()
        self._write_vehicles()
        self._write_others()

    def message(self, delta_s: float, map_changed: bool, lamps_changed: bool) -> bytes:
        """Return the state message of the world as it was when refreshed."""
        simulation = self._simulation
        return b"".join(
            (
                sensor_header(WORLD_OBSERVER, simulation.frame, simulation.elapsed_s),
                state_header(simulation.episode, time.time(), delta_s, map_changed, lamps_changed),
                self._rows.tobytes(),
            )
        )

    def _rebuild(self) -> None:
        simulation = self._simulation
        fleet = simulation.fleet
        others = [actor for actor in simulation.actors if actor.id not in fleet.row_of]
        count = len(fleet)
        self._rows = actor_rows(count + len(others))
        self._rows["id"] = [*fleet.ids, *(actor.id for actor in others)]
        self._vehicles = self._rows[:count].view(VEHICLE_DTYPE)
        numbered = list(enumerate(others, start=count))
        self._followers = [(row, actor) for row, actor in numbered if actor.parent]
        self._walkers = [(row, actor) for row, actor in numbered if actor.kind == "walker"]
        self._lights = [(row, actor) for row, actor in numbered if actor.kind == "light"]
        for row, actor in numbered:
            self._place(row, actor.transform)
        lights = self._rows.view(LIGHT_DTYPE)
        for row, actor in self._lights:
            lights[row]["sign_id"] = simulation.signals.by_actor[actor.id][0].signal_id.encode()
        self._version = simulation.actors.version

    def _place(self, row: int, transform: Transform) -> None:
        self._rows[row]["transform"] = (*transform.location, *transform.rotation)

    def _write_vehicles(self) -> None:
        simulation, rows = self._simulation, self._vehicles
        fleet = simulation.fleet
        if not len(fleet):
            return
        state, control = fleet.state, fleet.control
        rows["transform"][:, :3] = state[:, d.X : d.Z + 1]
        rows["transform"][:, 3:] = np.degrees(state[:, d.PITCH : d.ROLL + 1])
        rows["velocity"] = state[:, d.VEL_X : d.VEL_Z + 1]
        rows["angular_velocity"] = np.degrees(state[:, d.ANG_X : d.ANG_Z + 1])
        rows["acceleration"] = state[:, d.ACC_X : d.ACC_Z + 1]
        rows["pedals"] = control[:, d.THROTTLE : d.BRAKE + 1]
        rows["switches"] = control[:, d.HAND_BRAKE : d.MANUAL + 1]
        rows["gear"] = state[:, d.GEAR]
        rows["speed_limit"] = simulation.speed_limits
        at_light = simulation.light_ahead
        rows["has_light"] = at_light != NONE
        stop_lights = simulation.signals.stop_lights
        rows["light_state"] = GREEN_WHEN_NONE
        rows["light_id"] = 0
        for row in np.flatnonzero(at_light != NONE).tolist():
            light = stop_lights[at_light[row]]
            rows["light_state"][row] = light.state
            rows["light_id"][row] = light.actor_id

    def _write_others(self) -> None:
        simulation = self._simulation
        for row, actor in self._followers:
            self._place(row, simulation.transform_of(actor))
        for actor in simulation.take_moved():
            if actor.id not in simulation.fleet.row_of and actor.parent is None:
                found = np.flatnonzero(self._rows["id"] == actor.id)
                for row in found.tolist():
                    self._place(row, actor.transform)
        if self._walkers:
            walkers = self._rows.view(WALKER_DTYPE)
            for row, actor in self._walkers:
                self._place(row, actor.transform)
                walkers[row]["velocity"] = actor.velocity
                walkers[row]["direction"] = actor.walk.direction
                walkers[row]["speed"] = actor.walk.speed
        if self._lights:
            lights = self._rows.view(LIGHT_DTYPE)
            for row, actor in self._lights:
                light, cycle = simulation.signals.by_actor[actor.id]
                lights[row]["times"] = (light.green_s, light.yellow_s, light.red_s)
                lights[row]["elapsed"] = cycle.elapsed_s
                lights[row]["frozen"] = cycle.frozen
                lights[row]["light"] = light.state
