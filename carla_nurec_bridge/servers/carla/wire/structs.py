"""CARLA 0.9.16's structs as frozen dataclasses, each with the codec of its wire order.

Units are CARLA's: metres, m/s, degrees; rotations are (pitch, yaw, roll); left-handed axes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .codecs import (
    BOOL,
    BYTE,
    BYTES,
    FLOAT,
    INT,
    TEXT,
    VECTOR,
    list_of,
    optional,
    single,
    struct,
)

Vector = tuple[float, float, float]
ZERO: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Transform:
    """A pose: location in metres, rotation (pitch, yaw, roll) in degrees."""

    location: Vector = ZERO
    rotation: Vector = ZERO


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A box of half sizes ``extent`` around ``location``, both in metres."""

    location: Vector = ZERO
    extent: Vector = ZERO
    rotation: Vector = ZERO
    actor_id: int = 0


@dataclass(frozen=True, slots=True)
class TrafficManagerAddress:
    """Where a client's Traffic Manager listens."""

    host: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """An attribute of a spawned actor; ``type`` is 1 bool, 2 int, 3 float, 4 text, 5 colour."""

    id: str
    type: int
    value: str


@dataclass(frozen=True, slots=True)
class ActorDescription:
    """What to spawn: the blueprint's number and id and all of its attributes."""

    uid: int
    id: str
    attributes: list[AttributeValue] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ActorInfo:
    """What a client is told of an actor; ``stream_token`` is empty or 24 bytes."""

    id: int
    parent_id: int
    description: ActorDescription
    bounding_box: BoundingBox
    semantic_tags: bytes
    stream_token: bytes


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """An attribute of a blueprint: default, recommended values, and who may change it."""

    id: str
    type: int
    value: str
    recommended: tuple[str, ...] = ()
    modifiable: bool = True
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class ActorDefinition:
    """A blueprint as the client's library lists it."""

    uid: int
    id: str
    tags: str
    attributes: tuple[AttributeDefinition, ...]


@dataclass(frozen=True, slots=True)
class EpisodeInfo:
    """The number of the episode and the token of its world stream."""

    id: int
    token: bytes


@dataclass(frozen=True, slots=True)
class MapInfo:
    """The map's name and recommended spawn points."""

    name: str
    spawn_points: list[Transform]


@dataclass(frozen=True, slots=True)
class EpisodeSettings:
    """The world's settings, with CARLA's defaults."""

    synchronous_mode: bool = False
    no_rendering_mode: bool = False
    fixed_delta_seconds: float | None = None
    substepping: bool = True
    max_substep_delta_time: float = 0.01
    max_substeps: int = 10
    max_culling_distance: float = 0.0
    deterministic_ragdolls: bool = False
    tile_stream_distance: float = 3000.0
    actor_active_distance: float = 2000.0
    spectator_as_ego: bool = True


@dataclass(frozen=True, slots=True)
class Weather:
    """The fourteen numbers of CARLA's weather; the default is its ClearNoon."""

    cloudiness: float = 5.0
    precipitation: float = 0.0
    precipitation_deposits: float = 0.0
    wind_intensity: float = 10.0
    sun_azimuth_angle: float = -1.0
    sun_altitude_angle: float = 45.0
    fog_density: float = 2.0
    fog_distance: float = 0.75
    fog_falloff: float = 0.1
    wetness: float = 0.0
    scattering_intensity: float = 1.0
    mie_scattering_scale: float = 0.03
    rayleigh_scattering_scale: float = 0.0331
    dust_storm: float = 0.0


@dataclass(frozen=True, slots=True)
class OpendriveParameters:
    """How a world is generated from OpenDRIVE text."""

    vertex_distance: float = 2.0
    max_road_length: float = 50.0
    wall_height: float = 1.0
    additional_width: float = 0.6
    smooth_junctions: bool = True
    enable_mesh_visibility: bool = True
    enable_pedestrian_navigation: bool = True


@dataclass(frozen=True, slots=True)
class LabelledPoint:
    """A point on a surface and the semantic tag of that surface."""

    location: Vector
    label: int


TRANSFORM = struct(Transform, location=VECTOR, rotation=VECTOR)
BOUNDING_BOX = struct(BoundingBox, location=VECTOR, extent=VECTOR, rotation=VECTOR, actor_id=INT)
ATTRIBUTE_VALUE = struct(AttributeValue, id=TEXT, type=BYTE, value=TEXT)
DESCRIPTION = struct(ActorDescription, uid=INT, id=TEXT, attributes=list_of(ATTRIBUTE_VALUE))
ACTOR = struct(
    ActorInfo,
    id=INT,
    parent_id=INT,
    description=DESCRIPTION,
    bounding_box=BOUNDING_BOX,
    semantic_tags=BYTES,
    stream_token=BYTES,
)
DEFINITION = struct(
    ActorDefinition,
    uid=INT,
    id=TEXT,
    tags=TEXT,
    attributes=list_of(
        struct(
            AttributeDefinition,
            id=TEXT,
            type=INT,
            value=TEXT,
            recommended=list_of(TEXT),
            modifiable=BOOL,
            restricted=BOOL,
        )
    ),
)
TOKEN = single(BYTES)
EPISODE_INFO = struct(EpisodeInfo, id=INT, token=TOKEN)
TRAFFIC_MANAGER = struct(TrafficManagerAddress, host=TEXT, port=INT)
MAP_INFO = struct(MapInfo, name=TEXT, spawn_points=list_of(TRANSFORM))
SETTINGS = struct(
    EpisodeSettings,
    synchronous_mode=BOOL,
    no_rendering_mode=BOOL,
    fixed_delta_seconds=optional(FLOAT),
    substepping=BOOL,
    max_substep_delta_time=FLOAT,
    max_substeps=INT,
    max_culling_distance=FLOAT,
    deterministic_ragdolls=BOOL,
    tile_stream_distance=FLOAT,
    actor_active_distance=FLOAT,
    spectator_as_ego=BOOL,
)
WEATHER = struct(Weather, **dict.fromkeys(Weather.__dataclass_fields__, FLOAT))
OPENDRIVE_PARAMETERS = struct(
    OpendriveParameters,
    vertex_distance=FLOAT,
    max_road_length=FLOAT,
    wall_height=FLOAT,
    additional_width=FLOAT,
    smooth_junctions=BOOL,
    enable_mesh_visibility=BOOL,
    enable_pedestrian_navigation=BOOL,
)
LABELLED_POINT = struct(LabelledPoint, location=VECTOR, label=INT)
