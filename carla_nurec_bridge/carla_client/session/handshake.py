"""Who answers at a CARLA server's port, asked before CARLA's client library is let near it.

The library ends the whole process (std::terminate) on answers of another generation of CARLA, and
asking its version through the library already opens a connection; the question is one msgpack-rpc
message, so it is asked here.
"""

from __future__ import annotations

import re
import socket
import time
from typing import Any

import msgpack

from ...core.errors import BridgeError, DeadlineError, ProtocolError

_VALUE = 1  # in CARLA's answers a variant: 0 an error, 1 the value
_RELEASE = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?!\d)")
_COMMIT = re.compile(r"[0-9a-f]{7,40}(-dirty)?")
_OTHER_FORM = "std::bad_cast"
_MISSING_ACTOR = re.compile(r"[Aa]ctor (\d+ not found|could not be found|is missing)")
_UNKNOWN_CALL = re.compile(r"rpc::rpc_error during call in function (\w+)")
_TOGETHER = {"0.9.15", "0.9.16"}
_SYNCHRONOUS = [False]
"""What the client library sends first with every call that waits for its answer."""
_LARGEST = 1 << 16
_SHORTEST_S = 0.001
_LOOK_S = 1.0


def is_gone(host: str, port: int) -> bool:
    """Say whether a server has ended: its machine answers that nobody listens at the port."""
    try:
        socket.create_connection((host, port), _LOOK_S).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


class SilentError(BridgeError):
    """Somebody listens and has not answered; it may yet, when it has started."""


def ask_version(host: str, port: int, timeout_s: float) -> str | None:
    """Return the version that a CARLA server says it has, None when nobody listens.

    SilentError when no answer comes within ``timeout_s``, or the connection is closed;
    ProtocolError when the answer is none that CARLA gives.
    """
    try:
        connection = socket.create_connection((host, port), timeout_s)
    except OSError:
        return None
    with connection:
        try:
            return _answer(connection, f"{host}:{port}", time.monotonic() + timeout_s)
        except OSError as error:
            raise SilentError(f"it did not answer when asked for its version: {error}") from error


def _answer(connection: socket.socket, where: str, deadline_s: float) -> str:
    connection.sendall(msgpack.packb([0, 0, "version", [_SYNCHRONOUS]]))
    heard = b""
    while True:
        connection.settimeout(max(deadline_s - time.monotonic(), _SHORTEST_S))
        part = connection.recv(4096)
        if not part:
            raise SilentError("it closed the connection when asked for its version")
        heard += part
        unpacker = msgpack.Unpacker()
        unpacker.feed(heard)
        try:
            message = next(unpacker, None)
        except (ValueError, msgpack.UnpackException):
            raise _stranger(where, repr(heard[:40])) from None
        if message is not None:
            return _version_in(message, where, heard)
        if len(heard) > _LARGEST:
            raise _stranger(where, repr(heard[:40]))


def _version_in(message: Any, where: str, heard: bytes) -> str:
    match message:
        case [1, 0, None, [[int(kind), str(version)]]] if kind == _VALUE:
            if _RELEASE.match(version) or _COMMIT.fullmatch(version):
                return version
            raise _stranger(where, f"the version {version[:60]!r}")
        case _:
            raise _stranger(where, repr(heard[:40]))


def _stranger(where: str, answer: str) -> ProtocolError:
    return ProtocolError(
        f"the server at {where} answers, but not as CARLA does: asked for its version it sent "
        f"{answer}; is the port CARLA's?"
    )


def check_versions(where: str, server: str, client: str) -> str:
    """Compare the server's version with the client library's; return a note, mostly empty.

    ProtocolError, with what to install, when they are of two generations (0.9 and 0.10): the
    library would end the process. Two releases of one generation get a note, which vouches only
    for those that are known to go together.
    """
    if server == client:
        return ""
    mine, theirs = _RELEASE.match(client), _RELEASE.match(server)
    both = f"CARLA at {where} is {server}, the client library installed here is {client}"
    if mine is None or theirs is None:
        return f"{both}; whether they understand each other cannot be told from that"
    release = ".".join(number for number in theirs.groups() if number is not None)
    if mine.group(1, 2) != theirs.group(1, 2):
        raise ProtocolError(
            f"{both}: they do not understand each other; install the server's client "
            f"({how_to_get(release)}) or start a CARLA {client}"
        )
    if mine.groups() == theirs.groups():
        return ""
    pair = {".".join(found.groups(default="")) for found in (mine, theirs)}
    known = "they work together" if pair == _TOGETHER else "they may not fit"
    return f"{both}; {known}, and pip install carla=={release} makes them equal"


def words_for(error: str, server: str, note: str) -> str:
    """Return in words what the client library raises when a call fails; others as they are.

    ``server`` is the version that the server says it has, ``note`` what ``check_versions`` said.
    """
    reason = note or (
        f"it says that it is {server}, as the library here; was it built from other sources, or "
        "does something on the way change what it sends?"
    )
    if error == _OTHER_FORM:
        return (
            f"it answered a call in another form than the client library knows ({error}): {reason}"
        )
    unknown = _UNKNOWN_CALL.fullmatch(error)
    if unknown is not None:
        return f"it has no call {unknown[1]}, or failed in it ({error}): {reason}"
    if _MISSING_ACTOR.search(error) is not None:
        error = f"{error}; did another client destroy it?"
    return f"{error} ({note})" if note else error


def nobody(where: str, deadline_s: float, trouble: Exception | None) -> DeadlineError:
    """Return the error for an address where no CARLA answered; ``trouble`` is what did."""
    if trouble is None:
        return DeadlineError(
            f"no CARLA server answered at {where} within {deadline_s:g} s; "
            "is it running, and is the port right?"
        )
    return DeadlineError(
        f"somebody listens at {where}, but did not answer as a CARLA server within "
        f"{deadline_s:g} s: {trouble}; is the port right, and has the server started?"
    )


def how_to_get(release: str) -> str:
    """Return how to get the client of a release: those before 0.10 are on PyPI by that name."""
    if release.startswith("0.9."):
        return f"pip install carla=={release}"
    return "the wheel that comes with the server, in its PythonAPI folder"
