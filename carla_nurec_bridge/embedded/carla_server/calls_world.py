"""Calls about the episode: version, ticks, maps, settings, weather, blueprints, registries."""

from __future__ import annotations

from typing import Any

from ...core.errors import InputError
from .blueprints import definitions
from .control import LIGHT_STATE
from .registry import CallFailure, refuse, serve
from .simulation import Simulation
from .streams import WORLD_STREAM, stream_token
from .structs import (
    ACTOR,
    BOUNDING_BOX,
    DEFINITION,
    EPISODE_INFO,
    LABELLED_POINT,
    MAP_INFO,
    OPENDRIVE_PARAMETERS,
    SETTINGS,
    TOKEN,
    WEATHER,
    ActorDefinition,
    ActorInfo,
    BoundingBox,
    EpisodeInfo,
    EpisodeSettings,
    LabelledPoint,
    MapInfo,
    OpendriveParameters,
    Transform,
    Vector,
    Weather,
)
from .wire import BOOL, BYTES, FLOAT, INT, RAW, TEXT, VECTOR, Codec, list_of

VERSION = "0.9.16"
MAP_FOLDER = "Carla/Maps"
GENERATED = "OpenDriveMap"
DEFAULT_IMUI_GRAVITY = 9.81
_PAIR = Codec("pair", list, list)


@serve("version", returns=TEXT)
def version(simulation: Simulation) -> str:
    """Return the CARLA version whose protocol is spoken."""
    return VERSION


@serve("tick_cue", returns=INT)
def tick_cue(simulation: Simulation) -> int:
    """Advance the world by one step."""
    return simulation.step()


@serve("get_available_maps", returns=list_of(TEXT))
def get_available_maps(simulation: Simulation) -> list[str]:
    """Return the names of the maps that can be loaded."""
    return [f"/Game/{MAP_FOLDER}/{name}" for name in simulation.maps.names()]


@serve("load_new_episode", TEXT, BOOL, INT)
def load_new_episode(
    simulation: Simulation, name: str, reset_settings: bool, layers: int
) -> None:
    """Start over on a map; the empty name means the present one."""
    try:
        simulation.load(name)
    except InputError as error:
        raise CallFailure(str(error)) from error
    if reset_settings:
        simulation.apply_settings(EpisodeSettings())


@serve("copy_opendrive_to_file", TEXT, OPENDRIVE_PARAMETERS)
def copy_opendrive_to_file(
    simulation: Simulation, xodr: str, parameters: OpendriveParameters
) -> None:
    """Keep sent OpenDRIVE text as the map that is loaded next."""
    simulation.maps.generated[GENERATED] = xodr


@serve("get_episode_info", returns=EPISODE_INFO)
def get_episode_info(simulation: Simulation) -> EpisodeInfo:
    """Return the episode's number and the world stream's token."""
    return EpisodeInfo(simulation.episode, stream_token(WORLD_STREAM, simulation.streams.port))


@serve("get_map_info", returns=MAP_INFO)
def get_map_info(simulation: Simulation) -> MapInfo:
    """Return the map's name and spawn points."""
    level = simulation.level
    return MapInfo(f"{MAP_FOLDER}/{level.name}", [Transform(*pose) for pose in level.spawns])


@serve("get_map_data", returns=TEXT)
def get_map_data(simulation: Simulation) -> str:
    """Return the OpenDRIVE text."""
    return simulation.level.xodr


@serve("get_episode_settings", returns=SETTINGS)
def get_episode_settings(simulation: Simulation) -> EpisodeSettings:
    """Return the settings."""
    return simulation.settings


@serve("set_episode_settings", SETTINGS, returns=INT)
def set_episode_settings(simulation: Simulation, settings: EpisodeSettings) -> int:
    """Change the settings; return the present frame."""
    return simulation.apply_settings(settings)


@serve("get_actor_definitions", returns=list_of(DEFINITION))
def get_actor_definitions(simulation: Simulation) -> tuple[ActorDefinition, ...]:
    """Return the blueprint library."""
    return definitions()


@serve("get_spectator", returns=ACTOR)
def get_spectator(simulation: Simulation) -> ActorInfo:
    """Return the spectator."""
    return simulation.spectator.info()


@serve("get_weather_parameters", returns=WEATHER)
def get_weather_parameters(simulation: Simulation) -> Weather:
    """Return the weather."""
    return simulation.weather


@serve("set_weather_parameters", WEATHER)
def set_weather_parameters(simulation: Simulation, weather: Weather) -> None:
    """Change the weather; the sun moves and clouds dim it, the rest is kept only."""
    simulation.weather = weather


@serve("get_sensor_token", INT, returns=TOKEN)
def get_sensor_token(simulation: Simulation, stream_id: int) -> bytes:
    """Return the token of a stream, whose listener is then waited for."""
    simulation.streams.expect(stream_id)
    return stream_token(stream_id, simulation.streams.port)


