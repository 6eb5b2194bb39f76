"""The parameters of ``egodriver_agent``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ...core.run_contract.streams import EGODRIVER
from .declare import of_run, parameter
from .sensor_latency import SensorLatencyParameters

_run = partial(of_run, EGODRIVER)


@dataclass(frozen=True)
class EgodriverParameters(SensorLatencyParameters):
    """What ``egodriver_agent`` was asked to do."""

    target: str = _run("egodriver", "127.0.0.1:50051", "policy server: HOST:PORT or unix:PATH")
    remote: bool = parameter(
        False, "policy.allow_remote", "allow a server on another machine (no encryption)"
    )
    period_s: float = parameter(
        0.1,
        "policy.period_s",
        "simulated time from one plan to the next, a whole number of frames",
        unit="s",
        between=(0.001, 10.0),
    )
    route_m: float = parameter(
        100.0,
        "policy.route_m",
        "how much of the route ahead the policy is told",
        unit="m",
        between=(5.0, 10_000.0),
    )
    seed: int = _run("seed", description="seed that the policy is told")
    scene: str = _run("scene", description="scene package; its name is what the policy is told")
    rig: str = _run("rig")
    run_dir: str = _run("run_dir", "", "folder for the summary; empty = none is written")
    dt_s: float = _run("dt_s")
    lockstep: bool = _run("lockstep", False, "answer every frame, skip none")
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    start_s: float = _run("start_deadline_s", 20.0, "wall time until the policy and a route come")
    frame_s: float = _run("frame_deadline_s", 5.0, "wall time for a frame's images, and for a call")
    first_plan_s: float = _run("first_frame_deadline_s", 60.0, "wall time for the first plan")
