"""Runs of a test, and what they give to assertions."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import RunError
from ..core.run_contract.verdict import ScenarioVerdict
from ..runs.closed_loop.agent import agent_under_test
from ..runs.closed_loop.case import ClosedLoopCase, check_fields
from ..runs.closed_loop.given_servers import fields_of_servers
from ..runs.closed_loop.result import ClosedLoopResult, Ending
from ..runs.closed_loop.run import LIMIT_S, run_closed_loop

TRIES = 3
"""How often a run is begun whose simulator dies."""

_DEFAULT_AGENT = "route_follower"
_MINE = "agent"


@dataclass(frozen=True)
class Drive:
    """One drive of the agent under test; as text it says what happened and where its files are."""

    result: ClosedLoopResult
    folder: Path

    @property
    def passed(self) -> bool:
        """Whether the run finished and the scenario came out as its file expects."""
        return self.result.passed

    @property
    def ending(self) -> Ending:
        """How the run ended: finished, or agent_failed where the agent died or fell silent."""
        return self.result.ending

    @property
    def verdict(self) -> ScenarioVerdict | None:
        """What came of the scenario, condition by condition; None where the run broke before."""
        return self.result.verdict

    @property
    def scores(self) -> Mapping[str, float | None]:
        """The scores by name, None for one that the drive does not tell."""
        return self.result.scores

    @property
    def bag(self) -> Path:
        """The folder of the recorded bag."""
        return self.folder / "bag"

    @property
    def report(self) -> Path:
        """The report with its pictures beside it."""
        return self.folder / "report.md"

    def __repr__(self) -> str:
        result = self.result
        word = result.verdict.status if result.verdict else result.ending
        return f"<{result.agent} in {result.scenario}, seed {result.seed}: {word}>"

    def __str__(self) -> str:
        result = self.result
        scores = ", ".join(
            f"{name} {'unknown' if value is None else f'{value:.4g}'}"
            for name, value in result.scores.items()
        )
        return "\n".join(
            [
                f"{result.agent} in {result.scenario}, seed {result.seed}:",
                *(f"  {line}" for line in result.to_lines()),
                f"  scores: {scores or result.unscored}",
                f"  bag:    {self.bag}",
                f"  report: {self.report}",
                f"  logs:   {self.folder / 'logs'}",
            ]
        )


@dataclass(eq=False)
class ClosedLoop:
    """What the fixture ``closed_loop`` is: call it to drive; ``drives`` keeps what came of it."""

    name: str
    folder: Path
    fields: Mapping[str, Any]
    agent: str
    node: str | None
    drives: list[Drive] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<closed_loop of {self.name}, {len(self.drives)} drives>"

    def __call__(
        self,
        scenario: str,
        *,
        agent: str | Sequence[str] | None = None,
        node: str | None = None,
        seed: int = 1,
        scores: Sequence[str] = (),
        limit_s: float = LIMIT_S,
        **fields: Any,
    ) -> Drive:
        """Drive a scenario and return what came of it.

        A run whose simulator died is begun again, with a warning; RunError after three tries.
        InputError for a scenario, agent or field that cannot be.

        Args:
            scenario: a name of ``carla-nurec scenario list``, or a YAML file.
            agent: name of a shipped agent or a command line; without it that of ``--agent``.
            node: its name in lock-step; without one the run keeps to the wall clock.
            seed: of the run; equal seeds give equal runs.
            scores: which ones are computed, all of them for none.
            limit_s: wall time that the run may take, s.
            fields: of the run, as ``carla-nurec up --fields`` lists them.
        """
        check_fields(fields, "closed_loop")
        asked, its_node = (self.agent, self.node) if agent is None else (agent, node)
        driver = (
            agent_under_test(asked)
            if isinstance(asked, str) and asked.isidentifier() and its_node is None
            else agent_under_test(_MINE, asked, its_node)
        )
        given = {**self.fields, **fields}
        if given.get("nurec") and "rig" not in given:
            given["rig"] = "demo"
        case = ClosedLoopCase(scenario, driver, seed, given, tuple(scores))
        folder = self.folder / f"{self.name}-{len(self.drives) + 1}"
        for tries in range(1, TRIES + 1):
            result = run_closed_loop(case, folder, limit_s=limit_s)
            if result.ending != "simulator_died":
                self.drives.append(Drive(result, folder))
                return self.drives[-1]
            warnings.warn(
                f"the simulator died in try {tries} of {TRIES}: {result.sentence}", stacklevel=2
            )
        raise RunError(
            f"the simulator died in each of {TRIES} tries, which says nothing of the agent: "
            f"{result.sentence}"
        )


def closed_loop_of(
    name: str,
    folder: Path,
    *,
    carla: str | None,
    nurec: str | None,
    agent: str | None,
    node: str | None,
) -> ClosedLoop:
    """Return what drives for a test of this name; options are as pytest has them."""
    place = re.sub(r"[^\w.-]+", "_", name)
    return ClosedLoop(place, folder, fields_of_servers(carla, nurec), agent or _DEFAULT_AGENT, node)
