"""The parameters of ``carla_ego``."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import InputError
from ...core.run_contract.timebase import seconds_to_ns
from .declare import parameter


@dataclass(frozen=True)
class EgoParameters:
    """What ``carla_ego`` was asked to do; each field is a ROS parameter."""

    host: str = parameter("127.0.0.1", "carla.host", "address of the CARLA server")
    port: int = parameter(2000, "carla.port", "port of the CARLA server", between=(1, 65534))
    timeout_s: float = parameter(
        3.0, "carla.timeout_s", "wall time in s for one call to CARLA", between=(0.1, 600)
    )
    sensor_tick: bool = parameter(
        True,
        "carla.sensor_tick",
        "let CARLA make the pictures that are due and no others; off: one at every tick",
    )
    map: str = parameter("", "carla.map", "map to load; empty keeps the one that is there")
    rig: str = parameter("demo", "rig", "sensor rig: a shipped name or a YAML file")
    scene: str = parameter("", "scene", "scene package that NuRec draws; empty = none")
    run_dir: str = parameter("", "run_dir", "folder for the summary; empty = none is written")
    mode: str = parameter(
        "drive",
        "mode",
        "drive, replay a CARLA recording, replay a scene's recorded drive, or drive while "
        "another client ticks (follow)",
        choices=("drive", "replay", "scene", "follow"),
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
    handover_ego_s: float = parameter(
        -1.0,
        "handover.ego_s",
        "mode scene: simulated time in s after which the ego is driven; negative = never",
        between=(-1.0, 1e6),
    )
    handover_ego_to: str = parameter(
        "agent", "handover.ego_to", "who drives the ego then", choices=("agent", "traffic_manager")
    )
    handover_tracks: tuple[str, ...] = parameter(
        (), "handover.tracks", "mode scene: tracks that the Traffic Manager takes over; * = all"
    )
    handover_tracks_s: float = parameter(
        0.0, "handover.tracks_s", "simulated time in s after which it does", between=(0, 1e6)
    )
    extras: str = parameter(
        "", "extras", "who is added: a name in config/extras or a YAML file; modes drive and scene"
    )
    frame_prefix: str = parameter(
        "", "frame_prefix", "goes before every frame id but map, such as ego1/"
    )
    spectator: bool = parameter(False, "spectator.follow", "CARLA's spectator follows the ego")
    reconnect_s: float = parameter(
        0.0,
        "carla.reconnect_s",
        "wall time in s for CARLA to come back when it dies, without lock-step; 0 = end the run",
        between=(0, 86400),
    )
    start_paused: bool = parameter(
        False, "start_paused", "stand before frame 0 until ~/pause or ~/step says to go on"
    )
    dt_s: float = parameter(0.05, "dt_s", "simulated time of one frame in s", between=(0.001, 1.0))
    ticks_per_frame: int = parameter(
        1, "ticks_per_frame", "simulation ticks in one frame", between=(1, 20)
    )
    frames: int = parameter(
        0, "frames", "frames to run; 0 = until stopped", between=(0, 100_000_000)
    )
    seed: int = parameter(
        1, "seed", "seed of spawn points, traffic and route", between=(0, 2_000_000_000)
    )
    blueprint: str = parameter(
        "vehicle.lincoln.mkz_2020", "ego.blueprint", "blueprint of the ego if it is spawned"
    )
    role_name: str = parameter("hero", "ego.role_name", "role_name by which the ego is found")
    vehicles: int = parameter(
        0, "traffic.vehicles", "number of Traffic Manager vehicles", between=(0, 200)
    )
    route_length_m: float = parameter(
        250.0, "route.length_m", "length of the route in m", between=(10, 100_000)
    )
    log: str = parameter("", "replay.log", "CARLA recorder file that mode replay plays")
    log_start_s: float = parameter(
        0.0,
        "replay.start_s",
        "where in the recording to begin, s; negative = before its end",
        between=(-1e6, 1e6),
    )
    log_time_factor: float = parameter(
        1.0,
        "replay.time_factor",
        "seconds of the recording in one of simulated time",
        between=(0.01, 100),
    )
    lockstep: bool = parameter(
        False, "lockstep.enabled", "wait for every participant after each frame"
    )
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    policy: str = parameter(
        "abort",
        "lockstep.policy",
        "when a participant is late: wait on, go on with the last command (hold), or abort",
        choices=("wait", "hold", "abort"),
    )
    start_s: float = parameter(
        20.0, "deadlines.start_s", "wall time in s until all are connected", between=(0.1, 3600)
    )
    frame_s: float = parameter(
        5.0, "deadlines.frame_s", "wall time in s for the answers to a frame", between=(0.1, 3600)
    )
    first_frame_s: float = parameter(
        60.0,
        "deadlines.first_frame_s",
        "the same for the first rendered frame",
        between=(0.1, 3600),
    )
    end_s: float = parameter(
        10.0, "deadlines.end_s", "wall time in s for participants to leave", between=(0.1, 3600)
    )
    real_time_factor: float = parameter(
        1.0,
        "real_time_factor",
        "pace against the wall clock; 0 = as fast as possible",
        between=(0, 1000),
    )
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
