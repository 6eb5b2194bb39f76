"""What a recording writes of the world (``recording_source.RecordingSource``)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ....recorder_log import records
from ....recorder_log.layouts import ActorKind
from ..physics import columns as col
from ..physics.control import PhysicsControl
from ..wire.structs import Transform
from ..world.actors import EpisodeActor
from ..world.episode import Episode
from .recording_source import (
    NO_ACTOR,
    LightShown,
    MovingActor,
    RecordedActor,
    VehicleShown,
)
from .replay_target import Vec3, WheelPose

CM_PER_M = 100.0
KINDS = {
    "vehicle": ActorKind.VEHICLE,
    "walker": ActorKind.WALKER,
    "light": ActorKind.TRAFFIC_LIGHT,
    "sign": ActorKind.TRAFFIC_SIGN,
    "sensor": ActorKind.SENSOR,
}
COLLISION = "sensor.other.collision"
MOVING = ("vehicle", "walker", "prop", "spectator")


class EpisodeSource:
    """An episode as a recorder sees it."""

    def __init__(self, episode: Episode) -> None:
        self._episode = episode

    def actor_ids(self) -> list[int]:
        """Return the ids of all live actors."""
        return [actor.id for actor in self._episode.actors]

    def describe(self, actor_id: int) -> RecordedActor:
        """Return an actor as it stands now."""
        episode = self._episode
        actor = episode.actors.get(actor_id)
        location, rotation = _place(episode.transform_of(actor))
        solid = actor.kind not in ("light", "sign")
        light = episode.signals.by_actor.get(actor_id)
        return RecordedActor(
            actor_id=actor_id,
            kind=KINDS.get(actor.kind, ActorKind.OTHER),
            blueprint=actor.description.id,
            uid=actor.description.uid,
            attributes=tuple((a.type, a.id, a.value) for a in actor.description.attributes),
            location_cm=location,
            rotation_deg=rotation,
            parent_id=actor.parent.id if actor.parent else None,
            box_cm=(_cm(actor.box.location), _cm(actor.box.extent)) if solid else None,
            trigger_cm=_trigger(actor) if actor.kind == "light" else None,
            physics=self._physics(actor),
            light_times_s=(light[0].green_s, light[0].yellow_s, light[0].red_s) if light else None,
        )

    def moving(self) -> Iterator[MovingActor]:
        """Yield every vehicle, walker and prop, and the spectator."""
        episode = self._episode
        for actor in episode.actors:
            if actor.kind not in MOVING:
                continue
            location, rotation = _place(episode.transform_of(actor))
            if actor.kind == "vehicle":
                state = episode.fleet.state[episode.fleet.row_of[actor.id]].tolist()
                yield MovingActor(
                    actor.id,
                    location,
                    rotation,
                    (state[col.VEL_X], state[col.VEL_Y], state[col.VEL_Z]),
                    (
                        math.degrees(state[col.ANG_X]),
                        math.degrees(state[col.ANG_Y]),
                        math.degrees(state[col.ANG_Z]),
                    ),
                    vehicle=self._shown(actor),
                )
            else:
                walking = actor.walk.speed * CM_PER_M if actor.kind == "walker" else None
                yield MovingActor(
                    actor.id, location, rotation, actor.velocity, walking_cm_s=walking
                )

    def lights(self) -> Iterator[LightShown]:
        """Yield every traffic light."""
        for actor_id, (light, cycle) in self._episode.signals.by_actor.items():
            yield LightShown(actor_id, cycle.frozen, cycle.elapsed_s, light.state)

    def take_collisions(self) -> list[tuple[int, int]]:
        """Return (carrier of a collision sensor, other) of this tick."""
        pairs = []
        for met in self._episode.collisions:
            for one, other in ((met.one, met.other), (met.other, met.one)):
                if any(child.description.id == COLLISION for child in one.children):
                    pairs.append((one.id, other.id or NO_ACTOR))
        return pairs

    def take_doors(self) -> list[tuple[int, int, bool]]:
        """Return the doors moved since the last call."""
        moved = [(move.vehicle_id, move.door, move.opens) for move in self._episode.door_moves]
        self._episode.door_moves.clear()
        return moved

    def visual_time_s(self) -> float:
        """Return the clock of effects: simulation time."""
        return self._episode.elapsed_s

    def _shown(self, actor: EpisodeActor) -> VehicleShown:
        fleet = self._episode.fleet
        row = fleet.row_of[actor.id]
        control, state = fleet.control[row].tolist(), fleet.state[row].tolist()
        angle = math.degrees(state[col.STEER] * float(fleet.parameters[row, col.MAX_STEER]))
        count = fleet.blueprints[row].wheels
        front = 2 if count > 2 else 1
        wheels = tuple(WheelPose(k, angle if k < front else 0.0, 0.0) for k in range(count))
        biker = (state[col.U] * CM_PER_M, 0.0) if count == 2 else None
        return VehicleShown(
            control[col.STEER_CMD],
            control[col.THROTTLE],
            control[col.BRAKE],
            control[col.HAND_BRAKE] > 0.5,
            int(state[col.GEAR]),
            actor.light_flags,
            wheels,
            biker,
        )

    def _physics(self, actor: EpisodeActor) -> records.RecordedPhysics | None:
        if actor.kind != "vehicle":
            return None
        return recorded_physics(actor.id, self._episode.fleet.physics_now(actor.id))


def recorded_physics(actor_id: int, physics: PhysicsControl) -> records.RecordedPhysics:
    """Return a physics control as recordings keep it."""
    return records.RecordedPhysics(
        actor_id=actor_id,
        max_rpm=physics.max_rpm,
        moi=physics.moi,
        damping_full_throttle=physics.damping_rate_full_throttle,
        damping_zero_throttle_clutch_engaged=physics.damping_rate_zero_throttle_clutch_engaged,
        damping_zero_throttle_clutch_disengaged=(
            physics.damping_rate_zero_throttle_clutch_disengaged
        ),
        use_gear_autobox=physics.use_gear_autobox,
        clutch_strength=physics.clutch_strength,
        final_ratio=physics.final_ratio,
        mass_kg=physics.mass,
        drag_coefficient=physics.drag_coefficient,
        center_of_mass_m=physics.center_of_mass,
        torque_curve=tuple((p.x, p.y) for p in physics.torque_curve),
        forward_gears=tuple((g.ratio, g.down_ratio, g.up_ratio) for g in physics.forward_gears),
        steering_curve=tuple((p.x, p.y) for p in physics.steering_curve),
        wheels=tuple(
            records.WheelPhysics(
                w.tire_friction,
                w.damping_rate,
                w.max_steer_angle,
                w.radius,
                w.max_brake_torque,
                w.max_handbrake_torque,
                (w.lat_stiff_max_load, w.lat_stiff_value, w.long_stiff_value),
                w.position,
            )
            for w in physics.wheels
        ),
    )


def _trigger(light: EpisodeActor) -> tuple[Vec3, Vec3] | None:
    """Return a light's trigger box; its centre stands in the world, its turn is lost."""
    if not any(light.box.extent):
        return None
    (x, y, z), yaw = light.transform.location, math.radians(light.transform.rotation[1])
    along, across, up = light.box.location
    centre = (
        x + along * math.cos(yaw) - across * math.sin(yaw),
        y + along * math.sin(yaw) + across * math.cos(yaw),
        z + up,
    )
    return _cm(centre), _cm(light.box.extent)


def _place(transform: Transform) -> tuple[Vec3, Vec3]:
    pitch, yaw, roll = transform.rotation
    return _cm(transform.location), (roll, pitch, yaw)


def _cm(metres: Vec3) -> Vec3:
    return metres[0] * CM_PER_M, metres[1] * CM_PER_M, metres[2] * CM_PER_M
