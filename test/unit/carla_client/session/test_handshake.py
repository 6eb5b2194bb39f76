"""Servers of another generation, and what is none, are told before the library connects."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
import pytest

pytest.importorskip("carla")
from carla_nurec_bridge.carla_client.session import session as session_module
from carla_nurec_bridge.carla_client.session.handshake import (
    SilentError,
    ask_version,
    check_versions,
    words_for,
)
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.core.errors import DeadlineError, ProtocolError

_S = 10.0


class Stub:
    """A server that answers every call with ``answer(name)``; ``calls`` are their names."""

    def __init__(self, answer: Callable[[str], Any]) -> None:
        self.calls: list[str] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        unpacker = msgpack.Unpacker(strict_map_key=False)
        with peer:
            while data := peer.recv(1 << 16):
                unpacker.feed(data)
                for _, number, name, _ in unpacker:
                    self.calls.append(name)
                    answer = self._answer(name)
                    if answer is None:
                        return
                    if not isinstance(answer, bytes):
                        answer = msgpack.packb([1, number, None, [[1, answer]]])
                    peer.sendall(answer)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def stub(answer: Callable[[str], Any]) -> Iterator[Stub]:
    made = Stub(answer)
    try:
        yield made
    finally:
        made.close()


def generation(version: str) -> Callable[[str], Any]:
    """Answer as a server of that version, whose episodes look otherwise."""
    return lambda name: version if name == "version" else [7, bytes(24), 1.0, "ue5"]


@pytest.mark.parametrize("version", ["0.10.0", "1.0.0", "0.8.4", "0.10.0-dirty", "v0.10.0"])
def test_another_generation_is_refused_before_anything_else_is_asked(version: str) -> None:
    with stub(generation(version)) as server, Session("127.0.0.1", server.port, _S) as session:
        with pytest.raises(ProtocolError) as refused:
            session.open(_S)
        assert server.calls == ["version"]
    text = str(refused.value)
    assert version in text
    assert "0.9.1" in text  # the client's own
    assert "(the wheel that comes with the server, in its PythonAPI folder)" in text


@pytest.mark.parametrize(
    ("server", "client", "words"),
    [
        ("0.9.16", "0.9.16", ""),
        ("a1b2c3d-dirty", "a1b2c3d-dirty", ""),
        ("0.9.16-dirty", "0.9.16", ""),
        ("0.9.15", "0.9.16", "work together, and pip install carla==0.9.15"),
        ("0.9.16", "0.9.15", "work together, and pip install carla==0.9.16"),
        ("0.9.14", "0.9.16", "may not fit, and pip install carla==0.9.14"),
        ("0.9.16", "0.9.17", "may not fit, and pip install carla==0.9.16"),
        ("0.9.15-dirty", "0.9.16", "work together, and pip install carla==0.9.15"),
        ("a1b2c3d", "0.9.16", "cannot be told"),
    ],
)
def test_one_generation_goes_together_with_a_note(server: str, client: str, words: str) -> None:
    note = check_versions("there:2000", server, client)
    assert words in note
    assert bool(note) == bool(words)
    if note:
        assert server in note
        assert client in note


def _open_and_fail(session: Session) -> None:
    session.open(_S)
    raise RuntimeError("std::bad_cast")  # as the library does where a stream differs


def test_what_fails_between_two_releases_names_both() -> None:
    words = r"in another form .*\(std::bad_cast\): .* is 0\.9\.14, .* is 0\.9\.1.*may not fit"
    with (
        stub(generation("0.9.14")) as server,
        pytest.raises(ProtocolError, match=words),
        Session("127.0.0.1", server.port, _S) as session,
    ):
        _open_and_fail(session)


def test_what_fails_between_equal_releases_is_said_in_words_too() -> None:
    said = words_for("std::bad_cast", "0.9.16", "")
    assert "in another form than the client library knows" in said
    assert "it says that it is 0.9.16, as the library here; was it built from other sources" in said
    said = words_for("rpc::rpc_error during call in function get_map_data", "0.9.16", "")
    assert said.startswith("it has no call get_map_data, or failed in it (rpc::rpc_error")
    assert words_for("time-out of 5000ms", "0.9.16", "") == "time-out of 5000ms"
    for missing in ("actor 17 not found", "Actor could not be found in the registry"):
        assert "did another client destroy it?" in words_for(missing, "0.9.16", "")


@pytest.mark.parametrize(
    "answer",
    [
        7,
        [],
        "",
        "hello",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"\xc1\xc1",
        msgpack.packb([1, 0, "no such function", None]),
        msgpack.packb([1, 0, None, [[0, ["an error"]]]]),
    ],
)
def test_who_answers_otherwise_is_no_carla(answer: Any) -> None:
    with stub(lambda _: answer) as server, Session("127.0.0.1", server.port, _S) as session:
        with pytest.raises(ProtocolError, match="answers, but not as CARLA does: .* it sent "):
            session.open(_S)
        assert server.calls == ["version"]


def test_who_answers_nothing_is_told_with_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_RETRY_S", 0.0)
    with (
        stub(lambda _: None) as server,
        Session("127.0.0.1", server.port, _S) as session,
        pytest.raises(DeadlineError, match="somebody listens .* closed the connection"),
    ):
        session.open(0.0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        with pytest.raises(SilentError, match="timed out"):
            ask_version("127.0.0.1", deaf.getsockname()[1], 0.05)
        port = deaf.getsockname()[1]
    with (
        Session("127.0.0.1", port, _S) as session,
        pytest.raises(DeadlineError, match="no CARLA server answered"),
    ):
        session.open(0.0)


def test_a_server_that_starts_late_is_waited_for() -> None:
    answers = iter([None, None, "0.10.0"])
    with stub(lambda _: next(answers)) as server, Session("127.0.0.1", server.port, _S) as session:
        with pytest.raises(ProtocolError, match="is 0.10.0"):
            session.open(60.0)
        assert server.calls == ["version"] * 3


@pytest.mark.ros
def test_carla_ego_ends_in_one_sentence() -> None:
    pytest.importorskip("rclpy")
    with stub(generation("0.10.0")) as server:
        argv = [sys.executable, "-m", "carla_nurec_bridge.nodes.carla_ego", "--ros-args"]
        done = subprocess.run(
            [*argv, "-p", f"carla.port:={server.port}"],
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
        assert server.calls == ["version"]
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("carla_ego: error: CARLA at 127.0.0.1:")
    assert "install the server's client (the wheel that comes with the server" in line
