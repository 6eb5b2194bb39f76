"""The package ``simulation_interfaces``, where it is installed, and how its calls are answered.

Its versions differ in services and in fields (1.0 has no worlds; before 2.0 a blueprint is given
as ``uri`` itself, later as ``entity_resource.uri``). Which version is there is never asked: each
service, field and constant is looked for by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from ...core.errors import RefusalError, told
from ..messages.simulation import FAILED, OK, UNSUPPORTED
from .service_executor import ServiceExecutor

PACKAGE = "simulation_interfaces"
_RESOURCES = ("entity_resource", "world_resource")

Work = Callable[[Any, Any], str | None]


@dataclass(frozen=True)
class Served:
    """A service by the name of its class, its work, and the fields that it cannot do without."""

    name: str
    work: Work
    request: tuple[str, ...] = ()
    response: tuple[str, ...] = ()


@dataclass(frozen=True)
class SimulationPackage:
    """Its modules of messages, services and actions."""

    msg: Any
    srv: Any
    action: Any

    def serve(
        self,
        executor: ServiceExecutor,
        services: Sequence[Served],
        around: Callable[[Work], Work] = lambda work: work,
    ) -> None:
        """Serve what there is; one that lacks a field is answered as unsupported.

        ``around`` is put around the work of each, so that it is done in another thread, say.
        """
        for served in services:
            kind = getattr(self.srv, served.name, None)
            if kind is None:
                continue
            lacking = [
                f"{side}.{field}"
                for side, fields in (("Request", served.request), ("Response", served.response))
                for field in fields
                if not has(getattr(kind, side), field)
            ]
            work = around(served.work) if not lacking else _unsupported(served.name, lacking)
            executor.serve(kind, snake_case(served.name), answering(work))

    def offers(self, name: str) -> bool:
        """Say whether there is a service or an action of that name."""
        return hasattr(self.srv, name) or hasattr(self.action, name)


def simulation_package() -> SimulationPackage | None:
    """Return the package, None where it is missing."""
    if find_spec(PACKAGE) is None:
        return None
    msg, srv, action = (
        import_module(f"{PACKAGE}.{kind}") if find_spec(f"{PACKAGE}.{kind}") else SimpleNamespace()
        for kind in ("msg", "srv", "action")
    )
    return SimulationPackage(msg, srv, action)


def has(kind: Any, field: str) -> bool:
    """Say whether a message class, or a message, has a field."""
    return field in kind.get_fields_and_field_types()


def resource_of(message: Any) -> tuple[str, str]:
    """Return the URI and the text of what is asked for, wherever the message's version has them.

    RefusalError when it has neither.
    """
    held = next((getattr(message, field) for field in _RESOURCES if has(message, field)), message)
    found = [
        getattr(held, name) if has(held, name) else None for name in ("uri", "resource_string")
    ]
    if found == [None, None]:
        raise RefusalError(
            UNSUPPORTED, f"the {PACKAGE} installed here has no field for what is wanted"
        )
    uri, text = (value or "" for value in found)
    return uri, text


def snake_case(name: str) -> str:
    """Return the name of a service whose class is called ``name``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _unsupported(name: str, lacking: Sequence[str]) -> Work:
    text = f"the {PACKAGE} installed here has no {name}.{', '.join(lacking)}; install another one"

    def refuse(_request: Any, _response: Any) -> None:
        raise RefusalError(UNSUPPORTED, text)

    return refuse


def answering(work: Work) -> Callable[[Any, Any], Any]:
    """Return the callback of a service whose ``work(request, response)`` fills the response.

    What ``work`` returns is the message of the result; whatever it raises fails the call.
    """

    def answer(request: Any, response: Any) -> Any:
        code, text = OK, ""
        try:
            text = work(request, response) or ""
        except RefusalError as error:
            code, text = error.code, str(error)
        except Exception as error:  # noqa: BLE001 - the top of a call: it must be answered
            code, text = FAILED, str(told(error))
        response.result.result = code
        response.result.error_message = text
        return response

    return answer
