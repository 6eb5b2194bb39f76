"""What happens in a scenario: who, when, where, and the figures that show it."""

from __future__ import annotations

from enum import Enum

from pydantic import Field

from ...core.run_contract.record import Record
from .geometry import Vector3
from .names import PathPart


class EventKind(str, Enum):
    """What an event is; NORMAL is one that looks like another kind and is not."""

    COLLISION = "collision"
    NEAR_MISS = "near_miss"
    WRONG_WAY = "wrong_way"
    OVERTAKING = "overtaking"
    HARD_BRAKE = "hard_brake"
    CUT_IN = "cut_in"
    RED_LIGHT = "red_light"
    JAYWALKING = "jaywalking"
    STOPPED_VEHICLE = "stopped_vehicle"
    NORMAL = "normal"

    def __str__(self) -> str:
        """Return the word."""
        return self.value


class Event(Record):
    """Something that happened, or nearly did, from one stamp to another."""

    event_id: PathPart = Field(description="unique in its scenario, as collision_001")
    kind: EventKind
    start_ns: int = Field(description="stamp of its first frame")
    end_ns: int = Field(description="stamp of its last frame")
    track_ids: tuple[int, ...] = Field(description="who takes part; the first is who did it")
    place_map_m: Vector3
    lane: str | None = Field(default=None, description="OpenDRIVE's road and lane there, as 12.-1")
    evidence: dict[str, float] = Field(description="figures that show it, units in their names")
    negative_of: EventKind | None = Field(
        default=None, description="what a NORMAL one is mistaken for"
    )
    difficulty: float | None = Field(default=None, description="of a NORMAL one: 1 is the hardest")
