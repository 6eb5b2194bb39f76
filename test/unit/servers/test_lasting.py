"""The embedded CARLA server outlives what clients and maps do within a frame."""

from __future__ import annotations

import logging
import socket
import struct
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest

from carla_nurec_bridge.servers.carla import server
from carla_nurec_bridge.servers.carla.calls.connection import RpcConnection
from carla_nurec_bridge.servers.carla.calls.registry import CALLS
from carla_nurec_bridge.servers.carla.physics import columns as col
from carla_nurec_bridge.servers.carla.physics.control import WalkerControl
from carla_nurec_bridge.servers.carla.sensing.kinds import gnss, imu, lidar, radar
from carla_nurec_bridge.servers.carla.sensing.kinds.cameras import depth
from carla_nurec_bridge.servers.carla.wire.state import ACTOR_DTYPE
from carla_nurec_bridge.servers.carla.wire.streams import WORLD_STREAM
from carla_nurec_bridge.servers.carla.wire.structs import Transform

if TYPE_CHECKING:
    from conftest import World

SKY = Transform((0.0, 0.0, 50.0), (60.0, 0.0, 0.0))
SENSOR_HEADER_BYTES, STATE_HEADER_BYTES = 48, 36


def poses(world: World) -> np.ndarray:
    """Return x, y, z, pitch, yaw, roll of every actor of the last state message."""
    message = world.audience.heard[WORLD_STREAM][-1]
    rows = np.frombuffer(message, ACTOR_DTYPE, offset=SENSOR_HEADER_BYTES + STATE_HEADER_BYTES)
    return rows["transform"]


@pytest.mark.parametrize(
    ("blueprint", "values", "header_bytes"),
    [
        ("sensor.lidar.ray_cast", {"upper_fov": "30", "lower_fov": "10", "channels": "8"}, 8 + 32),
        ("sensor.lidar.ray_cast", {"points_per_second": "0", "channels": "4"}, 8 + 16),
        ("sensor.lidar.ray_cast_semantic", {"lower_fov": "5", "channels": "2"}, 8 + 8),
        ("sensor.lidar.ray_cast_semantic", {"points_per_second": "1", "channels": "1"}, 8 + 4),
        ("sensor.other.radar", {}, 0),
        ("sensor.other.radar", {"points_per_second": "0"}, 0),
    ],
)
def test_a_sensor_that_meets_nothing_sends_an_empty_measurement(
    world: World, blueprint: str, values: dict[str, str], header_bytes: int
) -> None:
    sensor = world.spawn(blueprint, SKY, **values)
    world.tick(3)
    assert [len(message) for message in world.heard(sensor)] == [
        SENSOR_HEADER_BYTES + header_bytes
    ] * 3
    if header_bytes:
        counts = world.heard(sensor)[0][SENSOR_HEADER_BYTES + 8 :]
        assert not any(struct.unpack(f"<{len(counts) // 4}I", counts))


@pytest.mark.parametrize(
    ("blueprint", "owner", "method"),
    [
        ("sensor.lidar.ray_cast", lidar.Lidar, "measure"),
        ("sensor.other.radar", radar.Radar, "measure"),
        ("sensor.other.imu", imu.Imu, "measure"),
        ("sensor.other.gnss", gnss.Gnss, "measure"),
        ("sensor.camera.depth", depth.DepthCamera, "image"),
    ],
)
def test_a_sensor_that_fails_stops_alone_and_is_named_once(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    blueprint: str,
    owner: object,
    method: str,
) -> None:
    small = {"image_size_x": "16", "image_size_y": "8"} if "camera" in blueprint else {}
    guilty = world.spawn(blueprint, SKY, **small)
    twin = world.spawn(
        "sensor.camera.semantic_segmentation", SKY, image_size_x="16", image_size_y="8"
    )
    world.tick()

    def fail(*_: object) -> object:
        raise ArithmeticError("no such number")

    monkeypatch.setattr(owner, method, fail)
    with caplog.at_level(logging.WARNING):
        world.tick(3)
    monkeypatch.undo()
    world.tick()
    assert len(world.heard(guilty)) == 1, "its stream stops"
    assert len(world.heard(twin)) == 5, "others go on, even those that share its view"
    (told,) = [record.getMessage() for record in caplog.records]
    assert f"sensor {guilty.id} ({blueprint})" in told
    assert "ArithmeticError: no such number" in told
    assert "report" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    "part",
    [
        "episode.ackermann.advance",
        "episode.fleet.advance",
        "episode.signals.advance",
        "episode.drawings.expire",
        "observer.refresh",
        "episode.signals.ahead",
    ],
)
def test_a_part_of_the_frame_that_fails_is_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    world.car()
    felt = world.spawn("sensor.other.imu", SKY)
    owner, _, method = part.rpartition(".")

    def fail(*_: object) -> None:
        raise IndexError("out of bounds")

    monkeypatch.setattr(attrgetter(owner)(world.simulation), method, fail)
    frame, states = world.simulation.episode.frame, len(world.audience.heard[WORLD_STREAM])
    with caplog.at_level(logging.WARNING):
        world.tick(3)
    assert world.simulation.episode.frame == frame + 3
    assert len(world.audience.heard[WORLD_STREAM]) == states + 3, "clients see every frame"
    assert len(world.heard(felt)) == 3
    (told,) = [record.getMessage() for record in caplog.records]
    assert "IndexError: out of bounds" in told


