"""One remote call: under way, waited for, repeated where that can help."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

_BACKOFF_S = (0.5, 2.0)
_ONCE = frozenset({"edit_assets", "shut_down"})
"""Methods that must not be done twice: the first try may have been done and its reply lost."""

# NuRec's front end reports these conditions of its back end as UNKNOWN; both pass.
_PASSING_TEXTS = ("A load persistent id instruction was encountered", "Stopped waiting for backend")


@dataclass(frozen=True)
class Deadlines:
    """Seconds to wait; a server's first picture of a scene, or by a lens, may take minutes.

    A deadline holds for a call with all its repetitions. Renders that are under way at once add
    theirs up: each may take as long as if they had been asked for one after the other.
    ``serving_s`` is how long the first render waits for a server whose health is NOT_SERVING.
    """

    connect_s: float = 20.0
    call_s: float = 30.0
    first_render_s: float = 300.0
    serving_s: float = 300.0


class PendingCall:
    """A call that was started; ``result`` waits for it, repeating what failed in passing."""

    def __init__(
        self,
        method: grpc.UnaryUnaryMultiCallable[Any, Any],
        name: str,
        request: Any,
        limit_s: float,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Start the call of ``method``, whose name in the contract is ``name``.

        ``limit_s`` bounds it with all repetitions; ``metadata`` are its headers.
        """
        self._method = method
        self._request = request
        self._metadata = tuple(metadata)
        self._ends_at = time.monotonic() + limit_s
        self._waits = () if name in _ONCE else _BACKOFF_S
        self._call = self._start()

    @property
    def done(self) -> bool:
        """Whether the server has answered, or the call has failed; the wait may yet repeat it."""
        return bool(self._call.done())

    def on_done(self, call: Callable[[], None]) -> None:
        """Have ``call`` called, by a thread of gRPC, once it is ``done``; at once if it is."""
        self._call.add_done_callback(lambda _: call())

    def result(self) -> Any:
        """Return the reply; grpc.RpcError of the last try otherwise."""
        for wait_s in self._waits:
            try:
                return self._call.result()
            except grpc.RpcError as error:
                if not is_transient(error) or time.monotonic() + wait_s >= self._ends_at:
                    raise
            time.sleep(wait_s)
            self._call = self._start()
        return self._call.result()

    def _start(self) -> Any:
        left_s = max(self._ends_at - time.monotonic(), 0.001)
        return self._method.future(self._request, timeout=left_s, metadata=self._metadata)


def is_transient(error: grpc.RpcError) -> bool:
    """Tell whether the same call may succeed a moment later.

    UNAVAILABLE may; RESOURCE_EXHAUSTED (GPU full, message too large) and DEADLINE_EXCEEDED would
    only make matters worse.
    """
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return True
    details = error.details() or ""
    return error.code() is grpc.StatusCode.UNKNOWN and any(t in details for t in _PASSING_TEXTS)


def failure_text(error: grpc.RpcError) -> str:
    """Return a failed call's status and reason in one line."""
    detail = " ".join((error.details() or "no reason given").split())
    return f"{error.code().name}: {detail}"
