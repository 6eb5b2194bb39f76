"""Calls that the protocol has but the Python client never makes, or makes without a method."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest

pytestmark = pytest.mark.conformance
ZERO = [0.0, 0.0, 0.0]
MODEL3, WALKER = "vehicle.tesla.model3", "walker.pedestrian.0001"
MASS_ROW, DELTA_S = 11, 0.05
VELOCITY_AT, ANGULAR_AT = 29, 41


class Wire:
    """A bare msgpack connection to the calls of the server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=250)
        self._unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)

    def ask(self, name: str, *arguments: Any) -> Any:
        """Make a call and return its value; RuntimeError with the server's words."""
        self._socket.sendall(msgpack.packb([0, 1, name, [[False], *arguments]]))
        while True:
            for _, _, error, (answer,) in self._unpacker:
                assert error is None
                if answer[0] is True or (answer[0] == 0 and answer[0] is not False):
                    raise RuntimeError(answer[1][0])
                return answer[1] if len(answer) > 1 else None
            self._unpacker.feed(self._socket.recv(1 << 20))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def spawn(self, blueprint: str, pose: list[Any]) -> int:
        """Spawn with the blueprint's default attributes; return the id."""
        uid, _, _, attributes = next(
            row for row in self.ask("get_actor_definitions") if row[1] == blueprint
        )
        values = [[a[0], a[1], a[2]] for a in attributes]
        return int(self.ask("spawn_actor", [uid, blueprint, values], pose)[0])


@pytest.fixture
def wire(carla_port: int) -> Iterator[Wire]:
    """Connect, in a fresh synchronous world."""
    wire = Wire(carla_port)
    wire.ask("load_new_episode", "demo_town", True, 0xFFFF)
    settings = wire.ask("get_episode_settings")
    wire.ask("set_episode_settings", [True, False, [True, DELTA_S], *settings[3:]])
    yield wire
    wire.ask("set_episode_settings", settings)
    wire.close()


@pytest.fixture
def car(wire: Wire) -> int:
    """Spawn a car on the road and let it come to rest."""
    car = wire.spawn(MODEL3, wire.ask("get_map_info")[1][0])
    for _ in range(20):
        wire.ask("tick_cue")
    return car


def speed(wire: Wire, car: int) -> float:
    """Return the speed by the vehicle's telemetry in m/s."""
    return float(wire.ask("get_telemetry_data", car)[0])


def heading(wire: Wire, car: int) -> float:
    """Return the yaw of the vehicle's root in degrees."""
    return float(wire.ask("get_actor_component_world_transform", car, "root")[1][1])


def turned(now_deg: float, before_deg: float) -> float:
    """Return the way from one heading to another, -180 to 180 degrees."""
    return math.remainder(now_deg - before_deg, 360.0)


def place(wire: Wire, car: int) -> list[float]:
    """Return where the actor's root is."""
    found: list[float] = wire.ask("get_actor_component_world_transform", car, "root")[0]
    return found


@pytest.mark.parametrize("call", ["add_actor_impulse_at_location", "add_actor_force_at_location"])
def test_pushes_off_the_centre_move_and_turn(wire: Wire, car: int, call: str) -> None:
    mass = wire.ask("get_physics_control", car)[MASS_ROW]
    x, y, z = place(wire, car)
    before = heading(wire, car)
    # A push along +x, 1 m beside the centre on the -y side: clockwise seen from above.
    strength = 4.0 * mass if "impulse" in call else 4.0 * mass / DELTA_S
    wire.ask("set_actor_target_velocity", car, [6.0, 0.0, 0.0])
    wire.ask(call, car, [strength, 0.0, 0.0], [x, y - 1.0, z])
    wire.ask("tick_cue")
    assert speed(wire, car) == pytest.approx(10.0, abs=0.5)
    assert turned(heading(wire, car), before) > 0.5


def test_torque_turns_about_the_vertical(wire: Wire, car: int) -> None:
    before = heading(wire, car)
    wire.ask("set_actor_enable_gravity", car, False)
    wire.ask("set_actor_location", car, [*place(wire, car)[:2], 30.0])
    wire.ask("add_actor_torque", car, [0.0, 0.0, -50_000.0])
    wire.ask("tick_cue")
    wire.ask("tick_cue")
    assert turned(heading(wire, car), before) < -1.0


def test_the_dead_take_no_control(wire: Wire, car: int) -> None:
    walker = wire.spawn(WALKER, [[30.0, 8.0, 1.5], ZERO])
    for actor in (car, walker):
        wire.ask("set_actor_dead", actor)
    with pytest.raises(RuntimeError, match="dead"):
        wire.ask("apply_control_to_vehicle", car, [1.0, 0.0, 0.0, False, False, False, 0])
    with pytest.raises(RuntimeError, match="dead"):
        wire.ask("apply_control_to_walker", walker, [[1.0, 0.0, 0.0], 2.0, False])
    with pytest.raises(RuntimeError, match="does not live"):
        wire.ask("set_actor_dead", wire.ask("get_spectator")[0])
    wire.ask("tick_cue")
    assert speed(wire, car) == pytest.approx(0.0, abs=0.01)


