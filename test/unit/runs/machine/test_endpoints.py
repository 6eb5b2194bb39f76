"""Servers that are away, silent, endless, or somebody else are told apart, and in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import msgpack
import pytest

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.runs.machine import endpoints_from, look_at_endpoints
from carla_nurec_bridge.runs.machine.finding import Finding, all_within

SILENT_S, PATIENT_S = 1.0, 30.0


@pytest.fixture
def talk() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Return what starts a server on a free port that treats every connection so."""
    listeners: list[socket.socket] = []

    def start(treat: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        treat(connection)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def http(status: str, body: bytes) -> Callable[[socket.socket], None]:
    """Return what gives every request the same answer."""

    def treat(connection: socket.socket) -> None:
        connection.recv(65536)
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)

    return treat


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def endless(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 100)
        time.sleep(0.02)


def look(kind: str, address: str, limit_s: float = PATIENT_S, **environment: str) -> Finding:
    before_s = time.monotonic()
    (finding,) = look_at_endpoints({kind: address}, limit_s, environment)
    assert time.monotonic() - before_s < 60
    assert finding.state == "ok" or finding.advice
    return finding


@pytest.mark.parametrize("kind", ["carla", "nurec", "cosmos", "vlm", "llm"])
def test_nobody_and_somebody_silent_are_told_in_time(kind, talk):
    for port in (free_port(), talk(silent)):
        where = f"127.0.0.1:{port}"
        address = where if kind in ("carla", "nurec") else f"http://{where}/v1"
        finding = look(kind, address, SILENT_S)
        assert finding.state == "missing"
        assert str(port) in finding.found or "within 1 s" in finding.found


@pytest.mark.parametrize("kind", ["cosmos", "vlm"])
@pytest.mark.parametrize(
    "treat",
    [
        endless,
        http("200 OK", b"hello"),
        http("200 OK", b'{"data": 3, "ready": null'),
        http("200 OK", b'{"data": [1, null]}'),
        http("200 OK", b"[" * 100_000),
        http("500 no", b"{}"),
        http("200 OK", b"\xff" * 100),
        lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
)
def test_strangers_are_never_taken_for_the_server(kind, treat, talk):
    limit_s = SILENT_S if treat is endless else PATIENT_S
    assert look(kind, f"http://127.0.0.1:{talk(treat)}", limit_s).state == "missing"


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1", "http://", "ftp://x/", "http://[::1", "x:y:z"]
)
def test_addresses_that_are_none_are_told(address):
    for kind in ("carla", "nurec", "cosmos", "llm"):
        assert look(kind, address, SILENT_S).state == "missing"


def test_a_nim_that_loads_is_waited_for(talk):
    finding = look("llm", f"http://127.0.0.1:{talk(http('503 no', b'{}'))}")
    assert "not ready" in finding.found
    assert "loads for minutes" in finding.advice


def test_any_server_of_openais_api_is_fine(talk):
    def treat(connection: socket.socket) -> None:
        asked = connection.recv(65536).split()[1]
        body = b'{"object": "list", "data": [{"id": "qwen"}]}' if asked == b"/v1/models" else b""
        status = b"200 OK" if body else b"404 no"
        length = str(len(body)).encode()
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: " + length)
        connection.sendall(b"\r\nConnection: close\r\n\r\n" + body)

    finding = look("llm", f"http://127.0.0.1:{talk(treat)}", LLM_MODEL="qwen")
    assert (finding.state, "OpenAI's API" in finding.found) == ("ok", True)


@pytest.mark.parametrize(
    ("version", "state", "word"),
    [
        ("0.9.15", "note", "work together"),
        ("0.10.0", "missing", "the wheel that comes with the server"),
    ],
)
def test_a_carla_of_another_version_is_compared_with_the_library(talk, version, state, word):
    pytest.importorskip("carla")

    def treat(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(msgpack.packb([1, 0, None, [[1, version]]]))

    finding = look("carla", f"127.0.0.1:{talk(treat)}")
    assert finding.state == state
    assert word in finding.found + finding.advice


def test_servers_are_named_by_options_then_by_their_own_variables_then_by_the_host_of_nims():
    environment = {
        "CARLA_HOST": "10.0.0.5",
        "NIM_HOST": "10.0.0.6",
        "LLM_ENDPOINT_URL": "http://elsewhere/v1",
        "VLM_PORT": "9001",
    }
    assert endpoints_from({"cosmos": "http://127.0.0.1:8000", "vlm": None}, environment) == {
        "carla": "10.0.0.5:2000",
        "cosmos": "http://127.0.0.1:8000",
        "vlm": "http://10.0.0.6:9001",
        "llm": "http://elsewhere/v1",
    }
    assert endpoints_from({}, {}) == {}


def test_a_look_that_hangs_leaves_the_others_alone():
    never = threading.Event()
    well = Finding("well", "ok", "here")

    def hang() -> Finding:
        never.wait(120)
        return well

    try:
        slow, quick = all_within([("slow", hang), ("well", lambda: well)], 0.3)
    finally:
        never.set()
    assert (slow.name, slow.state) == ("slow", "missing")
    assert quick == well
