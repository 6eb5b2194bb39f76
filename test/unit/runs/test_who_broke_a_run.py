"""Of several processes that ended or fell silent, the one that broke the run is named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from carla_nurec_bridge.runs.supervisor import Supervisor


def child(name: str, code: int | None, silent_s: float = 0.0, error: str = "") -> Any:
    process = SimpleNamespace(participant=not name.endswith("server"), guest=False)
    return SimpleNamespace(
        name=name,
        process=process,
        log=f"{name}.log",
        code=lambda: code,
        silent_s=lambda: silent_s,
        last_error=lambda: error,
        is_named_in=lambda text: name in text,
        last_warning=lambda: error,
        how_it_ended=lambda: f"ended with code {code} ({error})",
    )


REFUSES = child("nurec_server", 2, error="error: x.usdz is not a scene package")
GAVE_UP = child("carla_ego", 1, error="error: cosmos_recorder did not answer")
KILLED = child("nurec_render", -9)
SILENT = child("cosmos_recorder", None, silent_s=4.1)
HANGS = child("cosmos_recorder", None, silent_s=6.0)
WELL = child("route_agent", None)


@pytest.mark.parametrize(
    ("children", "named"),
    [
        ((SILENT, WELL), None),
        ((GAVE_UP, SILENT, WELL), SILENT),  # what hangs makes its peers give up
        ((GAVE_UP, REFUSES, SILENT, WELL), REFUSES),  # what refuses its input does so of itself
        ((REFUSES, KILLED), KILLED),
        ((GAVE_UP, REFUSES), REFUSES),
        ((REFUSES, HANGS), HANGS),
    ],
)
def test_who_is_named(children: tuple[Any, ...], named: Any) -> None:
    graph = SimpleNamespace(config=SimpleNamespace(frames=10))
    supervisor = Supervisor(graph)  # type: ignore[arg-type]
    supervisor._children = {x.name: x for x in children}
    death = supervisor._first_death()
    assert (death and death.name) == (named and named.name)
