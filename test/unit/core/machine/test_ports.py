"""Ports and ROS domains are free when they are given out, and again once they are given back."""

from __future__ import annotations

import errno
import os
import random
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import DeadlineError, RunError
from carla_nurec_bridge.core.machine import ports
from carla_nurec_bridge.core.machine.ports import free_port, held_address, held_domain, held_port


def first_participant(domain: int) -> tuple[str, int]:
    """Where the first participant of a domain hears of others (DDSI-RTPS 2.5, 9.6.2.3)."""
    return "127.0.0.1", 7400 + 250 * domain + 10


def test_a_domain_is_nobodys_else_until_it_is_left() -> None:
    with (
        held_domain() as domain,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        pytest.raises(OSError, match="in use"),
    ):
        other.bind(first_participant(domain))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(first_participant(domain))


def test_no_domain_is_given_twice_and_their_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_DOMAINS", range(70, 74))
    held: list[int] = []
    with ExitStack() as stack:
        for _ in range(4):
            with suppress(RunError):  # a program beside the tests may hold one
                held.append(stack.enter_context(held_domain()))
        assert len(set(held)) == len(held) > 0
        with pytest.raises(RunError, match="every ROS domain from 70 to 73"):
            stack.enter_context(held_domain())


def test_a_pair_of_ports_can_be_listened_on() -> None:
    port = free_port(pair=True)
    with socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", port + 1)):
        pass


def test_a_held_port_is_found_by_nobody_and_can_be_listened_on(monkeypatch) -> None:
    first = free_port(pair=True)
    monkeypatch.setattr(ports, "given_out", lambda: range(first, first + 1))
    monkeypatch.setattr(ports, "_KEPT_S", -1.0)
    told = rf"no free TCP ports from {first} to {first} on this machine; end a program"
    with pytest.raises(RunError, match=told), held_port():
        pass  # it was given out just now
    ports._kept.clear()
    with held_port() as port:
        assert port == first
        with pytest.raises(RunError, match="no free TCP ports"):
            free_port()
        with socket.create_server(("127.0.0.1", port)):
            pass
    assert free_port() == first
    assert free_port() == first  # the time of the first one is over
    monkeypatch.setattr(ports, "_KEPT_S", 300.0)
    with pytest.raises(RunError, match="no free TCP ports"):
        free_port()


def test_programs_with_the_same_seed_look_at_other_ports() -> None:
    """Whose numbers are those of others only finds ports that these hold."""
    found = []
    for _ in range(4):
        random.seed(1)
        with held_port() as port:
            found.append(port)
    assert len(set(found)) > 1


def test_what_keeps_from_looking_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(socket.socket, "bind", refused)
    for held in (held_port, held_domain, lambda: held_address("127.0.0.1", 2000, 1.0)):
        with pytest.raises(RunError, match="Too many open files"), held():
            pass


@pytest.mark.parametrize(
    ("outgoing", "ports_given"),
    [
        ("32768\t60999\n", range(20_000, 32_000)),
        ("15000\t65000\n", range(11_000, 15_000)),
        ("22000\t65000\n", range(18_000, 22_000)),
        ("1024\t65535\n", range(20_000, 32_000)),
        ("none", range(20_000, 32_000)),
    ],
)
def test_ports_lie_below_those_of_outgoing_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outgoing: str, ports_given: range
) -> None:
    monkeypatch.setattr(ports, "_OUTGOING", tmp_path / "range")
    (tmp_path / "range").write_text(outgoing)
    assert ports.given_out() == ports_given


def test_somebody_elses_server_is_used_by_one_run_at_a_time() -> None:
    with held_address("127.0.0.1", 2000, 0.0):
        with (
            pytest.raises(DeadlineError, match=r"another run has used 127\.0\.0\.1:2000 for 0 s"),
            held_address("127.0.0.1", 2000, 0.0),
        ):
            pass
        with held_address("127.0.0.1", 2001, 0.0):
            pass
    with held_address("127.0.0.1", 2000, 0.0):
        pass
