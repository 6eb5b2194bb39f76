"""The HTTP client below the openai client, with an end to every reply: in time and in size."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import openai

from ....core.machine.certificates import trusted

_MOST_BYTES = 8 << 20


class CutShort(Exception):
    """A reply that broke off, or went on for too long."""


class BoundedClient(openai.DefaultHttpxClient):
    """Reads replies until ``ends_at`` (monotonic clock, s), and up to 8 MiB of each.

    Servers that send a byte now and then never run into a timeout of reading.
    """

    def __init__(self, ends_at: float, **options: Any) -> None:
        super().__init__(verify=trusted(), **options)
        self._ends_at = ends_at

    def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
        """Send a request; the reply is read within the bounds, at once or as a stream."""
        response = super().send(request, stream=True, **options)
        response.stream = _bounded(response.stream, self._ends_at)
        if not stream:
            try:
                response.read()
            except BaseException:
                response.close()
                raise
        return response


def transport_errors() -> tuple[type[Exception], ...]:
    """Return what the library below the openai client raises when a connection fails."""
    owner = next(c for c in openai.DefaultHttpxClient.__mro__ if c.__name__ == "Client")
    library = sys.modules[owner.__module__.partition(".")[0]]
    return (library.TransportError, CutShort)


def _bounded(stream: Any, ends_at: float) -> Any:
    """Return a byte stream of the library's own kind that ends where it must."""
    kind = next(c for c in type(stream).__mro__ if c.__name__ == "SyncByteStream")

    class Bounded(kind):  # type: ignore[misc, valid-type]
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in stream:
                size += len(chunk)
                if size > _MOST_BYTES:
                    raise CutShort(f"the reply is longer than {_MOST_BYTES >> 20} MiB")
                if time.monotonic() > ends_at:
                    raise CutShort("the reply did not end in time")
                yield chunk

        def close(self) -> None:
            stream.close()

    return Bounded()
