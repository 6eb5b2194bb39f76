"""What processes make up a run: the one source for launch files and for ``carla-nurec up``.

A ``GraphConfig`` says what the user wants, ``build_graph`` turns it into processes with arguments,
environment and parameter files. Nothing is started here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ..core.errors import InputError
from ..core.field_errors import problem_text
from ..core.resources import config_path, map_file
from ..core.rig.rig import load_rig
from ..core.run_contract.streams import (
    AGENT,
    EGO,
    NUREC,
    RECORDER,
    Stream,
    plan_streams,
)
from ..core.run_contract.timebase import seconds_to_ns
from ..core.waiting_threads import ASLEEP
from ..ros.runtime.dds import segment_bytes, variables, write_profile

CARLA_SERVER = "carla_server"
NUREC_SERVER = "nurec_server"
READY = "ready:"
END_DEADLINE_S = 10.0


class GraphConfig(BaseModel):
    """What a run is made of. Lengths in metres, times in seconds of simulation unless said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_dir: Path = Field(Path("out/run"), description="folder that the run writes to")
    map: Path | None = Field(
        None,
        description="OpenDRIVE file, or shipped map (demo_town), of the embedded CARLA's world",
    )
    scene: Path | None = Field(None, description="scene package (.usdz) that NuRec renders")
    rig: str = Field("demo", description="sensor rig: a name in config/rigs or a YAML file")
    mode: Literal["drive", "replay", "scene"] = Field(
        "drive", description="drive, replay a recording, or replay a scene's recorded drive"
    )
    handover_ego_s: float = Field(
        -1.0, ge=-1, description="mode scene: when the ego is handed over; negative = never"
    )
    handover_ego_to: Literal["agent", "traffic_manager"] = Field(
        "agent", description="mode scene: who drives the ego then"
    )
    handover_tracks: tuple[str, ...] = Field(
        (), description="mode scene: tracks that the Traffic Manager takes over; * = all"
    )
    handover_tracks_s: float = Field(0.0, ge=0, description="mode scene: when it does")
    log: Path | None = Field(None, description="CARLA recorder file that mode replay plays")
    replay_start_s: float = Field(
        0.0, description="where in the recording to begin; negative = before its end"
    )
    replay_time_factor: float = Field(
        1.0, ge=0.01, le=100, description="seconds of the recording in one of simulated time"
    )
    ticks_per_frame: int = Field(1, ge=1, le=20, description="simulation ticks in one frame")
    frames: int = Field(200, ge=0, description="frames to run; 0 = until stopped")
    dt_s: float = Field(0.05, gt=0, le=1, description="simulated time of one frame")
    seed: int = Field(1, ge=0, description="seed of spawn points, traffic and route")
    vehicles: int = Field(12, ge=0, le=200, description="number of Traffic Manager vehicles")
    route_length_m: float = Field(250.0, gt=10, description="length of the agent's route")
    extras: str = Field(
        "", description="who is added to the drive: a name in config/extras or a YAML file"
    )
    ego_blueprint: str = Field("vehicle.lincoln.mkz_2020", description="blueprint of the ego")
    role_name: str = Field("hero", description="role_name of the ego (spawned, found or replayed)")
    embedded_carla: bool = Field(True, description="start the embedded CARLA server")
    carla_host: str = Field("127.0.0.1", description="address of the CARLA server")
    carla_port: int = Field(2000, ge=1, le=65534, description="port of the CARLA server")
    nurec: bool = Field(True, description="render the rig's nurec sensors")
    nurec_mode: Literal["embedded", "container", "external"] = Field(
        "embedded",
        description="start the embedded NuRec server, NVIDIA's in Docker, or use a running one",
    )
    nurec_host: str = Field("127.0.0.1", description="address of the NuRec server")
    nurec_port: int = Field(46435, ge=1, le=65535, description="port of the NuRec server")
    agent: bool = Field(True, description="start the route-following agent")
    record: bool = Field(True, description="start the recorder (bag and control videos)")
    control_rgb: Literal["carla", "nurec"] = Field(
        "carla", description="who draws the colour picture of the control videos"
    )
    cosmos_url: str = Field("", description="Cosmos server that makes videos of the run's clip")
    cosmos_prompt: str = Field(
        "", description="prompt (TOML, or a name in config/prompts) of the job at the run's end"
    )
    cosmos_deadline_s: float = Field(3600.0, gt=0, description="wall time for that job")
    lockstep: bool = Field(True, description="wait for every participant after each frame")
    policy: Literal["wait", "hold", "abort"] = Field(
        "abort", description="what to do when a participant is late"
    )
    real_time_factor: float = Field(
        0.0, ge=0, description="pace against the wall clock; 0 = as fast as possible"
    )
    start_paused: bool = Field(
        False, description="stand before frame 0 until ~/pause or ~/step says to go on"
    )
    start_deadline_s: float = Field(180.0, gt=0, description="wall time for everything to start")
    frame_deadline_s: float = Field(30.0, gt=0, description="wall time for one frame")
    first_frame_deadline_s: float = Field(180.0, gt=0, description="the same, first rendered frame")
    carla_timeout_s: float = Field(3.0, gt=0, description="wall time for one call to CARLA")
    domain_id: int | None = Field(None, ge=0, le=232, description="ROS domain; none = inherited")

    @field_validator("map", mode="before")
    @classmethod
    def _map_file(cls, value: object) -> object:
        """Take the name of a shipped map for its file."""
        return map_file(value) if isinstance(value, str | Path) else value

    @field_validator("handover_tracks", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Take a text with commas, as launch arguments and ``--set`` give it."""
        return [part for part in value.split(",") if part] if isinstance(value, str) else value


@dataclass(frozen=True)
class Process:
    """One process of a run.

    ``participant`` processes end by themselves when the run ends, the others are servers that
    print a line beginning with ``ready_line``. ``params`` is the parameter file of a ROS node,
    ``leave_s`` the wall time that it has once the run is over.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready_line: str | None
    participant: bool
    params: Path | None = None
    leave_s: float = END_DEADLINE_S


@dataclass(frozen=True)
class Graph:
    """The processes of a run in the order in which they are started, and what they must produce."""

    config: GraphConfig
    processes: tuple[Process, ...]
    participants: tuple[str, ...]
    streams: tuple[Stream, ...]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def load_config(path: Path | str, **overrides: Any) -> GraphConfig:
    """Read a run's configuration from a YAML file or a shipped name such as ``demo``.

    ``overrides`` replace fields of the file. InputError names the file, the field, what was found
    and what is allowed.
    """
    file = Path(path) if Path(path).suffix else config_path(f"{path}.yaml")
    if not file.is_file():
        raise InputError(f"no run configuration {file}; give a YAML file or the name of one")
    try:
        values = yaml.safe_load(file.read_text()) or {}
    except yaml.YAMLError as error:
        raise InputError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise InputError(f"{file} must hold 'field: value' lines, not a {type(values).__name__}")
    return checked_config({**values, **overrides}, str(file))


def checked_config(values: Mapping[str, Any], where: str) -> GraphConfig:
    """Return the configuration of these values; InputError names the field and ``where``."""
    try:
        config = GraphConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        known = GraphConfig.model_fields.get(name)
        about = f" ({known.description})" if known else f"; known: {', '.join(_fields())}"
        raise InputError(f"{where}: field {name}: {problem_text(first)}{about}") from error
    if config.mode == "replay" and config.log is None:
        raise InputError(f"{where}: mode replay needs the field log, a CARLA recorder file")
    if config.mode == "scene" and config.scene is None:
        raise InputError(f"{where}: mode scene needs the field scene, a package (.usdz)")
    for name in ("map", "scene", "log"):
        path = getattr(config, name)
        if path is not None and not path.exists():
            raise InputError(f"{where}: {name}: there is no file {path}")
    return config


def _fields() -> list[str]:
    return list(GraphConfig.model_fields)


def build_graph(config: GraphConfig) -> Graph:
    """Return the processes of a run; their parameter files are written by ``write_parameters``."""
    rig = load_rig(config.rig)
    participants = [EGO]
    participants += [NUREC] if config.nurec else []
    participants += [AGENT] if config.agent and config.mode != "replay" else []
    participants += [RECORDER] if config.record else []
    streams = plan_streams(rig, seconds_to_ns(config.dt_s), participants)
    parameters = {name: _parameters(name, config, participants) for name in participants}
    env = environment(config)
    processes = servers(config)
    for name in participants:
        params = config.run_dir.resolve() / "params" / f"{name}.yaml"
        argv = (
            sys.executable,
            "-m",
            f"carla_nurec_bridge.nodes.{name}",
            "--ros-args",
            "--params-file",
            str(params),
        )
        leave_s = END_DEADLINE_S
        if name == RECORDER and config.cosmos_url:
            leave_s += config.cosmos_deadline_s
        processes.append(Process(name, argv, env, None, True, params, leave_s))
    return Graph(config, tuple(processes), tuple(participants), streams, parameters)


def write_parameters(graph: Graph) -> None:
    """Write each node's parameter file and the Fast DDS profile below the run folder."""
    for process in graph.processes:
        if process.params is not None:
            process.params.parent.mkdir(parents=True, exist_ok=True)
            content = {"/**": {"ros__parameters": dict(graph.parameters[process.name])}}
            process.params.write_text(yaml.safe_dump(content, sort_keys=False))
    write_profile(_profile(graph.config), segment_bytes(load_rig(graph.config.rig)))


def environment(config: GraphConfig) -> dict[str, str]:
    """Return the variables that every process of a run gets on top of the inherited ones."""
    cores = str(os.cpu_count() or 1)
    env = {
        **ASLEEP,
        "OMP_NUM_THREADS": cores,
        "NUMBA_NUM_THREADS": cores,
        "PYTHONUNBUFFERED": "1",
        # Multi-megabyte messages are faulted in again for every message without these two.
        "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
        "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
        **dict.fromkeys(variables(), str(_profile(config))),
    }
    if config.domain_id is not None:
        env["ROS_DOMAIN_ID"] = str(config.domain_id)
    return env


def _profile(config: GraphConfig) -> Path:
    return config.run_dir.resolve() / "params" / "fastdds.xml"


def servers(config: GraphConfig) -> list[Process]:
    """Return the servers that a run starts itself."""
    env = environment(config)
    verb = (sys.executable, "-m", "carla_nurec_bridge.cli.main")
    found = []
    if config.embedded_carla:
        if config.map is None:
            raise InputError("the embedded CARLA needs a map: demo_town, or an OpenDRIVE file")
        carla_argv = (
            *verb,
            "carla",
            "serve",
            "--map",
            str(config.map.resolve()),
            "--host",
            config.carla_host,
            "--port",
            str(config.carla_port),
            "--seed",
            str(config.seed),
        )
        found.append(Process(CARLA_SERVER, carla_argv, env, READY, False))
    if config.nurec and config.nurec_mode != "external":
        if config.scene is None:
            raise InputError(
                "a NuRec server needs a scene package (.usdz); build one with carla-nurec scene "
                "build, or do without NuRec (nurec: false)"
            )
        scene, port = str(config.scene.resolve()), str(config.nurec_port)
        if config.nurec_mode == "embedded":
            how = ("serve", "--scene", scene, "--host", config.nurec_host, "--port", port)
        else:
            how = ("container", "--scene", scene, "--port", port, "--", "--enable-editing-actors")
        nurec_argv = (*verb, "nurec", *how)
        found.append(Process(NUREC_SERVER, nurec_argv, env, READY, False))
    return found


def _extras(config: GraphConfig) -> str:
    return str(Path(config.extras).resolve()) if Path(config.extras).suffix else config.extras


def _parameters(name: str, config: GraphConfig, participants: list[str]) -> dict[str, Any]:
    common: dict[str, Any] = {
        "run_dir": str(config.run_dir.resolve()),
        "rig": _file_or_name(config.rig),
        "scene": str(config.scene.resolve()) if config.scene else "",
        "dt_s": config.dt_s,
        "frames": config.frames,
        "lockstep.enabled": config.lockstep,
        "lockstep.participants": participants,
        # The owner of the run gives up first, because it can say what was missing.
        "deadlines.start_s": config.start_deadline_s + 15.0,
        "deadlines.frame_s": config.frame_deadline_s,
    }
    if name == NUREC:
        return common | {
            "nurec.host": config.nurec_host,
            "nurec.port": config.nurec_port,
            "extras": _extras(config),
            "seed": config.seed,
            "deadlines.first_render_s": config.first_frame_deadline_s,
        }
    if name == RECORDER:
        return common | {
            "seed": config.seed,
            "controls.rgb": config.control_rgb,
            "job.url": config.cosmos_url,
            "job.prompt": _file_or_name(config.cosmos_prompt),
            "job.at_end": bool(config.cosmos_url and config.cosmos_prompt),
            "job.deadline_s": config.cosmos_deadline_s,
        }
    if name == EGO:
        return common | {
            "deadlines.start_s": config.start_deadline_s,
            "carla.host": config.carla_host,
            "carla.port": config.carla_port,
            "carla.timeout_s": config.carla_timeout_s,
            "mode": config.mode,
            "seed": config.seed,
            "ego.blueprint": config.ego_blueprint,
            "ego.role_name": config.role_name,
            "traffic.vehicles": config.vehicles if config.mode == "drive" else 0,
            "route.length_m": config.route_length_m,
            "extras": _extras(config),
            "handover.ego_s": config.handover_ego_s,
            "handover.ego_to": config.handover_ego_to,
            "handover.tracks": list(config.handover_tracks) or [""],
            "handover.tracks_s": config.handover_tracks_s,
            "replay.log": str(config.log.resolve()) if config.log else "",
            "replay.start_s": config.replay_start_s,
            "replay.time_factor": config.replay_time_factor,
            "ticks_per_frame": config.ticks_per_frame,
            "lockstep.policy": config.policy,
            "real_time_factor": config.real_time_factor,
            "start_paused": config.start_paused,
            "deadlines.first_frame_s": config.first_frame_deadline_s,
        }
    return common


def _file_or_name(given: str) -> str:
    """Return a file's absolute path, or the name of something shipped as it is."""
    return str(Path(given).resolve()) if Path(given).suffix else given
