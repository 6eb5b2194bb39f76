"""Keeps the rows of the world state message and refreshes only what can have changed."""

from __future__ import annotations

import time

import numpy as np

from ..physics import columns as col
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
from .episode import Episode
from .signals import NONE

GREEN_WHEN_NONE = 2


class WorldStateRows:
    """The rows of one episode: vehicles first, in the fleet's order, then all other actors."""

    def __init__(self) -> None:
        self._version = -1
        self._told = False
        self._rows = actor_rows(0)
        self._vehicles = self._rows.view(VEHICLE_DTYPE)
        self._followers: list[tuple[int, EpisodeActor]] = []
        self._walkers: list[tuple[int, EpisodeActor]] = []
        self._lights: list[tuple[int, EpisodeActor]] = []

    def refresh(self, episode: Episode) -> None:
        """Bring the rows up to date with the world."""
        if episode.actors.version != self._version:
            self._rebuild(episode)
        self._write_vehicles(episode)
        self._write_others(episode)

    def message(self, episode: Episode, delta_s: float) -> bytes:
        """Return the state message of the world as it was when refreshed.

        The first one tells clients that the map has changed.
        """
        map_changed, self._told = not self._told, True
        lamps_changed = episode.scenery.take_lamps_changed()
        return b"".join(
            (
                sensor_header(WORLD_OBSERVER, episode.frame, episode.elapsed_s),
                state_header(
                    episode.number,
                    time.time(),
                    delta_s,
                    map_changed=map_changed,
                    lamps_changed=lamps_changed,
                ),
                self._rows.tobytes(),
            )
        )

    def _rebuild(self, episode: Episode) -> None:
        fleet = episode.fleet
        others = [actor for actor in episode.actors if actor.id not in fleet.row_of]
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
            lights[row]["sign_id"] = episode.signals.by_actor[actor.id][0].signal_id.encode()
        for row, actor in numbered:
            if actor.kind == "sign":  # a sign's id lies where a light's does
                lights[row]["sign_id"] = episode.sign_ids[actor.id].encode()
        self._version = episode.actors.version

    def _place(self, row: int, transform: Transform) -> None:
        self._rows[row]["transform"] = (*transform.location, *transform.rotation)

    def _write_vehicles(self, episode: Episode) -> None:
        rows, fleet = self._vehicles, episode.fleet
        if not len(fleet):
            return
        state, control = fleet.state, fleet.control
        rows["transform"][:, :3] = state[:, col.X : col.Z + 1]
        rows["transform"][:, 3:] = np.degrees(state[:, col.PITCH : col.ROLL + 1])
        rows["velocity"] = state[:, col.VEL_X : col.VEL_Z + 1]
        rows["angular_velocity"] = np.degrees(state[:, col.ANG_X : col.ANG_Z + 1])
        rows["acceleration"] = state[:, col.ACC_X : col.ACC_Z + 1]
        rows["pedals"] = control[:, col.THROTTLE : col.BRAKE + 1]
        rows["switches"] = control[:, col.HAND_BRAKE : col.MANUAL + 1]
        rows["gear"] = state[:, col.GEAR]
        rows["speed_limit"] = episode.speed_limits
        at_light = episode.light_ahead
        rows["has_light"] = at_light != NONE
        stop_lights = episode.signals.stop_lights
        rows["light_state"] = GREEN_WHEN_NONE
        rows["light_id"] = 0
        for row in np.flatnonzero(at_light != NONE).tolist():
            light = stop_lights[at_light[row]]
            rows["light_state"][row] = light.state
            rows["light_id"][row] = light.actor_id

    def _write_others(self, episode: Episode) -> None:
        for row, actor in self._followers:
            self._place(row, episode.transform_of(actor))
        moved, episode.moved = episode.moved, set()
        for actor in moved:
            if actor.id not in episode.fleet.row_of and actor.parent is None:
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
                light, cycle = episode.signals.by_actor[actor.id]
                lights[row]["times"] = (light.green_s, light.yellow_s, light.red_s)
                lights[row]["elapsed"] = cycle.elapsed_s
                lights[row]["frozen"] = cycle.frozen
                lights[row]["light"] = light.state
