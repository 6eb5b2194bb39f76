"""What came of a closed-loop run, as it stands in ``RUN/result.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.files.whole import write_whole
from ...core.run_contract.record import Record, Rounded
from ...core.run_contract.verdict import ScenarioVerdict

RESULT = "result.json"

Ending = Literal["finished", "agent_failed", "simulator_died", "refused", "overtime"]
"""How a run ended.

The agent failed: it died, or did not answer in time. The simulator died: that was a server, or a
node of ours. Refused: what was asked for cannot be. Overtime: it took too long.
"""


class RunCost(Record):
    """What a run took."""

    wall_s: Rounded = Field(description="wall time of all of it, s")
    start_s: Rounded = Field(description="of that until the first frame, s")
    drive_s: Rounded = Field(description="from then to the end of the processes, s")
    score_s: Rounded = Field(description="for scores and report, s")
    cpu_s: Rounded = Field(description="processor time of all processes and of the scores, s")
    memory_bytes: int = Field(description="what all processes held at once at most, sampled, bytes")
    disk_bytes: int = Field(description="size of what the run left, bytes")


class ClosedLoopResult(Record):
    """What came of one run; ``cost`` apart, equal runs have equal results."""

    scenario: str = Field(description="name of the scenario; empty without one")
    agent: str = Field(description="who drove")
    seed: int = Field(description="seed of the run")
    ending: Ending = Field(description="how the run ended")
    sentence: str = Field(description="how it ended, in words")
    verdict: ScenarioVerdict | None = Field(
        description="of the scenario; null where none was reached"
    )
    scores: dict[str, float | None] = Field(description="scores by name; null where unknown")
    unscored: str = Field(description="why there are no scores; empty where there are")
    frames: int = Field(description="number of the last frame; -1 when there was none")
    simulated_s: Rounded = Field(description="simulated time of the drive, s")
    cost: RunCost = Field(description="what the run took")

    @property
    def passed(self) -> bool:
        """Whether the run finished and the scenario, if there was one, came out as expected."""
        judged = self.verdict is None or self.verdict.status == "passed"
        return self.ending == "finished" and judged and not (self.scenario and not self.verdict)

    def to_lines(self) -> list[str]:
        """Return what happened, for people: how it ended, and what decided the scenario."""
        ended = [] if self.ending == "finished" else [f"{self.ending}: {self.sentence}"]
        judged = [self.verdict.sentence] if self.verdict is not None else []
        return [*ended, *judged] or [self.sentence]


def write_result(folder: Path, result: ClosedLoopResult) -> None:
    """Write ``result.json`` into the folder of a run."""
    text = json.dumps(result.to_json(), indent=1) + "\n"
    write_whole(folder / RESULT, text.encode())


def read_result(folder: Path) -> ClosedLoopResult:
    """Return what came of the run in a folder; InputError for a file that is none."""
    path = folder / RESULT
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return ClosedLoopResult.model_validate(content)
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            problem = error.errors()[0]
            place = ".".join(map(str, problem["loc"]))
            raise InputError(f"{path}: {place}: {problem_text(problem)}") from error
        raise InputError(f"{path} cannot be read: {error}") from error
