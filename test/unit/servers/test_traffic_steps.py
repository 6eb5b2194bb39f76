"""Ticks keep off the steps of Traffic Managers, and lost steps are signalled again.

Times are given, nothing here waits for a clock but for a thread to have been started.
"""

from __future__ import annotations

import math
import queue
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from carla_nurec_bridge.servers.carla import server, traffic_steps
from carla_nurec_bridge.servers.carla.calls.connection import RpcConnection
from carla_nurec_bridge.servers.carla.traffic_steps import (
    AFTER,
    FIRST,
    LAST,
    MOST_SIGNALS,
    PATIENCE_S,
    TrafficSteps,
)

if TYPE_CHECKING:
    from conftest import World

PAUSE_S = 0.002
DRIVER, OTHER = 1, 2
PORT = 8000


@pytest.fixture
def steps() -> TrafficSteps:
    """Return two clients, the first of which has a Traffic Manager."""
    steps = TrafficSteps(PAUSE_S)
    steps.join(DRIVER, "10.0.0.5")
    steps.join(OTHER, "10.0.0.6")
    steps.heard(DRIVER, traffic_steps.OPENS, [["127.0.0.1", PORT]], 0.0)
    return steps


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> queue.Queue[tuple[str, int]]:
    """Return what is signalled again, instead of a Traffic Manager."""
    given: queue.Queue[tuple[str, int]] = queue.Queue()
    monkeypatch.setattr(traffic_steps, "signal_again", lambda host, port: given.put((host, port)))
    return given


def step(steps: TrafficSteps, now_s: float, client: int = DRIVER) -> None:
    """Let a Traffic Manager make the calls of one step."""
    for call in (FIRST, "get_weather_parameters", LAST, AFTER):
        steps.heard(client, call, [], now_s)


def test_a_tick_waits_until_the_thread_that_stepped_sleeps(steps: TrafficSteps) -> None:
    assert steps.tick_from_s(5.0) <= 5.0, "nothing stepped yet"
    steps.heard(DRIVER, FIRST, [], 5.0)
    steps.heard(DRIVER, LAST, [], 5.0005)
    assert steps.tick_from_s(5.0006) == pytest.approx(5.0005 + PAUSE_S)
    steps.heard(DRIVER, AFTER, [], 5.0010)
    assert steps.tick_from_s(5.0006) == pytest.approx(5.0010 + PAUSE_S)
    assert steps.tick_from_s(9.0) < 9.0, "whoever takes longer between ticks is not held up"


def test_settings_read_over_and_over_hold_no_tick_up(steps: TrafficSteps) -> None:
    step(steps, 5.0)
    for later in range(100):
        steps.heard(DRIVER, AFTER, [], 5.001 + 1e-4 * later)
    assert steps.tick_from_s(5.001) == pytest.approx(5.0 + PAUSE_S)


def test_a_traffic_manager_that_never_rests_holds_a_tick_up_no_longer_than_two_pauses(
    steps: TrafficSteps,
) -> None:
    for later in range(100):
        step(steps, 5.0 + 1e-4 * later)
    assert steps.tick_from_s(5.0) == pytest.approx(5.0 + 2.0 * PAUSE_S)


@pytest.mark.parametrize("ends", ["destroyed", "left", "never there"])
def test_without_a_traffic_manager_no_tick_waits(steps: TrafficSteps, ends: str) -> None:
    if ends == "destroyed":
        steps.heard(DRIVER, traffic_steps.CLOSES, [PORT], 1.0)
    else:
        steps.leave(DRIVER)
    if ends == "never there":
        steps = TrafficSteps(PAUSE_S)
    steps.join(3, "10.0.0.7")
    step(steps, 5.0, client=3)
    assert steps.tick_from_s(5.0) <= 5.0


def test_calls_of_a_client_without_steps_hold_nothing_up(steps: TrafficSteps) -> None:
    for call in (LAST, AFTER, LAST, "get_actors_by_id"):
        steps.heard(OTHER, call, [], 5.0)
    assert steps.tick_from_s(5.0) <= 5.0


def test_a_step_that_does_not_come_is_signalled_again(
    steps: TrafficSteps, signals: queue.Queue[tuple[str, int]]
) -> None:
    steps.ticked(DRIVER, 1.0)
    step(steps, 1.1)
    assert steps.seconds_until_lost(1.2) == math.inf
    steps.ticked(DRIVER, 2.0)
    assert steps.seconds_until_lost(2.0) == pytest.approx(PATIENCE_S)
    steps.wake_lost(2.0 + 0.9 * PATIENCE_S)
    assert signals.empty()
    steps.wake_lost(2.1 + PATIENCE_S)
    assert signals.get(timeout=250) == ("10.0.0.5", PORT), "where the client called from"
    step(steps, 2.2 + PATIENCE_S)
    assert steps.seconds_until_lost(9.0) == math.inf


