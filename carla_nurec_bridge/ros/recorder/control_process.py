"""The process that makes the control videos, beside the one that writes the bag.

Both are Python, whose lock lets one thread of a process run at a time: in one process, who writes a
frame of the bag would wait for who draws ten videos of the frame before. The process is forked off
before ROS starts threads. A frame's messages go to it in memory of their own (memfd_create(2)),
which is written once, read where it lies, and freed when no encoder needs it any more; words go
over a socket. It is deaf to signals and ends when the socket does; what it has encoded plays then.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, NoReturn, final

from ...core.errors import BridgeError, DeadlineError, RunError, told
from ...core.machine.interrupts import be_deaf
from ...core.run_contract import heartbeat
from ...core.run_contract.run_summary import RecordedVideo
from ..runtime.malloc import keep_freed_memory
from .control_maker import ControlMaker, ControlOrder
from .control_memory import Piece, memory_of, messages_in

_AHEAD = 2
"""So many frames may lie between the processes."""
_ROOM_S = 60.0
"""Wall time that the encoders may take before they have room for another frame."""
_END_S = 2.0
"""Wall time that the process has to end before it is killed."""
_LONGEST_WORD = 1 << 17


class _Frame(NamedTuple):
    """A frame whose pieces (key, type, size) lie in the file that comes along."""

    number: int
    stamp_ns: int
    pieces: tuple[tuple[str, str, int], ...]


class _Close(NamedTuple):
    """End the videos by a time of the clock that both ends read (time.monotonic)."""

    ends_s: float


class _Ready(NamedTuple):
    pass


class _Taken(NamedTuple):
    pass


class _Warning(NamedTuple):
    text: str


class _Failure(NamedTuple):
    kind: type[BridgeError]
    text: str


class _Done(NamedTuple):
    videos: dict[str, RecordedVideo]
    failure: _Failure | None


@final
class ControlProcess:
    """The process, seen from the recorder; used with ``with``, by one thread at a time."""

    def __init__(self) -> None:
        """Fork it off, before ROS or anything else of this process has begun."""
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._warn: Callable[[str], object] = lambda _: None
        self._ready = False
        self._ahead = 0
        self._done: _Done | None = None
        self._failure: BridgeError | None = None
        self._over = False
        self._ending = ""
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid: int | None = os.fork()
        if self._pid == 0:
            self._socket.close()  # else it would never end
            _become(theirs)
        theirs.close()

    def begin(self, order: ControlOrder, warn: Callable[[str], object]) -> None:
        """Say what videos to make; ``warn`` hears sentences for the user."""
        self._warn = warn
        self._say(order)

    def wait_ready(self, limit_s: float) -> None:
        """Wait until nothing has to be compiled any more before the first frame."""
        unready = "what makes control videos was not ready"
        self._hear_until(lambda: self._ready or self._failure is not None, limit_s, unready)
        self.check()

    def add(self, number: int, stamp_ns: int, pieces: Sequence[Piece]) -> None:
        """Hand over messages of a frame; waits while the encoders have no room.

        Raises what went wrong with an earlier frame.
        """
        self._hear_until(lambda: self._ahead < _AHEAD, _ROOM_S, "no encoder took another frame")
        self.check()
        heads = tuple((piece.key, piece.type, len(piece.data)) for piece in pieces)
        with memory_of(pieces) as memory:
            self._say(_Frame(number, stamp_ns, heads), memory)
        self._ahead += 1

    def close(self, limit_s: float) -> dict[str, RecordedVideo]:
        """Have the videos ended within so much wall time; return them by kind.

        ``check`` then raises what went wrong with some.
        """
        self._say(_Close(time.monotonic() + limit_s))
        unended = "the control videos were not ended"
        self._hear_until(lambda: self._done is not None, limit_s + _END_S / 2, unended)
        assert self._done is not None
        return self._done.videos

    def check(self) -> None:
        """Raise what went wrong with the videos, once."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def end(self) -> None:
        """End the process, which leaves what it has encoded; a second call does nothing."""
        if self._pid is None:
            self._socket.close()
            return
        with self._socket, suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            deadline_s = time.monotonic() + _END_S
            while not self._over and (left_s := deadline_s - time.monotonic()) > 0:
                self._word(left_s)
        if not self._over:
            os.kill(self._pid, signal.SIGKILL)
        self._bury()

    def __enter__(self) -> ControlProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _say(self, word: object, *files: int) -> None:
        self._socket.settimeout(_ROOM_S)
        with suppress(ConnectionError):  # what it said before its end is heard first
            socket.send_fds(self._socket, [pickle.dumps(word)], files)

    def _hear_until(self, true: Callable[[], bool], limit_s: float, failing: str) -> None:
        """Take what the process has said, and what it says until something is true.

        DeadlineError, beginning with ``failing``, when it is not true within ``limit_s``; RunError
        when the process has ended.
        """
        deadline_s = time.monotonic() + limit_s
        while self._hear(0.0):
            pass
        while not true():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0.0:
                raise DeadlineError(f"{failing} within {limit_s:g} s")
            self._hear(left_s)

    def _hear(self, limit_s: float) -> bool:
        """Take one word, waiting for it so long; say whether one came."""
        match self._word(limit_s):
            case _Ready():
                self._ready = True
            case _Taken():
                self._ahead -= 1
            case _Warning(text):
                self._warn(text)
            case _Done(_, failure) as done:
                self._done = done
                self._failure = self._failure or (failure and failure.kind(failure.text))
            case _Failure(kind, text):
                self._failure = self._failure or kind(text)
            case _:
                if self._over:
                    raise RunError(f"the process of the control videos has ended ({self._bury()})")
                return False
        return True

    def _word(self, limit_s: float) -> object:
        """Return the next word; None where none came; ``_over`` tells that none will."""
        self._socket.settimeout(limit_s)
        try:
            data = self._socket.recv(_LONGEST_WORD)
        except (BlockingIOError, TimeoutError):
            return None
        except ConnectionError:
            data = b""
        self._over = not data
        return pickle.loads(data) if data else None

    def _bury(self) -> str:
        """Wait for the process, which ends or has ended; return how it did."""
        pid, self._pid = self._pid, None
        if pid is not None:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            self._ending = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return self._ending


