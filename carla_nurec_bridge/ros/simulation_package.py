"""The package ``simulation_interfaces``, where it is installed, and how its calls are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..core.errors import BridgeError

UNSUPPORTED, OK, NOT_FOUND, INCORRECT_STATE, FAILED = range(5)
"""Results that every service has."""


@dataclass(frozen=True)
class SimulationPackage:
    """Its modules of messages, services and actions."""

    msg: Any
    srv: Any
    action: Any


def simulation_package() -> SimulationPackage | None:
    """Return the package, None where it is missing or older than 2.0."""
    if find_spec("simulation_interfaces") is None:
        return None
    msg, srv, action = (
        import_module(f"simulation_interfaces.{kind}") for kind in ("msg", "srv", "action")
    )
    return SimulationPackage(msg, srv, action) if hasattr(srv, "LoadWorld") else None


class Refused(BridgeError):
    """A call that cannot be done; ``code`` is the result that says why."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def answering(work: Callable[[Any, Any], str | None]) -> Callable[[Any, Any], Any]:
    """Return the callback of a service whose ``work(request, response)`` fills the response.

    What ``work`` returns is the message of the result; a BridgeError fails the call.
    """

    def answer(request: Any, response: Any) -> Any:
        code, text = OK, ""
        try:
            text = work(request, response) or ""
        except Refused as error:
            code, text = error.code, str(error)
        except BridgeError as error:
            code, text = FAILED, str(error)
        response.result.result = code
        response.result.error_message = text
        return response

    return answer
