"""What CARLA's event sensors send, as events with their facts."""

from __future__ import annotations

from types import SimpleNamespace

from carla_nurec_bridge.core.rig.sensors.collision import CarlaCollision
from carla_nurec_bridge.core.rig.sensors.lane_invasion import CarlaLaneInvasion


def test_a_collision_is_an_error_with_its_push_to_the_left() -> None:
    shell = CarlaCollision(name="shell", type="collision")
    car = SimpleNamespace(id=7, type_id="vehicle.audi.tt", attributes={"role_name": "npc"})
    push = SimpleNamespace(x=1.0, y=-2.0, z=0.5)  # CARLA's y is to the right
    sent = SimpleNamespace(frame=4, other_actor=car, normal_impulse=push)
    [event] = shell.decode(sent)
    assert (event.kind, event.sensor, event.frame, event.level) == (
        "collision",
        "shell",
        4,
        "error",
    )
    assert event.facts == {
        "actor_id": "7",
        "type_id": "vehicle.audi.tt",
        "role_name": "npc",
        "impulse_x": "1.0",
        "impulse_y": "2.0",
        "impulse_z": "0.5",
    }
    [wall] = shell.decode(SimpleNamespace(frame=5, other_actor=None, normal_impulse=push))
    assert (wall.facts["actor_id"], wall.summary) == ("0", "static")


def test_crossed_markings_are_told_in_a_row() -> None:
    lanes = CarlaLaneInvasion(name="lanes", type="lane_invasion")
    markings = [SimpleNamespace(type="Solid", color="White")] * 2
    [event] = lanes.decode(SimpleNamespace(frame=1, crossed_lane_markings=markings))
    assert event.level == "warning"
    assert event.facts == {"types": "Solid,Solid", "colors": "White,White"}
