"""What is known of a scenario or of a camera's clip, as values that JSON can hold."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from pydantic import Field

from ...core.run_contract.record import Record, Rounded
from ...world.object_classes import VEHICLES, ObjectClass
from ..truth.events import EventKind

TimeOfDay = Literal["night", "twilight", "low_sun", "day", "high_sun"]
Sky = Literal["clear", "partly_cloudy", "overcast"]
Rain = Literal["none", "light", "moderate", "heavy"]
Fog = Literal["none", "light", "dense"]
RoadSurface = Literal["dry", "wet", "puddles"]
Layout = Literal["intersection", "straight_road", "bend"]
Setting = Literal["built_up", "green"]


class TimeSpan(Record):
    """From the stamp of one frame to that of another, both included."""

    start_ns: int
    end_ns: int

    def overlap(self, other: TimeSpan) -> TimeSpan | None:
        """Return the part that both have, None where there is none."""
        start, end = max(self.start_ns, other.start_ns), min(self.end_ns, other.end_ns)
        return TimeSpan(start_ns=start, end_ns=end) if start <= end else None


class Count(Record):
    """How many of a kind there are over the whole time, and in a single frame."""

    total: int = Field(description="different ones in all frames together")
    most_at_once: int
    least_at_once: int


class ActorFacts(Record):
    """An actor as far as it is there, or seen."""

    track_id: int = Field(ge=1)
    object_class: ObjectClass
    colour: str | None = Field(
        description="its paint in a word; null where nobody told, or between two"
    )
    name: str = Field(description="class and colour in words, as 'red car'")
    carries_camera: bool
    spans: tuple[TimeSpan, ...] = Field(description="when it is there, or seen and not ignored")
    moves: bool = Field(description="whether it goes 1 m or more within its spans")
    mean_mps: Rounded
    most_mps: Rounded
    lanes: tuple[str, ...] = Field(
        description="OpenDRIVE's roads and lanes that it is on, in order; () without a map"
    )


class ManoeuvreKind(str, Enum):
    """What a road user does."""

    TURNING_LEFT = "turning_left"
    TURNING_RIGHT = "turning_right"
    TURNING_ROUND = "turning_round"
    CHANGING_LANE_LEFT = "changing_lane_left"
    CHANGING_LANE_RIGHT = "changing_lane_right"
    BRAKING = "braking"
    STOPPING = "stopping"
    STANDING = "standing"
    STARTING = "starting"
    OVERTAKING = "overtaking"
    CROSSING_ROAD = "crossing_road"

    def __str__(self) -> str:
        """Return the word."""
        return self.value


class Manoeuvre(Record):
    """What a road user does from one stamp to another."""

    kind: ManoeuvreKind
    track_id: int
    span: TimeSpan
    other_track_id: int | None = Field(description="who is overtaken")
    figures: dict[str, Rounded] = Field(description="that show it, units in their names")


class PlaceFacts(Record):
    """Where it is, by the map under what is seen and by the pixels of the semantic images."""

    map_name: str
    layout: Layout | None = Field(description="null where neither map nor traffic tells it")
    driving_lanes: int | None = Field(description="of the road there, both directions together")
    traffic_lights: bool | None = Field(description="whether any is seen; null without images")
    crossing: bool | None = Field(description="whether a crossing for walkers is there")
    setting: Setting | None = Field(
        description="built_up: buildings on 5 % of the pixels or more; green: plants on 15 %"
    )
    surfaces: dict[str, Rounded] = Field(
        description="share of the pixels by semantic tag, 1 % or more"
    )


class RecordedConditions(Record):
    """The weather and light of the recording; null where the data set does not tell them."""

    time_of_day: TimeOfDay
    sun_altitude_deg: Rounded
    sky: Sky
    rain: Rain
    fog: Fog
    road: RoadSurface


class EventFacts(Record):
    """An event in words."""

    event_id: str
    kind: EventKind
    negative_of: EventKind | None
    span: TimeSpan
    track_ids: tuple[int, ...]
    seen_track_ids: tuple[int, ...] = Field(description="those that are seen meanwhile")
    text: str = Field(description="with track ids")
    plain_text: str = Field(description="without them")


class SceneFacts(Record):
    """All that is known of a scenario, or of one camera's clip of it."""

    scenario: str
    camera: str | None = Field(description="null for the whole scenario, seen or not")
    span: TimeSpan
    dt_ns: int
    frames: int
    vehicles: Count
    counts: dict[ObjectClass, Count] = Field(description="of each class that is there")
    actors: tuple[ActorFacts, ...] = Field(
        description="by rising track id; the camera's carrier too"
    )
    manoeuvres: tuple[Manoeuvre, ...] = Field(description="by rising start")
    place: PlaceFacts
    conditions: RecordedConditions | None
    events: tuple[EventFacts, ...]
    notes: tuple[str, ...] = Field(description="what could not be known, and why")

    def actor(self, track_id: int) -> ActorFacts | None:
        """Return what is known of a track, None where it is not there."""
        return next((one for one in self.actors if one.track_id == track_id), None)

    def shown(self) -> tuple[ActorFacts, ...]:
        """Return the actors without the one that carries the camera: it does not see itself."""
        return tuple(one for one in self.actors if not one.carries_camera)

    def shown_vehicles(self) -> tuple[ActorFacts, ...]:
        """Return the vehicles among those."""
        return tuple(one for one in self.shown() if one.object_class in VEHICLES)
