"""What a replay may do to the world (``replay_target.ReplayTarget``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from ....core.frames import invert
from ..physics import columns as col
from ..physics.control import VehicleControl, WalkerControl
from ..sensing.schedule import Sensors
from ..spawning import attach, destroy, spawn
from ..wire.structs import ActorDescription, AttributeValue, Transform
from ..world.actors import EpisodeActor
from ..world.blueprints import definitions_by_id
from ..world.episode import Episode
from .replay_target import ReplayedActor, Vec3, WheelPose

CM_PER_M = 100.0
SAME_LIGHT_M = 0.5
TEXT_TYPE = 4


class EpisodeTarget:
    """An episode, with its sensors, as a replay sees it."""

    def __init__(self, episode: Episode, sensors: Sensors) -> None:
        self._episode = episode
        self._sensors = sensors

    def remove_level_props(self) -> None:
        """Do nothing: the levels of this server have no movable props."""

    def blueprint_of(self, actor_id: int) -> str | None:
        """Return the blueprint id of a live actor, or None."""
        actor = self._episode.actors.find(actor_id)
        return actor.description.id if actor else None

    def spectator_id(self) -> int | None:
        """Return the id of the spectator."""
        return self._episode.spectator.id

    def traffic_light_at(self, location_cm: Vec3) -> int | None:
        """Return the light nearest to a recorded one, seen from above; None beyond half a metre.

        CARLA asks for the same centimetre, but its own versions differ by some 7 cm in this.
        """
        x, y, _ = (value / CM_PER_M for value in location_cm)
        apart_m = {
            actor.id: math.dist((x, y), actor.transform.location[:2])
            for actor in self._episode.actors.of_kind("light")
        }
        nearest = min(apart_m, key=apart_m.__getitem__, default=None)
        return nearest if nearest is not None and apart_m[nearest] <= SAME_LIGHT_M else None

    def spawn_replayed(self, actor: ReplayedActor) -> int | None:
        """Create the actor, with its recorded id if that is free; None when it cannot be made."""
        definition = definitions_by_id().get(actor.blueprint)
        if definition is None:
            return None
        values = {a.id: AttributeValue(a.id, a.type, a.value) for a in definition.attributes}
        for name, value in actor.attributes.items():
            kind = values[name].type if name in values else TEXT_TYPE
            values[name] = AttributeValue(name, kind, value)
        description = ActorDescription(definition.uid, actor.blueprint, list(values.values()))
        pose = _pose(actor.location_cm, actor.rotation_deg)
        try:
            live = spawn(
                self._episode,
                self._sensors,
                description,
                pose,
                wanted_id=actor.recorded_id,
                checked=False,
            )
        except InputError:
            return None
        return live.id

    def hold(self, actor_id: int) -> None:
        """Take a vehicle or walker out of physics, collisions and other controls."""
        actor = self._find(actor_id)
        if actor is not None:
            actor.simulated = False
            self._episode.set_collides(actor, enabled=False)
            if actor.kind == "vehicle":
                self._episode.ackermann.release(actor_id)
                self._episode.fleet.set_simulated(actor_id, simulated=False)

    def release(self, actor_id: int) -> None:
        """Give physics and collisions back, with zero velocity and a zeroed control."""
        actor = self._find(actor_id)
        if actor is not None:
            actor.simulated = True
            self._episode.set_collides(actor, enabled=True)
            if actor.kind == "vehicle":
                self._episode.fleet.set_simulated(actor_id, simulated=True)
                self._episode.fleet.stop(actor_id)
                self._episode.fleet.set_control(actor_id, VehicleControl())
            elif actor.kind == "walker":
                actor.walk = WalkerControl()

    def move(
        self,
        actor_ids: Sequence[int],
        locations_cm: NDArray[np.float64],
        rotations_deg: NDArray[np.float64],
    ) -> None:
        """Put actors at locations (N, 3) in cm and rotations (N, 3) roll, pitch, yaw in degrees."""
        places, turns = locations_cm.tolist(), rotations_deg.tolist()
        for actor_id, place, turn in zip(actor_ids, places, turns, strict=True):
            actor = self._find(actor_id)
            if actor is not None and actor.parent is None:
                self._episode.place(actor, _pose(place, turn))

    def destroy(self, actor_id: int) -> None:
        """Destroy the actor."""
        actor = self._find(actor_id)
        if actor is not None:
            destroy(self._episode, self._sensors, actor)

    def attach(self, child_id: int, parent_id: int) -> None:
        """Attach a child to its parent, keeping the child's place in the world."""
        child, parent = self._find(child_id), self._find(parent_id)
        if child is not None and parent is not None and child.kind != "vehicle":
            episode = self._episode
            relative = invert(episode.matrix_of(parent)) @ episode.matrix_of(child)
            attach(episode, child, parent, relative)

    def set_traffic_light(
        self, actor_id: int, state: int, elapsed_s: float, *, frozen: bool
    ) -> None:
        """Set a light: 0 red, 1 yellow, 2 green, 3 off, 4 unknown.

        ``elapsed_s`` is the time since the last change at its junction.
        """
        found = self._episode.signals.by_actor.get(actor_id)
        if found is not None:
            light, cycle = found
            cycle.replay(light, state, elapsed_s, frozen=frozen)

    def animate_vehicle(
        self,
        actor_id: int,
        steer: float,
        throttle: float,
        brake: float,
        gear: int,
        *,
        hand_brake: bool,
    ) -> None:
        """Show a vehicle's pedals (0 to 1) and steer (-1 to 1); ``gear`` below zero is reverse."""
        fleet = self._episode.fleet
        if actor_id in fleet.row_of:
            control = VehicleControl(
                throttle, steer, brake, hand_brake, reverse=gear < 0, gear=gear
            )
            fleet.set_control(actor_id, control)
            row = fleet.row_of[actor_id]
            fleet.state[row, col.GEAR] = gear
            fleet.state[row, col.STEER] = steer

    def animate_walker(self, actor_id: int, speed_cm_s: float) -> None:
        """Show a walker walking at a speed in cm/s."""
        actor = self._find(actor_id)
        if actor is not None:
            actor.walk = WalkerControl(speed=speed_cm_s / CM_PER_M)

    def animate_wheels(self, actor_id: int, wheels: Sequence[WheelPose]) -> None:
        """Turn a vehicle's front wheels; rolling is not drawn."""
        fleet = self._episode.fleet
        row = fleet.row_of.get(actor_id)
        if row is not None:
            most = float(fleet.parameters[row, col.MAX_STEER])
            front = next((w for w in wheels if w.wheel == 0), None)
            if front is not None and most > 0.0:
                fleet.state[row, col.STEER] = math.radians(front.steer_deg) / most

    def animate_biker(self, actor_id: int, forward_cm_s: float, engine_ratio: float) -> None:
        """Do nothing: riders are drawn still."""

    def set_vehicle_lights(self, actor_id: int, flags: int) -> None:
        """Set ``carla.VehicleLightState`` flags."""
        actor = self._find(actor_id)
        if actor is not None:
            actor.light_flags = flags

    def set_vehicle_door(self, actor_id: int, door: int, *, is_open: bool) -> None:
        """Open or close a door, which is recorded again."""
        actor = self._find(actor_id)
        if actor is not None:
            self._episode.move_door(actor, door, opens=is_open)

    def set_scene_light(
        self,
        light_id: int,
        intensity: float,
        rgba: tuple[float, float, float, float],
        group: int,
        *,
        on: bool,
    ) -> None:
        """Set a street lamp; colours linear in [0, 1], ``group`` is ``carla.LightGroup``."""
        lamp = self._episode.scenery.lamps.get(light_id)
        if lamp is not None:
            red, green, blue = (round(255.0 * min(max(c, 0.0), 1.0) ** (1 / 2.2)) for c in rgba[:3])
            changed = replace(
                lamp, intensity=intensity, colour=(red, green, blue), active=on, group=group
            )
            self._episode.scenery.set_lamps([changed])

    def set_visual_time(self, seconds: float) -> None:
        """Do nothing: nothing drawn depends on the clock of effects."""

    def _find(self, actor_id: int) -> EpisodeActor | None:
        return self._episode.actors.find(actor_id)


def _pose(location_cm: Sequence[float], rpy_deg: Sequence[float]) -> Transform:
    x, y, z = (value / CM_PER_M for value in location_cm)
    roll, pitch, yaw = rpy_deg
    return Transform((x, y, z), (pitch, yaw, roll))
