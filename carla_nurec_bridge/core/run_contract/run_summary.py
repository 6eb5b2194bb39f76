"""What each node of a run leaves at its end in ``RUN/parts/NODE.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from ..errors import InputError
from ..field_errors import problem_text
from ..files.whole import write_whole
from ..timings import StageTime
from .record import Record
from .verdict import ScenarioVerdict

Phase = Literal["running", "finished", "aborted"]
_FOLDER = "parts"
WHOLE_FRAME = "frame"
"""The stage of ``carla_ego`` that is all of a frame, from the last command to all answers."""


class StreamCount(Record):
    """What was expected of one topic, and what the bag has of it."""

    type: str = Field(description="ROS message type")
    producer: str | None = Field(description="node that the plan has for it; null without a plan")
    expected: int | None = Field(
        description="messages that rates and ticks demand; null for topics without a plan"
    )
    recorded: int = Field(description="messages in the bag that the plan asked for")
    extra: int = Field(description="messages in the bag beyond the plan")
    bytes: int = Field(description="size of the recorded messages, bytes")
    missed: int = Field(
        description="messages that a frame was written without, or, without a plan, that their "
        "senders told of and that never came"
    )
    lost: int = Field(0, description="messages that were taken and did not reach the disk")
    under_way: int = Field(0, description="messages that sensor latency held back at the end")
    repeated: int = Field(description="messages that came again with a stamp already seen")
    late: int = Field(description="messages that came after their frame was written")
    sha256: str | None = Field(
        description="hash of lengths and bytes of all messages; null where two runs may differ"
    )

    @property
    def planned(self) -> bool:
        """Whether the plan says how many messages there must be."""
        return self.expected is not None

    @property
    def complete(self) -> bool:
        """Whether the bag has exactly what the plan asked for; without one, all that was told."""
        return self.recorded == self.expected if self.planned else not self.missed


class RecordedVideo(Record):
    """One control video."""

    file: str = Field(description="name in the folder of the control videos")
    frames: int = Field(description="frames in the file")
    bytes: int = Field(description="size of the file, bytes")
    sha256: str = Field(description="hash of the file")


class RecordedControls(Record):
    """The control videos of a run."""

    camera: str | None = Field(description="camera of the rig that they show; null without one")
    directory: str | None = Field(description="their folder; null when there are none")
    videos: dict[str, RecordedVideo] = Field(description="the videos by kind: rgb, depth, ...")


class NodeSummary(Record):
    """What every node tells: how much it sent or kept, and how long its work took."""

    counts: dict[str, int] = Field(description="messages by topic")
    timings: dict[str, StageTime] = Field(description="wall time of the node's stages by name")


class EgoHealth(Record):
    """How the node that ticks CARLA fares; before the first frame nothing of it is set."""

    frame: int = Field(-1, description="last frame; -1 before the first")
    commands_accepted: int = Field(0, description="commands that drove the ego")
    commands_late: int = Field(0, description="commands for a frame that was over")
    commands_refused: int = Field(0, description="commands that were not valid")
    commands_repeated: int = Field(0, description="second commands for a frame on one topic")
    commands_clipped: int = Field(0, description="commands beyond what the vehicle can do")
    ambiguous_ids: int = Field(0, description="actors that instance images cannot tell apart")
    steer_limit_rad: float = Field(
        0.0, description="how far the front wheels turn at the speed of now, rad"
    )
    manual_override: bool = Field(False, description="whether a person drives")
    stray_answers: int = Field(0, description="answers to frames that were not asked about")
    told_again: int = Field(0, description="participants that had not heard that they take part")
    late_answers: int = Field(0, description="answers after the deadline of their frame")
    waits_for_publishing: int = Field(0, description="ticks that waited for the publisher")
    silent_readers: str = Field("", description="readers that take nothing, with commas between")
    sensor_tick_fallbacks: int = Field(0, description="sensors that CARLA does not pace")
    skipped_ticks: int = Field(0, description="ticks of a followed world that were not seen")
    teleports: int = Field(0, description="jumps of the ego that no motion explains")
    unexplained: int = Field(0, description="what another client may have done to the ego; logged")
    not_renderable: int = Field(0, description="actors without a track that NuRec draws")
    lights_without_place: int = Field(0, description="traffic lights without a place to stop")
    under_way: int = Field(0, description="captures of sensors that latency holds back")


class EgoSummary(EgoHealth, NodeSummary):
    """What ``carla_ego`` leaves."""

    participant: str = Field(description="name of the node")
    run_id: str = Field(description="random name of the run")
    state: Phase = Field(description="how the run ended")
    reason: str = Field(description="why it ended, where it was not asked to; else empty")
    frames: int = Field(description="number of the last frame; -1 when there was none")
    t0_ns: int = Field(description="stamp of frame 0, ns")
    dt_ns: int = Field(description="simulated time of a frame, ns")
    distance_m: float = Field(description="path that the ego drove, m")
    late: dict[str, int] = Field(description="frames by participant that it answered too late")
    wall_s: float = Field(description="wall time from the first frame to the end, s")
    cpu_s: float = Field(description="processor time of the node in it, s")
    bound: dict[str, str | None] = Field(
        description="track of the scene by CARLA's actor id; null for one that NuRec cannot draw"
    )
    unplaced_lights: tuple[str, ...] = Field(
        description="sentences about traffic lights without a place to stop"
    )
    verdict: ScenarioVerdict | None = Field(
        None, description="what came of the run's scenario; null without one"
    )


class NurecHealth(Record):
    """How the node that renders fares; ``failed_NAME`` counts the failed requests of a sensor."""

    model_config = ConfigDict(extra="allow", defer_build=True)
    __pydantic_extra__: dict[str, int] = Field(init=False)

    frames: int = Field(description="frames that were handled")
    failed_requests: int = Field(description="requests that NuRec did not fulfil")
    clamped_to_scene: int = Field(description="poses whose time was moved into the scene's")
    skipped_frames: int = Field(description="frames left out because newer ones had come")
    incomplete_frames: int = Field(description="frames whose messages did not all come")
    under_way: int = Field(0, description="captures of sensors that latency holds back")
    novel_views: int | None = Field(None, description="images of views that a user asked for")
    poses_off_ground: int | None = Field(
        None, description="poses without ground of the scene below; unset without ground"
    )


class NurecSummary(NurecHealth, NodeSummary):
    """What ``nurec_render`` leaves."""

    model_config = NurecHealth.model_config  # of two bases the last one's would hold

    participant: str = Field(description="name of the node")
    scene: str = Field(description="id of the scene")


class AgentSummary(NodeSummary):
    """What ``route_agent`` leaves."""

    participant: str = Field(description="name of the node")
    agent: str = Field(description="who drove, by the name that a run has for it")
    route_length_m: float = Field(description="length of the route, m")
    route_travelled_m: float = Field(description="length of it that was driven, m")
    route_completion: float = Field(description="the driven part of the route, 0 to 1")
    skipped_frames: int = Field(description="frames left out because newer ones had come")


class EgodriverSummary(AgentSummary):
    """What ``egodriver_agent`` leaves."""

    policy: str = Field(description="what the policy server calls itself")
    sent: dict[str, int] = Field(description="calls of the policy server by name")
    missing_images: int = Field(description="images that did not come in time")
    tracked: dict[str, int] = Field(
        description="frames by how its plans were followed: solved, held, braked"
    )


class EvalSummary(NodeSummary):
    """What ``closed_loop_eval`` leaves."""

    participant: str = Field(description="name of the node")
    scores: dict[str, float | None] = Field(
        description="the scores by name; null where the drive does not tell them"
    )
    ticks: int = Field(description="frames that were scored")
    skipped_frames: int = Field(description="frames left out because newer ones had come")


class PlanHealth(Record):
    """What became of the plans of a stack, and how they were followed."""

    frames: int = Field(description="frames that were driven")
    plans_accepted: int = Field(description="plans that could be followed")
    plans_refused: int = Field(description="plans that could not, each with a sentence in the log")
    plans_late: int = Field(description="plans for a frame that was over")
    plans_missing: int = Field(description="frames without the plan that was due, or a fresh one")
    solved: int = Field(description="frames driven by a new solution")
    held: int = Field(description="frames driven by the last one")
    braked: int = Field(description="frames that braked")


class PlanTrackerSummary(PlanHealth, AgentSummary):
    """What ``plan_tracker`` leaves."""


class DrivenSession(Record):
    """One session that AlpaSim had driven."""

    session: str = Field(description="AlpaSim's name of it")
    scene: str = Field(description="id of its scene; empty where AlpaSim told none")
    counts: dict[str, int] = Field(description="what came and what became of it")


class AlpasimSummary(NodeSummary):
    """What ``alpasim_driver`` leaves."""

    participant: str = Field(description="name of the node")
    answers: dict[str, int] = Field(description="what became of the stack's answers")
    refusals: dict[str, int] = Field(description="calls that were refused, by gRPC status")
    sessions: tuple[DrivenSession, ...] = Field(description="the sessions that are over")


class RecorderSummary(NodeSummary):
    """What ``cosmos_recorder`` leaves; run, state and t0 are null when no run began."""

    run_id: str | None = Field(description="random name of the run")
    state: Phase | None = Field(description="how the run ended")
    reason: str | None = Field(description="why it ended, where it was not asked to; else empty")
    frames: int = Field(description="number of the last frame")
    t0_ns: int | None = Field(description="stamp of frame 0, ns")
    dt_ns: int = Field(description="simulated time of a frame, ns")
    streams: dict[str, StreamCount] = Field(description="the topics of the bag by name")
    controls: RecordedControls = Field(description="the control videos")
    unheard: tuple[str, ...] = Field(
        default=(), description="sentences about publishers whose quality of service did not fit"
    )
    jobs: tuple[Mapping[str, Any], ...] = Field(
        default=(), description="what became of each Cosmos job, with the job's own facts"
    )


class RunSummary(Record):
    """The summaries of a run by node; None for a node that left none."""

    carla_ego: EgoSummary | None = None
    cosmos_recorder: RecorderSummary | None = None
    nurec_render: NurecSummary | None = None
    route_agent: AgentSummary | None = None
    egodriver_agent: EgodriverSummary | None = None
    closed_loop_eval: EvalSummary | None = None
    plan_tracker: PlanTrackerSummary | None = None

    def timings(self) -> dict[str, dict[str, StageTime]]:
        """Return the stages' times of each node that left a summary."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: summary.timings for name, summary in found.items() if summary is not None}


def write_summary(run_dir: str, node: str, summary: NodeSummary) -> None:
    """Write ``run_dir/parts/NODE.json`` at once; an empty ``run_dir`` writes nothing."""
    if not run_dir:
        return
    text = json.dumps(summary.to_json(), indent=2) + "\n"
    write_whole(Path(run_dir) / _FOLDER / f"{node}.json", text.encode())


def read_run_summary(run_dir: Path) -> RunSummary:
    """Return what the nodes of a run left; InputError for a file that no node has written."""
    found = {}
    for node in RunSummary.model_fields:
        path = run_dir / _FOLDER / f"{node}.json"
        if path.is_file():
            found[node] = _table(path)
    try:
        return RunSummary.model_validate(found)
    except ValidationError as error:
        problem = error.errors()[0]
        node, *place = map(str, problem["loc"])
        raise InputError(
            f"{run_dir / _FOLDER / node}.json: {'.'.join(place)}: {problem_text(problem)}"
        ) from error


def _table(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} holds no JSON: {error}") from error
