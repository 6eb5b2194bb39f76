"""What a run may be told: every field of it, once."""

from __future__ import annotations

from functools import partial
from typing import Literal

from ..lockstep.latency import Latency
from ..lockstep.words import MOST_BEHIND_FRAMES
from .agent_fields import AgentFields
from .run_fields import RunField, everywhere, read_field, run_field
from .streams import EGO, EGODRIVER, EVAL, NUREC, RECORDER
from .timebase import seconds_to_ns

NO_SCORES = "none"
"""What the field ``scores`` says where nothing is scored."""

_deadline = partial(run_field, unit="s", between=(0.1, 3600.0))


def _of_odometry(name: str) -> dict[str, str]:
    """Return a parameter of those who tell, record, render and score where the ego is."""
    return dict.fromkeys((EGO, NUREC, EVAL, RECORDER), f"odometry.{name}")


def _of_sensors(name: str) -> dict[str, str]:
    """Return a parameter of those who send, record and wait for what sensors capture."""
    return dict.fromkeys((EGO, NUREC, EGODRIVER, RECORDER), f"sensors.{name}")


class RunConfig(AgentFields):
    """What a run is made of. Times are simulated unless the description says wall time."""

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
    hybrid: bool = run_field(
        True,
        "in scenes of Gaussians, have actors that are on no track composed into NuRec's pictures, "
        "by servers that can",
        becomes={NUREC: "hybrid"},
    )
    scene_gaussians: int = run_field(
        0,
        "sample the street of a scene that is made first as about so many Gaussians; 0 = meshes",
        between=(0, 5_000_000),
    )
    scene_fit_steps: int = run_field(
        0,
        "fit these Gaussians to pictures of the meshes in so many steps; 0 = as they are sampled",
        between=(0, 100_000),
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
        "wait for the participants after each frame",
        becomes=everywhere("lockstep.enabled"),
    )
    policy: Literal["wait", "hold", "abort"] = run_field(
        "abort",
        "when a participant is late: wait on, go on with the last command (hold), or abort",
        becomes={EGO: "lockstep.policy"},
    )
    frames_behind: int = run_field(
        2,
        "lock-step: how many frames who only watches may be behind the ego; what comes is the same",
        between=(0, MOST_BEHIND_FRAMES),
        becomes={NUREC: "lockstep.frames_behind", RECORDER: "lockstep.frames_behind"},
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
    sensor_latency_s: float = run_field(
        0.0,
        "how long after its stamp an image, a cloud or a reading of the rig goes out",
        unit="s",
        between=(0.0, 2.0),
        becomes=_of_sensors("latency_s"),
    )
    sensor_jitter_s: float = run_field(
        0.0,
        "up to so much longer, drawn for each by the seed",
        unit="s",
        between=(0.0, 2.0),
        becomes=_of_sensors("jitter_s"),
    )
    odometry_drift_m: float = run_field(
        0.0,
        "how far odometry and TF are off in x and in y after 100 m, one sigma of a random walk",
        unit="m",
        between=(0.0, 100.0),
        becomes=_of_odometry("drift_m"),
    )
    odometry_drift_deg: float = run_field(
        0.0,
        "by how much their yaw is then, one sigma",
        unit="deg",
        between=(0.0, 90.0),
        becomes=_of_odometry("drift_deg"),
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

    @property
    def sensor_latency(self) -> Latency:
        """How long what sensors capture is under way."""
        fixed_ns, jitter_ns = map(seconds_to_ns, (self.sensor_latency_s, self.sensor_jitter_s))
        return Latency(fixed_ns, jitter_ns, self.seed)

    @property
    def odometry_drifts(self) -> bool:
        """Whether odometry is an estimate."""
        return self.odometry_drift_m > 0.0 or self.odometry_drift_deg > 0.0


def run_fields() -> dict[str, RunField]:
    """Return the fields of a run by name, in their order."""
    return {name: read_field(name, info) for name, info in RunConfig.model_fields.items()}
