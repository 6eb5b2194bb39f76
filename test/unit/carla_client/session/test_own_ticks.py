"""A tick's state is there before Traffic Managers have stepped; what it raises comes at its end.

The world stands in for CARLA's: its tick is over when the test says so.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("carla")
from carla_nurec_bridge.carla_client.session.lifeline import Lifeline
from carla_nurec_bridge.carla_client.session.own_ticks import OwnTicks
from carla_nurec_bridge.carla_client.session.traffic_managers import TrafficManagers
from carla_nurec_bridge.core.errors import ProtocolError

LONG_S = 60.0


@dataclass(frozen=True)
class Snapshot:
    frame: int


class World:
    """Makes its next frame at once and waits for ``stepped``."""

    def __init__(self, number: int = 1) -> None:
        self.id = number
        self.frame = 7
        self.stepped = threading.Event()
        self.error: Exception | None = None

    def get_snapshot(self) -> Snapshot:
        return Snapshot(self.frame)

    def tick(self) -> int:
        self.frame += 1
        assert self.stepped.wait(LONG_S)
        if self.error is not None:
            raise self.error
        return self.frame


class Client:
    """Has a world, and Traffic Managers that do nothing."""

    def __init__(self) -> None:
        self.world = World()

    def get_world(self) -> World:
        return self.world

    def get_trafficmanager(self, port: int) -> Manager:
        return Manager()


class Manager:
    def set_synchronous_mode(self, mode: bool) -> None:
        pass

    def shut_down(self) -> None:
        pass


@dataclass
class Stand:
    client: Client
    managers: TrafficManagers
    ticks: OwnTicks

    @property
    def world(self) -> World:
        return self.client.world


@pytest.fixture
def stand() -> Iterator[Stand]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client, line = Client(), Lifeline("127.0.0.1", server.getsockname()[1])
        managers = TrafficManagers(client)  # type: ignore[arg-type]
        ticks = OwnTicks(client, "here", line, managers)  # type: ignore[arg-type]
        yield Stand(client, managers, ticks)
        client.world.stepped.set()
        ticks.close()
        line.close()
        managers.shut_down()


def test_the_state_is_there_while_traffic_managers_step(stand: Stand) -> None:
    stand.managers.open(1)
    for frame in (8, 9):
        stand.world.stepped.clear()
        assert stand.ticks.begin(None).frame == frame
        assert not stand.world.stepped.is_set()
        stand.world.stepped.set()
        stand.ticks.end()
    stand.ticks.end()


def test_without_a_traffic_manager_a_tick_is_over_when_it_is_told(stand: Stand) -> None:
    threading.Timer(0.05, stand.world.stepped.set).start()
    assert stand.ticks.begin(None).frame == 8
    assert stand.world.stepped.is_set()


def test_what_a_tick_raises_comes_at_its_end(stand: Stand) -> None:
    stand.managers.open(1)
    stand.world.error = RuntimeError("time-out of 10000ms")
    assert stand.ticks.begin(None).frame == 8
    stand.world.stepped.set()
    with pytest.raises(ProtocolError, match="here did not finish a tick: time-out"):
        stand.ticks.end()
    stand.ticks.end()


def test_what_a_tick_raises_before_its_state_comes_at_once(stand: Stand) -> None:
    stand.world.error = RuntimeError("time-out of 10000ms")
    stand.world.stepped.set()
    with pytest.raises(ProtocolError, match="here did not finish a tick: time-out"):
        stand.ticks.begin(None)
    stand.world.error = None
    assert stand.ticks.begin(None).frame == 9


class Watch:
    """Says what it is asked to, in what order; ``wrong`` raises there."""

    def __init__(self, world: World, wrong: str = "") -> None:
        self._world, self._wrong = world, wrong
        self.asked: list[str] = []

    def _look(self, what: str) -> None:
        self.asked.append(what)
        if what == self._wrong:
            raise ProtocolError(f"another client: {what}")

    def before_tick(self, world: World) -> None:
        if self._wrong == "before":  # while another client steps the world
            world.frame += 1
        self._look("before")

    def after_tick(self, world: World, frame: int, snapshot: Snapshot) -> None:
        assert frame == snapshot.frame == 8
        self._look("after")

    def at_end(self, world: World, frame: int) -> None:
        assert frame == 8
        self._look("end")


def test_a_state_is_compared_before_it_is_told(stand: Stand) -> None:
    stand.managers.open(1)
    watch: Any = Watch(stand.world)
    assert stand.ticks.begin(watch).frame == 8
    assert watch.asked == ["before", "after"]
    stand.world.stepped.set()
    stand.ticks.end()
    assert watch.asked == ["before", "after", "end"]


@pytest.mark.parametrize("wrong", ["before", "after", "end"])
def test_what_another_client_did_is_said_where_it_shows(stand: Stand, wrong: str) -> None:
    stand.managers.open(1)
    watch: Any = Watch(stand.world, wrong)
    if wrong == "end":
        stand.ticks.begin(watch)
    stand.world.stepped.set()
    with pytest.raises(ProtocolError, match=f"another client: {wrong}"):
        stand.ticks.end() if wrong == "end" else stand.ticks.begin(watch)


def test_who_begins_again_waits_for_the_tick_before(stand: Stand) -> None:
    stand.managers.open(1)
    stand.ticks.begin(None)
    threading.Timer(0.05, stand.world.stepped.set).start()
    assert stand.ticks.begin(None).frame == 9
    assert stand.world.stepped.is_set()


def test_closing_lets_a_tick_end(stand: Stand) -> None:
    stand.managers.open(1)
    stand.world.error = RuntimeError("time-out of 10000ms")
    stand.ticks.begin(None)
    stand.world.stepped.set()
    stand.ticks.close()
    stand.ticks.end()
