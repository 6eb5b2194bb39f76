"""A tick that waits for a Traffic Manager which missed its signal is freed; others are left alone.

The world and the Traffic Manager stand in for CARLA's, whose deadlock nobody can call up at will:
the tick blocks as theirs does until synchronous mode goes off and on over the manager's TCP port.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("carla")
import msgpack

from carla_nurec_bridge.carla_client.session.traffic_managers import TrafficManagers


@dataclass(frozen=True)
class _Snapshot:
    frame: int


class _Manager:
    """Answers on its port; ``begun`` is set when synchronous mode went off, then on."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.asked: list[list[Any]] = []
        self.told: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            heard = msgpack.Unpacker()
            with connection:
                while part := connection.recv(64):
                    heard.feed(part)
                    for _, number, method, arguments in heard:
                        self.asked.append([method, *arguments])
                        connection.sendall(msgpack.packb([1, number, None, None]))
                        if self.asked[-2:] == [[method, False], [method, True]]:
                            self.begun.set()

    def get_port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def set_synchronous_mode(self, mode: bool) -> None:
        self.told.append(f"synchronous: {mode}")

    def shut_down(self) -> None:
        self.told.append("shut down")


class _World:
    """Its frame comes after ``server_s``; then the tick waits for ``begun``.

    Calls are kept waiting for ``call_s``, as by a server that draws.
    """

    def __init__(
        self, begun: threading.Event | None, server_s: float = 0.0, call_s: float = 0.0
    ) -> None:
        self._server_s, self._call_s, self._begun, self._frame = server_s, call_s, begun, 5

    def get_snapshot(self) -> _Snapshot:
        return _Snapshot(self._frame)

    def get_settings(self) -> None:
        time.sleep(self._call_s)

    def tick(self) -> bool:
        time.sleep(self._server_s)
        self._frame += 1
        time.sleep(self._call_s)
        return self._begun is None or self._begun.wait(120.0)


class _Client:
    def __init__(self, manager: _Manager) -> None:
        self._manager = manager

    def get_trafficmanager(self, port: int) -> _Manager:
        return self._manager


@pytest.fixture
def manager() -> _Manager:
    return _Manager()


@pytest.fixture
def managers(manager: _Manager) -> TrafficManagers:
    return TrafficManagers(_Client(manager))


def test_a_tick_that_waits_for_a_lost_signal_is_freed(
    manager: _Manager, managers: TrafficManagers
) -> None:
    managers.open(manager.get_port())
    world = _World(manager.begun)
    with managers.stepping(world):
        assert world.tick(), "nobody signalled again"
    # Where the machine keeps the freed tick from ending, it is freed once more.
    pair = [["set_synchronous_mode", False], ["set_synchronous_mode", True]]
    assert manager.asked == pair * managers.freed
    assert managers.freed >= 1
    managers.shut_down()


@pytest.mark.parametrize("slow", [{"server_s": 1.5}, {"call_s": 1.5}], ids=["frame", "step"])
def test_a_slow_server_is_waited_for(
    manager: _Manager, managers: TrafficManagers, slow: dict[str, float]
) -> None:
    managers.open(manager.get_port())
    world = _World(None, **slow)
    with managers.stepping(world):
        world.tick()
    assert manager.asked == []
    assert managers.freed == 0
    managers.shut_down()


def test_they_end_in_order_while_the_server_is_there(
    manager: _Manager, managers: TrafficManagers
) -> None:
    managers.close(managers.open(manager.get_port()))
    assert manager.told == ["synchronous: True", "synchronous: False", "shut down"]
    managers.shut_down()
    assert manager.told[3:] == []


def test_nothing_is_asked_of_them_once_the_server_is_gone(
    manager: _Manager, managers: TrafficManagers
) -> None:
    managers.open(manager.get_port())
    managers.abandon()
    managers.close(manager)
    managers.shut_down()
    assert manager.told == ["synchronous: True"]