def test_what_a_client_asked_for_is_no_fault_of_the_server(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    walker = world.spawn("walker.pedestrian.0001", SKY)
    walker.walk = WalkerControl((1.0, 0.0, 0.0), 1e30)
    with caplog.at_level(logging.WARNING):
        world.tick(2)
    (told,) = [record.getMessage() for record in caplog.records]
    assert "it would walk at 1e+30 m/s" in told
    assert "it stands still" in told
    assert "report" not in told
    assert np.isfinite(poses(world)).all()


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("add_traffic_manager_running", [["127.0.0.1", 8000, 1, 2]]),
        ("add_traffic_manager_running", [[]]),
        ("add_traffic_manager_running", [[8000, "127.0.0.1"]]),
        ("add_traffic_manager_running", [7]),
        ("get_sensor_token", [2**32]),
        ("get_sensor_token", [-1]),
        ("draw_debug_shape", [[[0, []], [1, 2, 3], 1.0]]),
        ("draw_debug_shape", [["point"]]),
        ("draw_debug_shape", [[[0, [[0, 0, 0], 0.1]], [255, -1, 0, 255], 1.0, False]]),
        ("draw_debug_shape", [[[0, [[0, 1e300, 0], 0.1]], [255, 1, 0, 255], 1.0, False]]),
        ("start_recorder", ["x" * 5000, False]),
        ("replay_file", ["x/" * 5000, 0.0, 0.0, 0, False, [[0, 0, 0], [0, 0, 0]]]),
        ("show_recorder_collisions", ["x" * 300, 97, 97]),
    ],
)
def test_a_call_of_another_shape_is_answered_in_words(
    world: World, caplog: pytest.LogCaptureFixture, call: str, arguments: list[Any]
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = CALLS[call].answer(world.simulation, arguments)
    told = CALLS[call].failures(answer)
    assert len(told) == (0 if arguments == [["127.0.0.1", 8000, 1, 2]] else 1)
    assert not any("failed in this server" in sentence for sentence in told)
    assert not caplog.records


def test_a_vehicle_whose_motion_is_lost_freezes_where_it_was(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    fleet = world.simulation.episode.fleet
    lost, other = world.car(0), world.car(5)
    world.tick(20)
    before = fleet.transform(lost.id).location
    fleet.state[fleet.row_of[lost.id], col.YAW_RATE] = np.nan
    fleet.set_velocity(other.id, (3.0, 0.0, 0.0))
    started = fleet.transform(other.id).location
    with caplog.at_level(logging.WARNING):
        world.tick(5)
    assert fleet.transform(lost.id).location == before
    assert np.isfinite(poses(world)).all()
    assert np.linalg.norm(np.subtract(fleet.transform(other.id).location, started)) > 0.3
    (told,) = [record.getMessage() for record in caplog.records]
    assert f"vehicle {lost.id} (vehicle.tesla.model3)" in told
    fleet.set_simulated(lost.id, simulated=True)
    fleet.set_velocity(lost.id, (3.0, 0.0, 0.0))
    world.tick(5)
    assert fleet.transform(lost.id).location != before, "it can drive again"


@pytest.mark.parametrize("push", [1e12, 1e30, 3.4e38])
def test_absurd_pushes_never_reach_a_transform(world: World, push: float) -> None:
    fleet, car = world.simulation.episode.fleet, world.car()
    fleet.push(car.id, (push, -push, push), at=(push, 0.0, 0.0))
    fleet.add_force(car.id, (push, push, -push))
    fleet.add_torque(car.id, (0.0, 0.0, push))
    world.tick(20)
    assert np.isfinite(poses(world)).all()
    fleet.set_velocity(car.id, (push, push, push))
    world.tick(20)
    assert np.isfinite(poses(world)).all()


def test_a_walker_that_runs_out_of_all_bounds_stands_still(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    walker = world.spawn(
        "walker.pedestrian.0001", Transform(*world.simulation.episode.level.spawns[0])
    )
    world.tick()
    before = walker.transform.location
    walker.walk = type(walker.walk)((1.0, 0.0, 0.0), 1e38, False)
    with caplog.at_level(logging.WARNING):
        world.tick(3)
    assert walker.transform.location == before
    assert len(caplog.records) == 1
    assert f"walker {walker.id} (walker.pedestrian.0001)" in caplog.records[0].getMessage()


@pytest.mark.parametrize(
    "noise",
    [
        b"\x81\x80\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\xc1",
        b"\x91" * 5000,
        b"\xa3abc",
        b"\x94\x01\x01\xc0\xc0",
    ],
    ids=["a map as a key", "four billion items", "no type", "too deep", "a text", "an answer"],
)
def test_noise_on_the_call_port_ends_its_connection_only(world: World, noise: bytes) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    caller = RpcConnection(ours, "127.0.0.1", world.simulation)
    theirs.sendall(noise)
    assert not caller.receive()
    world.simulation.clients.leave(caller.number)
    ours.close()
    theirs.close()


def test_words_that_are_no_text_come_back_as_they_were(world: World) -> None:
    assert server.HANDLERS, "their import registers the calls"
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    caller = RpcConnection(ours, "127.0.0.1", world.simulation)
    car = world.spawn(
        "vehicle.audi.tt",
        Transform(*world.simulation.episode.level.spawns[2]),
        role_name=b"h\xe9ro".decode(errors="surrogateescape"),
    )
    theirs.sendall(msgpack.packb([0, 1, "get_actors_by_id", [[False], [car.id]]]))
    assert caller.receive()
    assert b"h\xe9ro" in theirs.recv(1 << 16)
    world.simulation.clients.leave(caller.number)
    ours.close()
    theirs.close()