@serve("query_lights_state", TEXT, returns=RAW)
def query_lights_state(simulation: Simulation, client: str) -> list[Any]:
    """Return the lamps of the level: it has none."""
    return []


@serve("update_lights_state", TEXT, RAW, BOOL)
def update_lights_state(
    simulation: Simulation, client: str, lights: Any, discard_client: bool
) -> None:
    """Accept changes of lamps; the level has none."""


@serve("get_all_level_BBs", INT, returns=list_of(BOUNDING_BOX))
def get_all_level_boxes(simulation: Simulation, tag: int) -> list[BoundingBox]:
    """Return the boxes of level objects with a tag."""
    return simulation.sensors.level_boxes(tag)


@serve("get_names_of_all_objects", returns=list_of(TEXT))
def get_names_of_all_objects(simulation: Simulation) -> list[str]:
    """Return the names of level objects: they have none."""
    return []


@serve("project_point", VECTOR, VECTOR, FLOAT, returns=_PAIR)
def project_point(
    simulation: Simulation, origin: Vector, direction: Vector, reach_m: float
) -> list[Any]:
    """Return whether a ray hits something, and where."""
    hit = simulation.sensors.first_hit(origin, direction, reach_m)
    point = hit or LabelledPoint((0.0, 0.0, 0.0), 0)
    return [hit is not None, LABELLED_POINT.encode(point)]


@serve("cast_ray", VECTOR, VECTOR, returns=list_of(LABELLED_POINT))
def cast_ray(simulation: Simulation, start: Vector, end: Vector) -> list[LabelledPoint]:
    """Return the points where a line meets surfaces, from its start on."""
    return simulation.sensors.hits_between(start, end)


@serve("get_vehicle_light_states", returns=RAW)
def get_vehicle_light_states(simulation: Simulation) -> list[list[int]]:
    """Return [vehicle, flags of its lamps] of every vehicle."""
    return [[actor.id, actor.light_flags] for actor in simulation.actors.of_kind("vehicle")]


@serve("get_vehicle_light_state", INT, returns=LIGHT_STATE)
def get_vehicle_light_state(simulation: Simulation, actor_id: int) -> int:
    """Return the flags of a vehicle's lamps."""
    return simulation.actors.get(actor_id, "vehicle").light_flags


@serve("set_vehicle_light_state", INT, LIGHT_STATE)
def set_vehicle_light_state(simulation: Simulation, actor_id: int, flags: int) -> None:
    """Switch a vehicle's lamps."""
    simulation.actors.get(actor_id, "vehicle").light_flags = flags


@serve("is_traffic_manager_running", INT, returns=BOOL)
def is_traffic_manager_running(simulation: Simulation, port: int) -> bool:
    """Say whether a Traffic Manager is registered at a port."""
    return port in simulation.traffic_managers


@serve("get_traffic_manager_running", INT, returns=_PAIR)
def get_traffic_manager_running(simulation: Simulation, port: int) -> tuple[str, int]:
    """Return the address of the Traffic Manager at a port."""
    return simulation.traffic_managers.get(port, ("", 0))


@serve("add_traffic_manager_running", RAW, returns=BOOL)
def add_traffic_manager_running(simulation: Simulation, address: Any) -> bool:
    """Register a Traffic Manager; false when its port is taken."""
    host, port = address
    if port in simulation.traffic_managers:
        return False
    simulation.traffic_managers[port] = (str(host), int(port))
    return True


@serve("destroy_traffic_manager", INT, returns=BOOL)
def destroy_traffic_manager(simulation: Simulation, port: int) -> bool:
    """Forget a Traffic Manager."""
    return simulation.traffic_managers.pop(port, None) is not None


@serve("get_imui_gravity", returns=FLOAT)
def get_imui_gravity(simulation: Simulation) -> float:
    """Return the gravity in m/s^2."""
    return DEFAULT_IMUI_GRAVITY


@serve("console_command", TEXT, returns=BOOL)
def console_command(simulation: Simulation, command: str) -> bool:
    """Refuse engine commands: there is no engine."""
    return False


@serve("draw_debug_shape", RAW)
def draw_debug_shape(simulation: Simulation, shape: Any) -> None:
    """Accept debug drawings; there is no window to show them in."""



refuse("get_gbuffer_token", returns=BYTES)
refuse("get_environment_objects", returns=RAW)
refuse("are_gbuffers_enabled is_sensor_enabled_for_ros", returns=BOOL)
refuse(
    "load_map_layer unload_map_layer apply_color_texture_to_objects "
    "apply_float_color_texture_to_objects enable_environment_objects "
    "set_annotations_traverse_translucency set_imui_gravity enable_sensor_for_ros "
    "disable_sensor_for_ros send enable_gbuffers clear_debug_shape clear_debug_string "
    "update_day_night_cycle"
)
