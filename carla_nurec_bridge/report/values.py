"""What ``report.json`` says, as typed values; its schema is made of them."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from ..core.run_contract.drive_fields import Mode
from ..core.run_contract.record import Record, Rounded, Rounded4
from ..core.run_contract.run_summary import Phase, RecordedControls, StreamCount
from ..core.run_contract.verdict import ScenarioVerdict
from ..core.timings import StageTime
from ..evaluation import DriveSummary


def _without_default(schema: dict[str, Any]) -> None:
    """Take out the default of a key that is left out where it has no value."""
    del schema["default"]


class RunFacts(Record):
    """What only the starter of a run knows."""

    mode: Mode = Field(description="who leads the ego")
    seed: int = Field(description="seed of the run; equal seeds give equal recordings")
    outcome: str = Field(description="sentence about how the processes of the run ended")
    exit_code: int = Field(description="0 when the run finished, 2 for bad input, else not 0")
    run_wall_s: Rounded = Field(description="wall time of all processes, s")
    map: str | None = Field(description="file name of the OpenDRIVE map; null without one")
    rig: str = Field(description="name or file of the rig")
    ticks_per_frame: int = Field(description="ticks of CARLA in one frame")


class CommandTotals(Record):
    """What became of the agent's commands; null where ``carla_ego`` left no summary."""

    accepted: int | None = Field(description="commands that drove the ego")
    late: int | None = Field(description="commands for a frame that was over")
    refused: int | None = Field(description="commands that were not valid")


class ObjectTotals(Record):
    """The other road users of a run."""

    seen: int = Field(description="ids in objects over the whole run")
    bound: int = Field(description="actors at the end that NuRec draws by a track of the scene")
    not_renderable: int | None = Field(
        description="actors at the end without such a track; null where nobody counted"
    )


class ReplayDeviation(Record):
    """How far a replay was from its recording, both interpolated linearly in time."""

    mean: Rounded4 = Field(description="mean distance, m")
    max: Rounded4 = Field(description="largest distance, m")
    compared: int = Field(description="frames within the recording's time")


class ScoreTotal(Record):
    """One score of a drive; its parts and infractions stand in ``scores/scores.json``."""

    title: str = Field(description="name for people")
    value: float | None = Field(description="the score; null where the drive does not tell it")
    best: float = Field(description="the best value that there is")
    status: str = Field(description="how the drive ended by the rules of the score")


class Report(RunFacts):
    """The report of one run of the demo: outcome, streams, times, drive.

    A topic's counts and hashes say whether it is whole and equal to another run's.
    """

    run_id: str | None = Field(description="random name of the run; null when nobody left it")
    state: Phase = Field(description="how the run ended")
    reason: str = Field(description="why it ended, where it was not asked to; else empty")
    frames: int = Field(description="number of the last frame; frame 0 is before the first tick")
    dt_s: float = Field(description="simulated time of a frame, s")
    t0_ns: int = Field(description="stamp of frame 0, ns")
    simulated_s: float = Field(description="simulated time from frame 0 to the last, s")
    loop_wall_s: Rounded | None = Field(
        description="wall time in which carla_ego made frames, without pauses and waits for real "
        "time, s; null when it left no times"
    )
    wall_s_per_simulated_s: Rounded | None = Field(
        description="that time by the simulated time, s/s; null without one of them"
    )
    complete: bool = Field(description="whether every stream has all its messages")
    streams: dict[str, StreamCount] = Field(description="topics of the bag by name")
    unheard: tuple[str, ...] = Field(
        description="sentences about publishers that the recorder could not hear"
    )
    run_sha256: str = Field(description="hash over the hashes of all planned streams, by topic")
    timings: dict[str, dict[str, StageTime]] = Field(
        description="wall time of stages by node and name"
    )
    commands: CommandTotals | None = Field(description="commands; null without an agent")
    drive: DriveSummary = Field(description="figures of the ego's drive")
    objects: ObjectTotals = Field(description="the other road users")
    teleports: int | None = Field(
        description="jumps of the ego that no motion explains; null where nobody counted"
    )
    unplaced_lights: tuple[str, ...] = Field(
        description="sentences about traffic lights without a place to stop"
    )
    controls: RecordedControls | None = Field(
        description="control videos, their folder relative to the run's; null without any"
    )
    replay_error_m: ReplayDeviation | SkipJsonSchema[None] = Field(
        default=None,
        description="distance to the recording, m; only in mode replay",
        json_schema_extra=_without_default,
    )

    verdict: ScenarioVerdict | SkipJsonSchema[None] = Field(
        default=None,
        description="what came of the closed-loop scenario; only with one",
        json_schema_extra=_without_default,
    )

    scores: dict[str, ScoreTotal] | SkipJsonSchema[None] = Field(
        default=None,
        description="scores by name; only of a run that was scored",
        json_schema_extra=_without_default,
    )

    @property
    def ending(self) -> str:
        """How the run ended, for people; of one that was killed the last word is that it ran."""
        return "broken off" if self.state == "running" else self.state

    def planned(self) -> dict[str, StreamCount]:
        """Return the streams that the plan expects, by topic."""
        return {topic: stream for topic, stream in self.streams.items() if stream.planned}
