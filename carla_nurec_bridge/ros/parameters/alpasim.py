"""The parameters of ``alpasim_driver``."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import parameter

_WALL_S = (0.1, 3600.0)


@dataclass(frozen=True)
class AlpasimParameters:
    """What ``alpasim_driver`` was asked to do."""

    host: str = parameter(
        "127.0.0.1", "host", "address to listen on; 0.0.0.0 = every one, without encryption"
    )
    port: int = parameter(6789, "port", "port to listen on", between=(1, 65535))
    sessions: int = parameter(
        0, "sessions", "sessions to drive before the node ends; 0 = until stopped", between=(0, 1e6)
    )
    wait_s: float = parameter(
        0.0,
        "session.wait_s",
        "wall time that a session waits while another one is driven; 0 = it is refused at once",
        unit="s",
        between=(0.0, 86_400.0),
    )
    idle_s: float = parameter(
        600.0,
        "session.idle_s",
        "wall time without a call after which a session is closed if another one wants its place",
        unit="s",
        between=(1.0, 86_400.0),
    )
    lockstep: bool = parameter(
        True,
        "lockstep.enabled",
        "wait for the answer that carries the frame's stamp; else the newest one holds",
    )
    policy: str = parameter(
        "abort",
        "lockstep.policy",
        "when no answer comes in time: refuse to drive (abort), or give the last plan (hold)",
        choices=("abort", "hold"),
    )
    max_age_s: float = parameter(
        0.5,
        "plan.max_age_s",
        "without lock-step: how old the newest answer may be, in simulated time",
        unit="s",
        between=(0.0, 60.0),
    )
    wheelbase_m: float = parameter(
        2.85,
        "plan.wheelbase_m",
        "wheelbase of AlpaSim's vehicle, by which command/ackermann becomes a plan",
        unit="m",
        between=(0.5, 20.0),
    )
    horizon_s: float = parameter(
        4.0,
        "plan.horizon_s",
        "how far the plan of a command/ackermann reaches",
        unit="s",
        between=(0.1, 30.0),
    )
    start_s: float = parameter(
        20.0,
        "deadlines.start_s",
        "wall time until the stack is there, once a session starts",
        unit="s",
        between=_WALL_S,
    )
    first_plan_s: float = parameter(
        60.0,
        "deadlines.first_plan_s",
        "wall time for the first answer of a session",
        unit="s",
        between=_WALL_S,
    )
    plan_s: float = parameter(
        5.0, "deadlines.plan_s", "wall time for every other answer", unit="s", between=_WALL_S
    )
    run_dir: str = parameter("", "run_dir", "folder for the summary; empty = none is written")