def _become(connection: socket.socket) -> NoReturn:
    """Make videos until the other end of the connection is closed, and end."""
    code = 1
    try:
        be_deaf()
        heartbeat.let_go()
        keep_freed_memory()
        _Work(connection).serve()
        code = 0
    except Exception:  # noqa: BLE001 - the top of this process; of an interrupt nothing is said
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            sys.stderr.flush()
        os._exit(code)


class _Work:
    """What the process does: its end of the connection, and who makes the videos."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._maker: ControlMaker | None = None
        self._failed = False

    def serve(self) -> None:
        """Do what comes until the connection ends."""
        try:
            with suppress(ConnectionError):
                while (request := self._request()) is not None:
                    self._do(*request)
        finally:
            if self._maker is not None:
                self._maker.abandon()

    def _request(self) -> tuple[object, memoryview] | None:
        data, files, _, _ = socket.recv_fds(self._connection, _LONGEST_WORD, 1)
        if not data:
            return None
        content = memoryview(b"")
        for file in files:
            content = memoryview(mmap.mmap(file, 0, prot=mmap.PROT_READ))
            os.close(file)
        return pickle.loads(data), content

    def _do(self, word: object, content: memoryview) -> None:
        """Do what is asked and answer; after a failure no frame is taken, as one would lack."""
        videos: dict[str, RecordedVideo] = {}
        failure = None
        try:
            if isinstance(word, ControlOrder):
                self._maker = ControlMaker(word, lambda text: self._say(_Warning(text)))
            elif isinstance(word, _Frame) and self._maker is not None and not self._failed:
                self._maker.add(word.number, word.stamp_ns, messages_in(content, word.pieces))
            elif isinstance(word, _Close) and self._maker is not None:
                videos = self._maker.close(max(0.0, word.ends_s - time.monotonic()))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - who asked is told
            self._failed, one = True, told(error)
            failure = _Failure(type(one), str(one))
        if isinstance(word, _Close):
            self._say(_Done(videos, failure))
            return
        if failure is not None:
            self._say(failure)
        self._say(_Taken() if isinstance(word, _Frame) else _Ready())

    def _say(self, word: object) -> None:
        self._connection.sendall(pickle.dumps(word))
