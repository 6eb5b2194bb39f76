"""Ticks kept apart from the steps of clients' Traffic Managers, which else may never wake again.

With a synchronous Traffic Manager ``World.tick`` asks for a tick, sees its frame, signals the
Traffic Manager's thread and waits for its step. That thread falls asleep between steps without
minding signals for an instant (carla-simulator/carla issue 9172): a tick that comes in this very
instant is lost, and ``tick`` never returns. CARLA's ticks are too slow to meet it, ours are not.

Here the steps are seen by their calls. A tick is held back until the thread that stepped last has
had a moment to fall asleep; and a Traffic Manager that does not step after a tick, as it did after
the ticks before, is signalled once more through its own port.
"""

from __future__ import annotations

import logging
import math
import threading
from dataclasses import dataclass, field
from typing import Any

from ...core.machine.traffic_manager_port import signal_again

log = logging.getLogger(__name__)

PAUSE_S = 0.002
PATIENCE_S = 1.0
MOST_SIGNALS = 5
MOST_IDLE_CALLS = 20
"""A synchronous Traffic Manager asks once between steps, an asynchronous one thousands of times."""

FIRST, LAST, AFTER = "get_vehicle_light_states", "apply_batch", "get_episode_settings"
"""Calls of a step in their order; the thread makes the third one before it falls asleep."""
OPENS, CLOSES = "add_traffic_manager_running", "destroy_traffic_manager"


@dataclass(slots=True, eq=False)
class _Client:
    """What a client's Traffic Managers do.

    * next_call: of a step, as far as it has come. idle_calls: since the last step.
    * asynchronous: they step by themselves, asking for the settings over and over meanwhile.
    * ports: those they are on.
    """

    host: str
    next_call: str = FIRST
    idle_calls: int = 0
    asynchronous: bool = False
    ports: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Missing:
    """Steps that should follow a tick: how many, when they count as lost, signals given so far."""

    steps: int
    due_s: float
    signals: int = 0


class TrafficSteps:
    """The steps of all clients' Traffic Managers; clients go by the numbers of ``Clients``."""

    def __init__(self, pause_s: float = PAUSE_S) -> None:
        self._pause_s = pause_s
        self._clients: dict[int, _Client] = {}
        self._last_call_s = -math.inf
        self._ticker = 0
        self._stepped: dict[int, int] = {}
        self._after: dict[int, dict[int, int]] = {}
        self._missing: dict[int, _Missing] = {}

    def join(self, client: int, host: str) -> None:
        """Take note of a client that called from ``host``."""
        self._clients[client] = _Client(host)

    def leave(self, client: int) -> None:
        """Forget a client."""
        for table in (self._clients, self._stepped, self._after, self._missing):
            table.pop(client, None)

    def heard(self, client: int, call: str, arguments: list[Any], now_s: float) -> None:
        """Take note of a client's ``call`` with its ``arguments`` that succeeded at ``now_s``."""
        state = self._clients[client]
        if call == FIRST:
            self._stepped[client] = self._stepped.get(client, 0) + 1
            missing = self._missing.get(client)
            if missing is not None and self._stepped[client] >= missing.steps:
                del self._missing[client]
            state.asynchronous = state.idle_calls > MOST_IDLE_CALLS
            state.next_call, state.idle_calls = LAST, 0
        elif call == state.next_call:
            if not state.asynchronous:
                self._last_call_s = now_s
            state.next_call = AFTER if call == LAST else FIRST
        elif call == AFTER:
            state.idle_calls += 1
        elif call == OPENS:
            state.ports.add(int(arguments[0][1]))
        elif call == CLOSES:
            state.ports.discard(arguments[0])

    def tick_from_s(self, came_s: float) -> float:
        """Return when a tick that was asked for at ``came_s`` may begin."""
        if self._last_call_s < 0.0 or not any(c.ports for c in self._clients.values()):
            return came_s
        return min(self._last_call_s + self._pause_s, came_s + 2.0 * self._pause_s)

    def ticked(self, client: int, now_s: float) -> None:
        """Take note of a tick that a client asked for and that is done."""
        if self._ticker in self._clients:
            self._after[self._ticker] = self._stepped
        self._ticker, self._stepped = client, {}
        self._missing = {
            stepper: _Missing(steps, now_s + PATIENCE_S)
            for stepper, steps in self._after.get(client, {}).items()
            if self._is_stepped(stepper)
        }

    def _is_stepped(self, number: int) -> bool:
        """Say whether a client has Traffic Managers that wait for ticks."""
        client = self._clients.get(number)
        if client is None or not client.ports:
            return False
        return not client.asynchronous and client.idle_calls <= MOST_IDLE_CALLS

    def seconds_until_lost(self, now_s: float) -> float:
        """Return after how long a step that does not come counts as lost; infinite for none."""
        if not self._missing:
            return math.inf
        return min(missing.due_s for missing in self._missing.values()) - now_s

    def wake_lost(self, now_s: float) -> None:
        """Signal again to Traffic Managers whose step does not come."""
        for number, missing in tuple(self._missing.items()):
            if now_s < missing.due_s:
                continue
            if not self._is_stepped(number):
                del self._missing[number]
                continue
            missing.due_s, missing.signals = now_s + PATIENCE_S, missing.signals + 1
            if missing.signals == MOST_SIGNALS:
                del self._missing[number]
            client = self._clients[number]
            for port in sorted(client.ports):
                # The server goes on meanwhile: the step that is waited for makes calls.
                threading.Thread(
                    target=_signal, args=(client.host, port), name="traffic signal", daemon=True
                ).start()


def _signal(host: str, port: int) -> None:
    log.warning(
        "the Traffic Manager on port %d of %s missed the signal of a tick (a defect of CARLA's "
        "client, issue 9172); signalling again",
        port,
        host,
    )
    try:
        signal_again(host, port)
    except OSError as error:
        log.warning("the Traffic Manager on port %d of %s does not answer: %s", port, host, error)
