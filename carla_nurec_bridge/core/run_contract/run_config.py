"""What a run may be told: every field of it, once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from ..resources import map_file
from .run_fields import RunField, everywhere, read_field, run_field
from .streams import AGENT, EGO, EGODRIVER, EVAL, NUREC, RECORDER

Mode = Literal["drive", "replay", "scene"]
"""Who leads the ego of a run."""
AgentName = Literal["route_follower", "constant_velocity", "idm", "none"]
"""Who drives it."""

NO_SCORES = "none"
"""What the field ``scores`` says where nothing is scored."""

_deadline = partial(run_field, unit="s", between=(0.1, 3600.0))


class RunConfig(BaseModel):
    """What a run is made of. Times are simulated unless the description says wall time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_dir: Path = run_field(
        Path("out/run"), "folder that the run writes to", becomes=everywhere("run_dir")
    )
    map: Path | None = run_field(
        None, "OpenDRIVE file, or shipped map (demo_town), of the embedded CARLA's world"
    )
    scene: Path | None = run_field(
        None, "scene package (.usdz) that NuRec renders; empty = none", becomes=everywhere("scene")
    )
    rig: str = run_field(
        "demo",
        "sensor rig: a name in config/rigs or a YAML file",
        becomes=everywhere("rig"),
        file=True,
    )
    mode: Mode = run_field(
        "drive",
        "drive, replay a CARLA recording, or replay a scene's recorded drive",
        becomes={EGO: "mode"},
    )
    handover_ego_s: float = run_field(
        -1.0,
        "mode scene: when the ego is handed over; negative = never",
        unit="s",
        between=(-1.0, 1e6),
        becomes={EGO: "handover.ego_s", AGENT: "handover.ego_s"},
    )
    handover_ego_to: Literal["agent", "traffic_manager"] = run_field(
        "agent", "mode scene: who drives the ego then", becomes={EGO: "handover.ego_to"}
    )
    handover_tracks: tuple[str, ...] = run_field(
        (),
        "mode scene: tracks that the Traffic Manager takes over; * = all",
        becomes={EGO: "handover.tracks"},
    )
    handover_tracks_s: float = run_field(
        0.0,
        "mode scene: when it does",
        unit="s",
        between=(0.0, 1e6),
        becomes={EGO: "handover.tracks_s"},
    )
    log: Path | None = run_field(
        None, "CARLA recorder file that mode replay plays", becomes={EGO: "replay.log"}
    )
    replay_start_s: float = run_field(
        0.0,
        "where in the recording to begin; negative = before its end",
        unit="s",
        between=(-1e6, 1e6),
        becomes={EGO: "replay.start_s"},
    )
    replay_time_factor: float = run_field(
        1.0,
        "seconds of the recording in one of simulated time",
        between=(0.01, 100.0),
        becomes={EGO: "replay.time_factor"},
    )
    ticks_per_frame: int = run_field(
        1, "simulation ticks in one frame", between=(1, 20), becomes={EGO: "ticks_per_frame"}
    )
    frames: int = run_field(
        200,
        "frames to run; 0 = until stopped",
        between=(0, 100_000_000),
        becomes=everywhere("frames"),
    )
    dt_s: float = run_field(
        0.05,
        "simulated time of one frame",
        unit="s",
        between=(0.001, 1.0),
        becomes=everywhere("dt_s"),
    )
    seed: int = run_field(
        1,
        "seed of spawn points, traffic and route",
        between=(0, 2_000_000_000),
        becomes={EGO: "seed", NUREC: "seed", EGODRIVER: "seed", RECORDER: "seed"},
    )
    vehicles: int = run_field(
        12,
        "number of Traffic Manager vehicles",
        between=(0, 200),
        becomes={EGO: "traffic.vehicles"},
    )
    route_length_m: float = run_field(
        250.0,
        "length of the ego's route",
        unit="m",
        between=(10.0, 100_000.0),
        becomes={EGO: "route.length_m"},
    )
    inserted_actors: str = run_field(
        "",
        "who is added in the modes drive and scene: a name in config/inserted_actors or a YAML "
        "file",
        becomes={EGO: "inserted_actors", NUREC: "inserted_actors"},
        file=True,
    )
    scenario: str = run_field(
        "",
        "what happens to the ego: a name in config/scenarios or a YAML file; an incident is "
        "recorded and replayed by the demo, a closed-loop scenario is driven and judged",
        becomes={EGO: "scenario"},
        file=True,
    )
    ego_blueprint: str = run_field(
        "vehicle.lincoln.mkz_2020",
        "blueprint of the ego if it is spawned",
        becomes={EGO: "ego.blueprint"},
    )
    role_name: str = run_field(
        "hero",
        "role_name of the ego (spawned, found or replayed)",
        becomes={EGO: "ego.role_name"},
    )
    embedded_carla: bool = run_field(True, "start the embedded CARLA server")
    carla_host: str = run_field(
        "127.0.0.1", "address of the CARLA server", becomes={EGO: "carla.host"}
    )
    carla_port: int = run_field(
        2000, "port of the CARLA server", between=(1, 65534), becomes={EGO: "carla.port"}
    )
    nurec: bool = run_field(True, "render the rig's nurec sensors")
    nurec_mode: Literal["embedded", "container", "external"] = run_field(
        "embedded", "start the embedded NuRec server, NVIDIA's in Docker, or use a running one"
    )
    nurec_host: str = run_field(
        "127.0.0.1", "address of the NuRec server", becomes={NUREC: "nurec.host"}
    )
    nurec_port: int = run_field(
        46435, "port of the NuRec server", between=(1, 65535), becomes={NUREC: "nurec.port"}
    )
    agent: AgentName = run_field(
        "route_follower", "who drives; none = your own agent", becomes={AGENT: "agent"}
    )
    agent_speed_mps: float = run_field(
        9.0,
        "the agent's speed on a free straight road",
        unit="m/s",
        between=(0.5, 60.0),
        becomes={AGENT: "cruise_speed_mps"},
    )
    agent_keeps: Literal["heading", "lane"] = run_field(
        "heading", "agent constant_velocity: what it keeps", becomes={AGENT: "keeps"}
    )
    egodriver: str = run_field(
        "",
        "policy server (HOST:PORT or unix:PATH, AlpaSim's driver contract) that the agent asks "
        "instead; empty = none",
        becomes={EGODRIVER: "policy.target"},
    )
    scores: str = run_field(
        NO_SCORES,
        "scores that closed_loop_eval computes tick by tick: all, none, or names with commas",
        becomes={EVAL: "scores.names"},
    )
    record: bool = run_field(True, "start the recorder (bag and control videos)")
    control_rgb: Literal["carla", "nurec"] = run_field(
        "carla",
        "who draws the colour picture of the control videos: CARLA, or the NuRec camera of the rig "
        "that sees the same",
        becomes={RECORDER: "controls.rgb"},
    )
    cosmos_url: str = run_field(
        "",
        "Cosmos server that makes videos of the run's clip; empty = none",
        becomes={RECORDER: "job.url"},
    )
    cosmos_prompt: str = run_field(
        "",
        "prompt (TOML, or a name in config/prompts) of the job at the run's end",
        becomes={RECORDER: "job.prompt"},
        file=True,
    )
    cosmos_deadline_s: float = run_field(
        3600.0,
        "wall time for that job",
        unit="s",
        between=(1.0, 1e6),
        becomes={RECORDER: "job.deadline_s"},
    )
    lockstep: bool = run_field(
        True,
        "wait for every participant after each frame",
        becomes=everywhere("lockstep.enabled"),
    )
    policy: Literal["wait", "hold", "abort"] = run_field(
        "abort",
        "when a participant is late: wait on, go on with the last command (hold), or abort",
        becomes={EGO: "lockstep.policy"},
    )
    command_latency_s: float = run_field(
        0.0,
        "how long after its stamp a command acts",
        unit="s",
        between=(0.0, 10.0),
        becomes={EGO: "command.latency_s"},
    )
    command_jitter_s: float = run_field(
        0.0,
        "up to so much longer, drawn for each command by the seed",
        unit="s",
        between=(0.0, 10.0),
        becomes={EGO: "command.jitter_s"},
    )
    real_time_factor: float = run_field(
        0.0,
        "pace against the wall clock; 0 = as fast as possible",
        between=(0.0, 1000.0),
        becomes={EGO: "real_time_factor"},
    )
    start_paused: bool = run_field(
        False,
        "stand before frame 0 until ~/pause or ~/step says to go on",
        becomes={EGO: "start_paused"},
    )
    start_deadline_s: float = _deadline(
        180.0, "wall time for everything to start", becomes=everywhere("deadlines.start_s")
    )
    frame_deadline_s: float = _deadline(
        30.0, "wall time for one frame", becomes=everywhere("deadlines.frame_s")
    )
    first_frame_deadline_s: float = _deadline(
        180.0,
        "wall time for the first rendered frame, and a policy's first plan",
        becomes={
            EGO: "deadlines.first_frame_s",
            NUREC: "deadlines.first_render_s",
            EGODRIVER: "deadlines.first_plan_s",
        },
    )
    carla_timeout_s: float = run_field(
        3.0,
        "wall time for one call to CARLA",
        unit="s",
        between=(0.1, 600.0),
        becomes={EGO: "carla.timeout_s"},
    )
    domain_id: int | None = run_field(None, "ROS domain; empty = inherited", between=(0, 232))

    @field_validator("map", mode="before")
    @classmethod
    def _map_file(cls, value: object) -> object:
        """Take the name of a shipped map for its file."""
        return map_file(value) if isinstance(value, str | Path) else value

    @field_validator("agent", mode="before")
    @classmethod
    def _switched(cls, value: object) -> object:
        """Take true for the route follower and false for none."""
        switch = {"true": "route_follower", "false": "none"}
        return switch.get(str(value).lower(), value)

    @field_validator("handover_tracks", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Take a text with commas, as launch arguments and ``--set`` give it."""
        return [part for part in value.split(",") if part] if isinstance(value, str) else value


def run_fields() -> dict[str, RunField]:
    """Return the fields of a run by name, in their order."""
    return {name: read_field(name, info) for name, info in RunConfig.model_fields.items()}
