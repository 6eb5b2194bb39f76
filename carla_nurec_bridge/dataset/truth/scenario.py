"""What is true of a whole scenario, and of all that moves in each of its frames."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...core.run_contract.record import Record
from ...world.object_classes import SCENERY, ObjectClass
from ...world.states import LightColour, Size
from .geometry import RigidTransform, Vector3
from .names import PathPart


class ActorTruth(Record):
    """What is fixed about an actor of a scenario, with all ids that it has anywhere."""

    track_id: int = Field(ge=1)
    actor_id: int | None = Field(
        description="CARLA's id in the run; null where the source does not tell it"
    )
    recorded_id: int | None = Field(description="id in the recording that was played")
    pixel_id: int = Field(description="its pixels' value in instance images")
    object_class: ObjectClass
    blueprint: str = Field(description="empty where the source does not tell it")
    role_name: str
    colour_rgb: tuple[int, int, int] | None = Field(description="paint, sRGB 0..255")
    size_m: Size = Field(description="length, width, height")
    is_ego: bool = Field(description="whether it carries the cameras")
    map_from_box: RigidTransform | None = Field(
        default=None,
        description="of a part of the level, which stands still; others are in frames.jsonl",
    )

    @property
    def is_scenery(self) -> bool:
        """Whether it is a fixture or prop of the level, no road user and no actor."""
        return self.map_from_box is not None and self.object_class in SCENERY


class TrackState(Record):
    """An actor at one moment: the centre of its box in the map, and how that moves there."""

    track_id: int = Field(ge=1)
    map_from_box: RigidTransform
    velocity_map_mps: Vector3 | None = Field(description="null where the source tells none")
    angular_map_radps: Vector3 | None
    acceleration_map_mps2: Vector3 | None


class FrameState(Record):
    """One frame of a scenario: who is where, by rising track id, and what the lights show."""

    number: int = Field(ge=0)
    stamp_ns: int
    source_frame: int = Field(
        description="a bag's number of it, or CARLA's from the first frame on"
    )
    lights: dict[str, LightColour] = Field(description="by OpenDRIVE's signal id")
    actors: tuple[TrackState, ...]


class ScenarioTruth(Record):
    """What is true of a scenario from its first frame to its last."""

    name: PathPart
    map_name: str
    opendrive_sha256: str = Field(description="of the map's text; empty where nobody told it")
    weather: dict[str, Any] | None = Field(description="CARLA's parameters by name")
    dt_ns: int = Field(description="from frame to frame")
    t0_ns: int = Field(description="stamp of frame 0")
    frames: int
    cameras: tuple[PathPart, ...]
    actors: tuple[ActorTruth, ...] = Field(description="by rising track id")
    source: dict[str, Any] = Field(description="what it was recorded from, and how")
    kept_classes: tuple[str, ...] | None = Field(
        default=None,
        description="semantic classes of edges and masks, by name; null: all (edges: but sky)",
    )
    own_stamps: bool = Field(
        default=False,
        description="whether frames keep their source's stamps; else they are dt apart",
    )
