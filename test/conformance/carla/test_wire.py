"""The bytes on the wire, without the client: forms of answers, order, bad input."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from carla_nurec_bridge.servers.carla.wire.state import ACTOR_DTYPE, LIGHT_DTYPE, VEHICLE_DTYPE
from carla_nurec_bridge.servers.carla.wire.streams import stream_token

pytestmark = pytest.mark.conformance

VOID_UNSUPPORTED = """apply_color_texture_to_objects apply_float_color_texture_to_objects
    enable_sensor_for_ros disable_sensor_for_ros send enable_gbuffers use_carsim_road enable_carsim
    enable_chrono_physics""".split()
VALUED_UNSUPPORTED = ["get_gbuffer_token", "console_command"]


@pytest.fixture
def wire(carla_port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", carla_port), timeout=60) as connection:
        yield connection


def read(connection: socket.socket, count: int = 1) -> list[Any]:
    """Return the next ``count`` answers."""
    unpacker = msgpack.Unpacker(raw=False)
    answers: list[Any] = []
    while len(answers) < count:
        data = connection.recv(1 << 16)
        assert data, "the server closed the connection"
        unpacker.feed(data)
        answers += list(unpacker)
    return answers


def ask(connection: socket.socket, name: str, *arguments: Any) -> Any:
    """Make one call; return (error, result)."""
    connection.sendall(msgpack.packb([0, 77, name, [[False], *arguments]]))
    ((kind, number, error, result),) = read(connection)
    assert (kind, number) == (1, 77)
    return error, result


def test_version_is_answered_byte_for_byte(wire: socket.socket) -> None:
    wire.sendall(bytes.fromhex("94 00 01 a7 76657273696f6e 91 91 c2"))
    assert wire.recv(100) == bytes.fromhex("94 01 01 c0 91 92 01 a6 302e392e3136")


def test_requests_in_pieces_and_in_bunches_are_answered_in_order(wire: socket.socket) -> None:
    calls = b"".join(
        msgpack.packb([0, number, name, [[False]]])
        for number, name in enumerate(["version", "get_spectator", "get_episode_settings"])
    )
    for byte in calls[:-1]:
        wire.sendall(bytes([byte]))
    wire.sendall(calls[-1:])
    assert [answer[1] for answer in read(wire, 3)] == [0, 1, 2]


@pytest.mark.parametrize("name", VOID_UNSUPPORTED)
def test_unserved_void_calls_fail_in_the_void_form(wire: socket.socket, name: str) -> None:
    error, result = ask(wire, name)
    assert error is None
    ((failed, (message,)),) = result
    assert failed is True
    assert message.startswith(f"{name} is not supported by this server: ")


@pytest.mark.parametrize("name", VALUED_UNSUPPORTED)
def test_unserved_valued_calls_fail_in_the_valued_form(wire: socket.socket, name: str) -> None:
    error, result = ask(wire, name)
    assert error is None
    ((index, (message,)),) = result
    assert index == 0
    assert message.startswith(f"{name} is not supported by this server: ")


def test_unknown_names_get_an_rpc_error(wire: socket.socket) -> None:
    error, result = ask(wire, "no_such_call", 1)
    assert "no_such_call" in error
    assert result is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set_actor_transform", (1, [[0.0, 0.0], [0.0, 0.0, 0.0]])),
        ("set_actor_transform", (1, [[float("nan"), 0.0, 0.0], [0.0, 0.0, 0.0]])),
        ("apply_control_to_vehicle", (1, "full speed")),
        ("set_actor_location", ()),
        ("set_traffic_light_state", (123456, 1)),
        ("load_new_episode", ("Town99", True, 0)),
    ],
)
def test_bad_arguments_of_void_calls_fail_in_words(
    wire: socket.socket, name: str, arguments: tuple[Any, ...]
) -> None:
    error, result = ask(wire, name, *arguments)
    assert error is None
    ((failed, (message,)),) = result
    assert failed is True
    assert len(message) > 10


def test_unknown_actors_have_a_zero_box(wire: socket.socket) -> None:
    """Anything else would end a client whose Traffic Manager asks."""
    zero = [0.0, 0.0, 0.0]
    assert ask(wire, "get_actor_bounding_box", 987654) == (None, [[1, [zero, zero, zero, 0]]])


def test_batches_answer_each_command_without_a_wrapper(wire: socket.socket) -> None:
    error, result = ask(wire, "apply_batch", [[[1, [987654]]], [[99, [1]]], "rubbish"], False)
    assert error is None
    assert [answer[0][0] for answer in result] == [0, 0, 0]


def test_garbage_closes_only_its_own_connection(wire: socket.socket, carla_port: int) -> None:
    with socket.create_connection(("127.0.0.1", carla_port), timeout=60) as other:
        other.sendall(b"\xc1\xc1\xc1 not msgpack at all")
        assert other.recv(10) == b""
    assert ask(wire, "version") == (None, [[1, "0.9.16"]])


def test_a_new_listener_of_the_world_gets_the_state_at_once(carla_port: int) -> None:
    with socket.create_connection(("127.0.0.1", carla_port + 1), timeout=60) as stream:
        stream.sendall(struct.pack("<I", 1))
        (size,) = struct.unpack("<I", stream.recv(4, socket.MSG_WAITALL))
        state = stream.recv(size, socket.MSG_WAITALL)
    kind, _, elapsed_s = struct.unpack_from("<QQd", state)
    assert kind == 17
    assert elapsed_s >= 0.0
    assert (size - 48 - 36) % 119 == 0
    assert size > 48 + 36


def test_state_rows_have_carlas_layout() -> None:
    assert ACTOR_DTYPE.itemsize == VEHICLE_DTYPE.itemsize == LIGHT_DTYPE.itemsize == 119
    offsets = {name: VEHICLE_DTYPE.fields[name][1] for name in VEHICLE_DTYPE.names}
    assert (offsets["state"], offsets["transform"], offsets["velocity"]) == (4, 5, 29)
    assert (offsets["pedals"], offsets["gear"], offsets["speed_limit"]) == (65, 80, 84)
    assert (offsets["light_state"], offsets["has_light"], offsets["light_id"]) == (88, 89, 90)
    lights = {name: LIGHT_DTYPE.fields[name][1] - 65 for name in LIGHT_DTYPE.names}
    assert (lights["times"], lights["elapsed"], lights["frozen"], lights["light"]) == (
        32,
        44,
        52,
        53,
    )


def test_token_has_the_port_and_no_address() -> None:
    token = stream_token(7, 2001)
    assert len(token) == 24
    assert token == struct.pack("<IH", 7, 2001) + bytes([1]) + bytes(17)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--map", "Nowhere"], ["Nowhere", "demo_town"]),
        (["--map", "missing.xodr"], ["missing.xodr", "no map file"]),
        (["--map", "demo_town", "--maps-dir", "no_such_folder"], ["no_such_folder"]),
    ],
)
def test_bad_maps_end_with_one_line(arguments: list[str], words: list[str], tmp_path: Path) -> None:
    done = serve(*arguments, "--port", "39998", folder=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert all(word in done.stderr for word in words)


def test_port_in_use_ends_with_one_line(carla_port: int, tmp_path: Path) -> None:
    done = serve("--port", str(carla_port), folder=tmp_path)
    assert done.returncode == 2
    assert f"port {carla_port}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def serve(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command from a foreign folder until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "carla_nurec_bridge.cli.main", "carla", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=250,
        cwd=folder,
    )
