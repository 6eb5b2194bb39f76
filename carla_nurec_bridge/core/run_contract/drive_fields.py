"""Fields of a run that say what is driven: the world, who is in it, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from ..resources import map_file
from .run_fields import everywhere, run_field
from .streams import AGENT, EGO, EGODRIVER, NUREC, RECORDER

Mode = Literal["drive", "replay", "scene"]
"""Who leads the ego of a run."""


class DriveFields(BaseModel):
    """The first fields of a ``RunConfig``."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

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
        "what happens to the ego: a name in config/scenarios, a YAML or .xosc file; an incident is "
        "recorded and replayed by the demo, a closed-loop scenario is driven and judged",
        becomes={EGO: "scenario"},
        file=True,
    )
    scenario_drives_on: bool = run_field(
        False,
        "drive a closed-loop scenario whose outcome is decided to its end, as scores compare",
        becomes={EGO: "scenario_drives_on"},
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
