"""Sessions of NuRec's temporal harmonizer: opened, kept in order, closed; no picture is changed.

NuRec 26.10 evens out a sequence of pictures by the frames before; a session is one such sequence.
How its messages lay out the session's id is not public. The id of a session is a long random text,
so a request belongs to the session whose id stands in a field that this contract does not know,
whatever the number of that field; clients give a ``HarmonizerSessionId`` back as they got it.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from ...core.errors import RefusalError
from ...nurec.stubs import common_pb2 as common
from ...nurec.stubs import sensorsim_pb2 as sensorsim
from .refusal import Code
from .unknown_fields import UnknownField

_MOST_SESSIONS = 256
_ID_LENGTH = 32
_ID = re.compile(rb"[0-9a-f]{32}")
# Assumed: a HarmonizerSessionId holds the id as a text in its field 1.
_ID_PREFIX = bytes([1 << 3 | 2, _ID_LENGTH])


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frame:
    """One picture of a request: its camera, when its shutter opens, fields that are not known."""

    camera: str
    start_us: int
    unknown: tuple[UnknownField, ...]


@dataclass(eq=False)
class _Session:
    busy: bool = False
    last_us: dict[str, int] = field(default_factory=dict)


class HarmonizerSessions:
    """The open sessions; safe from several threads. Without ``enabled`` none can be opened.

    Of more than 256 the one not used for longest is closed: its client went without closing it.
    """

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._lock = threading.Lock()
        self._open: OrderedDict[bytes, _Session] = OrderedDict()

    def open_harmonizer_session(self, _: common.Empty) -> sensorsim.HarmonizerSessionId:
        """Open a session for one sequence of frames."""
        self._check_enabled()
        name = secrets.token_hex(_ID_LENGTH // 2).encode()
        with self._lock:
            self._open[name] = _Session()
            if len(self._open) > _MOST_SESSIONS:
                self._open.popitem(last=False)
                _log.warning("closed a harmonizer session: %d are open", _MOST_SESSIONS)
        return sensorsim.HarmonizerSessionId.FromString(_ID_PREFIX + name)

    def close_harmonizer_session(self, request: sensorsim.HarmonizerSessionId) -> common.Empty:
        """End a session; NOT_FOUND for one that is not open."""
        with self._lock:
            gone = self._open.pop(request.SerializeToString().removeprefix(_ID_PREFIX), None)
        if gone is None:
            raise _not_open()
        return common.Empty()

    def named_by(self, unknown: UnknownField) -> bytes | None:
        """Return the session's id that a field holds, or None; RefusalError for one not open."""
        name = (unknown.data or b"").removeprefix(_ID_PREFIX)
        if not _ID.fullmatch(name):
            return None
        self._check_enabled()
        with self._lock:
            if name not in self._open:
                raise _not_open()
            self._open.move_to_end(name)
        return name

    @contextmanager
    def drawing(self, frames: Sequence[Frame]) -> Iterator[None]:
        """Hold the sessions of frames while these are drawn, and note them when they are.

        RefusalError unless each camera's frames come one after another, in the order of time.
        NuRec does not refuse such frames: it evens them out by the wrong ones.
        """
        members: dict[bytes, list[Frame]] = {}
        for frame in frames:
            for name in {self.named_by(part) for part in frame.unknown} - {None}:
                assert name is not None
                members.setdefault(name, []).append(frame)
        with ExitStack() as held:
            for name, of_session in members.items():
                held.enter_context(self._held(name, of_session))
            yield

    @contextmanager
    def _held(self, name: bytes, frames: Iterable[Frame]) -> Iterator[None]:
        with self._lock:
            session = self._open.get(name)
            if session is None:
                raise _not_open()
            if session.busy:
                raise RefusalError(
                    Code.FAILED_PRECONDITION,
                    "this harmonizer session still draws a frame; await its reply before the next",
                )
            last_us = dict(session.last_us)
            for frame in frames:
                before_us = last_us.get(frame.camera, -1)
                if frame.start_us <= before_us:
                    raise RefusalError(
                        Code.FAILED_PRECONDITION,
                        f"frame {frame.start_us} us of {frame.camera} does not come after "
                        f"{before_us} us in its harmonizer session; one session is one sequence "
                        "in the order of time",
                    )
                last_us[frame.camera] = frame.start_us
            session.busy = True
        try:
            yield
            session.last_us = last_us
        finally:
            session.busy = False

    def _check_enabled(self) -> None:
        if not self.enabled:
            raise RefusalError(
                Code.FAILED_PRECONDITION,
                "harmonizer sessions need a server that was started with "
                "--enable-harmonizer-temporal",
            )


def _not_open() -> RefusalError:
    return RefusalError(
        Code.NOT_FOUND, "this harmonizer session is not open; it was closed, or is another server's"
    )
