"""What a replayed frame shows beside poses: lights, controls, wheels, riders and doors."""

from __future__ import annotations

from collections.abc import Mapping

from ....recorder_log.layouts import PacketKind
from ....recorder_log.log import Log
from ....recorder_log.packets import LogFrame
from .replay_target import ReplayTarget, WheelPose


def apply_states(
    log: Log, frame: LogFrame, target: ReplayTarget, live_ids: Mapping[int, int]
) -> None:
    """Show the states of one frame; ``live_ids`` are the driven actors by recorded id."""
    lights = log.records(frame, PacketKind.STATE).tolist()
    for recorded_id, frozen, elapsed_s, state in lights:
        if recorded_id in live_ids:
            target.set_traffic_light(live_ids[recorded_id], state, elapsed_s, frozen=frozen != 0)
    for recorded_id, steer, throttle, brake, hand_brake, gear in log.records(
        frame, PacketKind.ANIM_VEHICLE
    ).tolist():
        if recorded_id in live_ids:
            target.animate_vehicle(
                live_ids[recorded_id], steer, throttle, brake, gear, hand_brake=hand_brake != 0
            )
    for recorded_id, speed_cm_s in log.records(frame, PacketKind.ANIM_WALKER).tolist():
        if recorded_id in live_ids:
            target.animate_walker(live_ids[recorded_id], speed_cm_s)
    for recorded_id, flags in log.records(frame, PacketKind.VEHICLE_LIGHT).tolist():
        if recorded_id in live_ids:
            target.set_vehicle_lights(live_ids[recorded_id], flags)
    for lamp, intensity, rgba, on, group in log.records(frame, PacketKind.SCENE_LIGHT).tolist():
        red, green, blue, alpha = rgba
        target.set_scene_light(lamp, intensity, (red, green, blue, alpha), group, on=on != 0)
    for vehicle in log.wheels(frame):
        if vehicle.actor_id in live_ids:
            wheels = [WheelPose(*wheel) for wheel in vehicle.wheels]
            target.animate_wheels(live_ids[vehicle.actor_id], wheels)
    for recorded_id, forward, engine in log.records(frame, PacketKind.BIKER).tolist():
        if recorded_id in live_ids:
            target.animate_biker(live_ids[recorded_id], forward, engine)
    for recorded_id, door, is_open in log.records(frame, PacketKind.VEHICLE_DOOR).tolist():
        if recorded_id in live_ids:
            target.set_vehicle_door(live_ids[recorded_id], door, is_open=is_open != 0)
