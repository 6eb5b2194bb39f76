"""A closed-loop run that is asked for, and the run's configuration that it becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from ...core.machine.ports import held_address, held_domain, held_port
from ...core.run_contract.run_config import RunConfig
from ..config import load_config
from ..recipe import as_driven, implied
from .agent import AgentUnderTest

RIG = "states"
_WAIT_FOR_SERVER_S = 1800.0
_OWN = ("run_dir", "scenario", "seed", "agent", "domain_id", "mode", "log")


@dataclass(frozen=True)
class ClosedLoopCase:
    """Who drives which scenario with which seed.

    * scenario: a name in config/scenarios or a YAML file; empty: along a route of the map.
    * fields: any other field of a run. Without a word there is no NuRec and no sensor: states only.
    * scores: which ones are computed, all of them for none.
    """

    scenario: str
    agent: AgentUnderTest
    seed: int = 1
    fields: Mapping[str, Any] = field(default_factory=dict)
    scores: tuple[str, ...] = ()


def check_fields(fields: Mapping[str, Any], where: str) -> None:
    """Raise InputError for a field of a run that is a closed-loop run's own affair."""
    for name in _OWN:
        if name in fields:
            raise InputError(f"{where}: {name} is set by who runs the scenario; leave it out")


@contextmanager
def own_place(case: ClosedLoopCase, folder: Path) -> Iterator[RunConfig]:
    """Yield the configuration of a case in a place of its own, which is its own until the end.

    ROS domain and ports are such that no run of this kind on this machine has them; a server of
    somebody else's is used by one run at a time. InputError names a field that is wrong.
    """
    asked = {"nurec": False, "rig": RIG, **case.fields, **case.agent.fields()}
    asked |= {"scenario": case.scenario, "seed": case.seed, "run_dir": folder}
    where = {name: f"the run's field {name}" for name in asked}
    with ExitStack() as place:
        place_of = {"domain_id": place.enter_context(held_domain())}
        if asked.get("embedded_carla", True) and "carla_port" not in asked:
            place_of["carla_port"] = place.enter_context(held_port(pair=True))
        if asked.get("nurec_mode", "embedded") != "external" and "nurec_port" not in asked:
            place_of["nurec_port"] = place.enter_context(held_port())
        config = as_driven(
            load_config("demo", options=where, **{**implied(asked), **asked, **place_of})
        )
        servers = {(config.carla_host, config.carla_port): not config.embedded_carla}
        if config.nurec:
            servers[config.nurec_host, config.nurec_port] = config.nurec_mode == "external"
        for (host, port), is_another in servers.items():
            if is_another:
                place.enter_context(held_address(host, port, _WAIT_FOR_SERVER_S))
        yield config