def test_debug_shapes_can_be_cleared_and_must_be_shapes(wire: Wire) -> None:
    wire.ask("draw_debug_shape", [[0, [ZERO, 1.0]], [255, 0, 0], -1.0, True])
    wire.ask("clear_debug_shape")
    wire.ask("clear_debug_string")
    for nonsense in ("x", [[0, []], [1, 2, 3], 1.0, True], [[77, [ZERO]], [1, 2, 3], 1.0, True]):
        with pytest.raises(RuntimeError):
            wire.ask("draw_debug_shape", nonsense)
    wire.ask("tick_cue")


def test_layers_of_a_new_episode_are_the_asked_ones(wire: Wire) -> None:
    wire.ask("load_new_episode", "demo_town", False, 0xFFFF & ~1)
    assert wire.ask("get_all_level_BBs", 3) == []
    assert wire.ask("get_all_level_BBs", 9) != []
    wire.ask("load_new_episode", "demo_town", False, 0xFFFF)
    assert wire.ask("get_all_level_BBs", 3) != []


def test_flags_of_what_the_server_is_not(wire: Wire, car: int) -> None:
    assert wire.ask("is_sensor_enabled_for_ros", 5) is False
    assert wire.ask("are_gbuffers_enabled", car) is False
    wire.ask("set_annotations_traverse_translucency", True)
    wire.ask("restore_physx_physics", car)
    with pytest.raises(RuntimeError, match="ignore"):
        wire.ask("set_ignored_vehicles", car, [1])


def test_lights_freeze_one_junction_and_keep_all_their_times(wire: Wire) -> None:
    ids = [
        row[0]
        for row in wire.ask("get_actors_by_id", list(range(1, 10_000)))
        if row[2][1] == "traffic.traffic_light"
    ]
    group = wire.ask("get_group_traffic_lights", ids[0])
    assert set(group) <= set(ids)
    assert ids[0] in group
    for name in ("green", "yellow", "red"):
        wire.ask(f"set_traffic_light_{name}_time", ids[0], 1.5)
    wire.ask("freeze_traffic_light", ids[0], True)
    wire.ask("reset_traffic_light_group", ids[0])
    wire.ask("reset_all_traffic_lights")
    boxes = wire.ask("get_light_boxes", ids[0])
    assert boxes
    assert all(box[3] == ids[0] for box in boxes)
    with pytest.raises(RuntimeError, match="no traffic light"):
        wire.ask("get_group_traffic_lights", 987654)


def test_walkers_can_be_put_somewhere_each_tick(wire: Wire) -> None:
    (x, y, z), turn = wire.ask("get_map_info")[1][0]
    walker = wire.spawn(WALKER, [[x, y, z], turn])
    wire.ask("set_walker_state", walker, [[x + 1.0, y, z], turn], 1.0)
    wire.ask("tick_cue")
    assert place(wire, walker)[0] == pytest.approx(x + 1.0, abs=0.2)


def test_autopilot_is_the_clients_own(wire: Wire, car: int) -> None:
    wire.ask("set_actor_autopilot", car, True)
    for _ in range(10):
        wire.ask("tick_cue")
    assert speed(wire, car) == pytest.approx(0.0, abs=0.01), "no Traffic Manager drives it"
    with pytest.raises(RuntimeError, match="is no vehicle"):
        wire.ask("set_actor_autopilot", wire.ask("get_spectator")[0], True)


def test_traffic_managers_are_known_by_their_ports(wire: Wire) -> None:
    assert wire.ask("is_traffic_manager_running", 61234) is False
    assert wire.ask("add_traffic_manager_running", ["127.0.0.1", 61234]) is True
    assert wire.ask("add_traffic_manager_running", ["10.0.0.1", 61234]) is False, "it is taken"
    assert wire.ask("get_traffic_manager_running", 61234) == ["127.0.0.1", 61234]
    assert wire.ask("destroy_traffic_manager", 61234) is True
    assert wire.ask("destroy_traffic_manager", 61234) is False
    assert wire.ask("get_traffic_manager_running", 61234) == ["", 0]


def test_the_navigation_mesh_comes_both_ways(wire: Wire) -> None:
    mesh = bytes(wire.ask("get_navigation_mesh"))
    (name,) = wire.ask("get_required_files", "Nav")
    assert len(mesh) > 1000
    assert bytes(wire.ask("request_file", name)) == mesh


def test_a_batch_ticks_the_world_when_asked_to(wire: Wire) -> None:
    destroy_nobody = [[[1, [987654]]]]
    frame = wire.ask("tick_cue")
    wire.ask("apply_batch", destroy_nobody, False)
    wire.ask("apply_batch", destroy_nobody, True)
    assert wire.ask("tick_cue") == frame + 2
