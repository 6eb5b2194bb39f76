"""The calls that the server knows: argument codecs, form of the answer, and the handler.

The client decodes an answer by its form: void and valued answers differ on the wire, and the
wrong one ends the client's process, so calls that are not served still declare theirs here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ....core.errors import BridgeError, ProtocolError
from ..simulation import Simulation
from ..wire.codecs import Codec

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True)
class Call:
    """One remote call; ``result`` is None for a void one, ``bare`` answers skip the wrapper."""

    name: str
    arguments: tuple[Codec, ...]
    result: Codec | None
    handler: Callable[..., Any] | None
    bare: bool = False
    why: str = ""

    def failure(self, message: str) -> list[Any]:
        """Return the failed answer in this call's form."""
        if self.bare:
            return [[[0, [message]]]]
        return [[True, [message]]] if self.result is None else [[0, [message]]]

    def failures(self, answer: list[Any]) -> list[str]:
        """Return the sentences of what failed, of an answer in this call's form."""
        failed = self.result is None  # the mark of a failed void answer; a valued one's is 0
        responses = answer if self.bare else [answer]
        return [str(body[1][0]) for (body,) in responses if body[0] == failed and len(body) > 1]

    def answer(self, simulation: Simulation, arguments: list[Any]) -> list[Any]:
        """Decode the arguments, run the handler, and return the answer in this call's form."""
        what = f"the call {self.name}"
        with simulation.faults.within(what, "its client is told so") as part:
            return self._answer(simulation, arguments)
        return self.failure(f"{self.name} failed in this server: {part.error!r}")

    def _answer(self, simulation: Simulation, arguments: list[Any]) -> list[Any]:
        if self.handler is None:
            return self.failure(f"{self.name} is not supported by this server: {self.why}")
        try:
            if len(arguments) < len(self.arguments):
                raise ProtocolError(
                    f"{self.name} takes {len(self.arguments)} arguments, got {len(arguments)}"
                )
            values = [
                codec.decode(value) for codec, value in zip(self.arguments, arguments, strict=False)
            ]
            value = self.handler(simulation, *values)
            if self.result is None:
                return [[False]]
            encoded = self.result.encode(value)
        except BridgeError as error:
            return self.failure(str(error))
        return encoded if self.bare else [[1, encoded]]


CALLS: dict[str, Call] = {}


def serve(
    name: str, *arguments: Codec, returns: Codec | None = None, bare: bool = False
) -> Callable[[Handler], Handler]:
    """Register the decorated ``handler(simulation, *values)`` for the call ``name``."""

    def register(handler: Handler) -> Handler:
        CALLS[name] = Call(name, arguments, returns, handler, bare)
        return handler

    return register


def refuse(names: str, why: str, returns: Codec | None = None) -> None:
    """Register calls (blank-separated names) that fail in the right form, and say why."""
    for name in names.split():
        CALLS[name] = Call(name, (), returns, None, why=why)
