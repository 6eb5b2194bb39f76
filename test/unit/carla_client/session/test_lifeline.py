"""Calls that wait for a server: what they raise, its end, and a signal meanwhile."""

from __future__ import annotations

import _thread
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("carla")
from carla_nurec_bridge.carla_client.session import lifeline as module
from carla_nurec_bridge.carla_client.session.lifeline import Lifeline
from carla_nurec_bridge.core.errors import ProtocolError


def test_results_and_errors_come_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = Lifeline("127.0.0.1", server.getsockname()[1])
        assert line.call(lambda: 7) == 7
        with pytest.raises(RuntimeError, match="time-out"):
            line.call(lambda: (_ for _ in ()).throw(RuntimeError("time-out")))
        assert line.call(threading.get_ident) != threading.get_ident()
        line.check()
        line.close()
        line.close()


def test_a_server_that_ends_is_told_while_a_call_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.01)
    never = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    line = Lifeline("127.0.0.1", port)

    def work() -> None:
        server.close()
        never.wait(60.0)

    with pytest.raises(ProtocolError, match=rf"127.0.0.1:{port} has ended"):
        line.call(work)
    never.set()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Take SIGINT as Python does; a shell's background jobs are born ignoring it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_reaches_who_waits_and_lets_the_call_finish() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = Lifeline("127.0.0.1", server.getsockname()[1])
        done: list[bool] = []

        def work() -> None:
            _thread.interrupt_main()
            threading.Event().wait(0.2)
            done.append(True)

        with pytest.raises(KeyboardInterrupt):
            line.call(work)
        assert done == [True]
        line.close()