def test_signals_end_when_nothing_helps(
    steps: TrafficSteps, signals: queue.Queue[tuple[str, int]]
) -> None:
    steps.ticked(DRIVER, 1.0)
    step(steps, 1.1)
    steps.ticked(DRIVER, 2.0)
    for later in range(3 * MOST_SIGNALS):
        steps.wake_lost(4.0 + 2.0 * PATIENCE_S * later)
    given = [signals.get(timeout=250) for _ in range(MOST_SIGNALS)]
    assert given == [("10.0.0.5", PORT)] * MOST_SIGNALS
    assert steps.seconds_until_lost(99.0) == math.inf


def test_each_of_a_clients_traffic_managers_must_step(
    steps: TrafficSteps, signals: queue.Queue[tuple[str, int]]
) -> None:
    steps.heard(DRIVER, traffic_steps.OPENS, [["127.0.0.1", PORT + 1]], 0.0)
    steps.ticked(DRIVER, 1.0)
    step(steps, 1.1)
    step(steps, 1.2)
    steps.ticked(DRIVER, 2.0)
    step(steps, 2.1)
    steps.wake_lost(2.1 + PATIENCE_S)
    assert {signals.get(timeout=250)[1] for _ in range(2)} == {PORT, PORT + 1}


def test_an_asynchronous_traffic_manager_is_left_alone(
    steps: TrafficSteps, signals: queue.Queue[tuple[str, int]]
) -> None:
    for now_s in (1.0, 2.0, 3.0):
        steps.ticked(DRIVER, now_s)
        step(steps, now_s)
        for _ in range(100):
            steps.heard(DRIVER, AFTER, [], now_s + 0.1)
    assert steps.tick_from_s(3.0) < 3.0
    steps.ticked(DRIVER, 4.0)
    steps.wake_lost(4.1 + PATIENCE_S)
    assert steps.seconds_until_lost(9.0) == math.inf
    assert signals.empty()


def test_ticks_of_others_ask_for_no_step(
    steps: TrafficSteps, signals: queue.Queue[tuple[str, int]]
) -> None:
    steps.ticked(DRIVER, 1.0)
    step(steps, 1.1)
    steps.ticked(OTHER, 2.0)
    assert steps.seconds_until_lost(2.0) == math.inf
    steps.ticked(DRIVER, 3.0)
    assert steps.seconds_until_lost(3.0) == pytest.approx(PATIENCE_S)
    steps.leave(DRIVER)
    assert steps.seconds_until_lost(3.0) == math.inf


def test_a_traffic_manager_of_another_process_is_stepped_too(
    steps: TrafficSteps, signals: queue.Queue[tuple[str, int]]
) -> None:
    steps.ticked(OTHER, 1.0)
    step(steps, 1.1)
    assert steps.tick_from_s(1.1) == pytest.approx(1.1 + PAUSE_S)
    steps.ticked(OTHER, 2.0)
    steps.wake_lost(2.1 + PATIENCE_S)
    assert signals.get(timeout=250) == ("10.0.0.5", PORT)


def test_calls_are_answered_while_their_clients_tick_is_held(world: World) -> None:
    assert server.HANDLERS, "their import registers the calls"
    simulation = world.simulation
    simulation.steps = TrafficSteps(pause_s=3600.0)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    caller = RpcConnection(ours, "127.0.0.1", simulation)
    heard = msgpack.Unpacker()

    def ask(*calls: list[Any]) -> list[int]:
        """Send calls at once; return the numbers of those that were answered."""
        theirs.sendall(b"".join(msgpack.packb([0, *call]) for call in calls))
        assert caller.receive()
        return answered()

    def answered() -> list[int]:
        theirs.settimeout(0.2)
        with suppress(TimeoutError):
            heard.feed(theirs.recv(1 << 20))
        return [number for _, number, error, _ in heard if error is None]

    frame = simulation.episode.frame
    opened = ask([1, traffic_steps.OPENS, [[False], ["127.0.0.1", PORT]]])
    stepped = ask(
        [2, FIRST, [[False]]],
        [3, LAST, [[False], [], False]],
        [4, "tick_cue", [[False]]],
        [5, AFTER, [[False]]],
    )
    assert (opened, stepped) == ([1], [2, 3, 5])
    assert (caller.holds_tick, simulation.episode.frame) == (True, frame)
    assert ask([6, "version", [[False]]]) == [6]
    simulation.steps.leave(caller.number)
    simulation.steps.join(caller.number, "127.0.0.1")
    assert caller.answer_held_ticks() == math.inf
    assert (answered(), simulation.episode.frame) == ([4], frame + 1)
    simulation.clients.leave(caller.number)
    simulation.traffic_managers.clear()
    simulation.steps = TrafficSteps()
    ours.close()
    theirs.close()
