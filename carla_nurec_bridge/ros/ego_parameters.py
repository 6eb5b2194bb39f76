"""The parameters of ``carla_ego``."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import InputError
from ..core.timebase import seconds_to_ns
from .parameters import parameter


@dataclass(frozen=True)
class EgoParameters:
    """What ``carla_ego`` was asked to do; each field is a ROS parameter."""

    host: str = parameter("127.0.0.1", "carla.host", "address of the CARLA server")
    port: int = parameter(2000, "carla.port", "port of the CARLA server", between=(1, 65534))
    timeout_s: float = parameter(
        3.0, "carla.timeout_s", "wall time in s for one call to CARLA", between=(0.1, 600)
    )
    map: str = parameter("", "carla.map", "map to load; empty keeps the one that is there")
    rig: str = parameter("demo", "rig", "sensor rig: a shipped name or a YAML file")
    scene: str = parameter("", "scene", "scene package that NuRec draws; empty = none")
    run_dir: str = parameter("", "run_dir", "folder for the summary; empty = none is written")
    mode: str = parameter(
        "drive", "mode", "drive, or replay a recording", choices=("drive", "replay")
    )
    dt_s: float = parameter(
        0.05, "dt_s", "simulated time of one frame in s", between=(0.001, 1.0)
    )
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
        0.0, "replay.start_s", "where in the recording to begin, s", between=(0, 1e6)
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
        60.0, "deadlines.first_frame_s", "the same for the first rendered frame",
        between=(0.1, 3600),
    )  # fmt: skip
    end_s: float = parameter(
        10.0, "deadlines.end_s", "wall time in s for participants to leave", between=(0.1, 3600)
    )
    real_time_factor: float = parameter(
        1.0, "real_time_factor", "pace against the wall clock; 0 = as fast as possible",
        between=(0, 1000),
    )  # fmt: skip
    command_hold_s: float = parameter(
        0.5, "command.hold_s", "simulated time in s for which a command holds without lock-step",
        between=(0.01, 60),
    )  # fmt: skip
    publish_map_to_odom: bool = parameter(
        True, "tf.map_to_odom", "publish map -> odom (identity); off when a localiser does"
    )
    publish_odom_to_base: bool = parameter(
        True, "tf.odom_to_base", "publish odom -> base_link; off when an odometry source does"
    )

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
