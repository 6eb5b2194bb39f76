"""The parameters of ``carla_ego``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import radians
from typing import get_args

from ...core.errors import InputError
from ...core.lockstep.latency import Latency
from ...core.run_contract.drive_fields import Mode
from ...core.run_contract.streams import EGO
from ...core.run_contract.timebase import seconds_to_ns
from ...world.odometry import OdometryDrift
from .declare import of_run, parameter
from .odometry import OdometryParameters
from .sensor_latency import SensorLatencyParameters

_run = partial(of_run, EGO)


@dataclass(frozen=True)
class EgoParameters(OdometryParameters, SensorLatencyParameters):
    """What ``carla_ego`` was asked to do; each field is a ROS parameter."""

    host: str = _run("carla_host")
    port: int = _run("carla_port")
    timeout_s: float = _run("carla_timeout_s")
    sensor_tick: bool = parameter(
        True,
        "carla.sensor_tick",
        "let CARLA make the pictures that are due and no others; off: one at every tick",
    )
    map: str = parameter("", "carla.map", "map to load; empty keeps the one that is there")
    rig: str = _run("rig")
    scene: str = _run("scene")
    run_dir: str = _run("run_dir", "", "folder for the summary; empty = none is written")
    mode: str = _run(
        "mode",
        description="drive, replay a CARLA recording, replay a scene's recorded drive, or drive "
        "while another client ticks (follow)",
        choices=(*get_args(Mode), "follow"),
    )
    follow_run: str = parameter(
        "",
        "follow.run",
        "mode follow: topic lockstep/run of the carla_ego that ticks, such as /ego1/lockstep/run; "
        "its stamps are taken and /clock is left to it; empty = nobody else publishes /clock",
    )
    follow_s: float = parameter(
        60.0,
        "follow.patience_s",
        "mode follow: wall time in s without a tick until the run ends",
        between=(0.1, 86400),
    )
    handover_ego_s: float = _run("handover_ego_s")
    handover_ego_to: str = _run("handover_ego_to")
    handover_tracks: tuple[str, ...] = _run("handover_tracks")
    handover_tracks_s: float = _run("handover_tracks_s")
    inserted_actors: str = _run("inserted_actors")
    scenario: str = _run("scenario")
    scenario_drives_on: bool = _run("scenario_drives_on")
    frame_prefix: str = parameter(
        "", "frame_prefix", "goes before every frame id but map, such as ego1/"
    )
    spectator: bool = parameter(False, "spectator.follow", "CARLA's spectator follows the ego")
    ego_watch: str = parameter(
        "end",
        "ego.watch",
        "when another client drives, moves or stops the ego: end the run, warn, or do not look",
        choices=("end", "warn", "off"),
    )
    reconnect_s: float = parameter(
        0.0,
        "carla.reconnect_s",
        "wall time in s for CARLA to come back when it dies, without lock-step; 0 = end the run",
        between=(0, 86400),
    )
    start_paused: bool = _run("start_paused")
    dt_s: float = _run("dt_s")
    ticks_per_frame: int = _run("ticks_per_frame")
    frames: int = _run("frames", 0)
    seed: int = _run("seed")
    blueprint: str = _run("ego_blueprint")
    role_name: str = _run("role_name")
    vehicles: int = _run("vehicles", 0)
    route_length_m: float = _run("route_length_m")
    log: str = _run("log")
    log_start_s: float = _run("replay_start_s")
    log_time_factor: float = _run("replay_time_factor")
    lockstep: bool = _run("lockstep", False)
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    policy: str = _run("policy")
    start_s: float = _run("start_deadline_s", 20.0, "wall time until all are connected")
    frame_s: float = _run("frame_deadline_s", 5.0, "wall time for the answers to a frame")
    first_frame_s: float = _run("first_frame_deadline_s", 60.0)
    end_s: float = parameter(
        10.0, "deadlines.end_s", "wall time in s for participants to leave", between=(0.1, 3600)
    )
    real_time_factor: float = _run("real_time_factor", 1.0)
    command_hold_s: float = parameter(
        0.5,
        "command.hold_s",
        "simulated time in s for which a command holds without lock-step",
        between=(0.01, 60),
    )
    watchdog: str = parameter(
        "brake",
        "command.watchdog",
        "what happens then: brake to a stand, or hold the command",
        choices=("brake", "hold"),
    )
    command_latency_s: float = _run("command_latency_s")
    command_jitter_s: float = _run("command_jitter_s")
    cmd_vel: str = parameter(
        "twist",
        "command.cmd_vel",
        "type of the topic cmd_vel without lock-step: geometry_msgs/Twist, TwistStamped, or none",
        choices=("twist", "twist_stamped", "off"),
    )
    publish_map_to_odom: bool = parameter(
        True, "tf.map_to_odom", "publish map -> odom (identity); off when a localiser does"
    )
    publish_odom_to_base: bool = parameter(
        True, "tf.odom_to_base", "publish odom -> base_link; off when an odometry source does"
    )

    @property
    def owns_clock(self) -> bool:
        """Whether this node publishes ``/clock``."""
        return self.mode != "follow" or not self.follow_run

    @property
    def command_latency(self) -> Latency:
        """How long commands are under way."""
        fixed_ns, jitter_ns = map(seconds_to_ns, (self.command_latency_s, self.command_jitter_s))
        return Latency(fixed_ns, jitter_ns, self.seed)

    @property
    def odometry_drift(self) -> OdometryDrift:
        """How odometry drifts."""
        return OdometryDrift(self.odometry_drift_m, radians(self.odometry_drift_deg), self.seed)

    @property
    def dt_ns(self) -> int:
        """The simulated time of a frame in nanoseconds."""
        return seconds_to_ns(self.dt_s)

    @property
    def tick_ns(self) -> int:
        """The simulated time of one of CARLA's ticks in nanoseconds."""
        ticks, rest = divmod(self.dt_ns, self.ticks_per_frame)
        if rest:
            raise InputError(
                f"ticks_per_frame {self.ticks_per_frame} does not divide a frame of "
                f"{self.dt_ns} ns; choose another dt_s"
            )
        return ticks
