"""Calls about the episode: version, ticks, maps, settings, weather, blueprints, registries."""

from __future__ import annotations

from ..physics.control import LIGHT_STATE
from ..simulation import Simulation
from ..wire.codecs import (
    BOOL,
    BYTES,
    FLOAT,
    INT,
    RAW,
    TEXT,
    list_of,
)
from ..wire.streams import WORLD_STREAM
from ..wire.structs import (
    ACTOR,
    DEFINITION,
    EPISODE_INFO,
    MAP_INFO,
    OPENDRIVE_PARAMETERS,
    SETTINGS,
    TOKEN,
    TRAFFIC_MANAGER,
    WEATHER,
    ActorDefinition,
    ActorInfo,
    EpisodeInfo,
    EpisodeSettings,
    MapInfo,
    OpendriveParameters,
    TrafficManagerAddress,
    Transform,
    Weather,
)
from ..world.blueprints import definitions
from .registry import refuse, serve

VERSION = "0.9.16"
MAP_FOLDER = "Carla/Maps"
GENERATED = "OpenDriveMap"
ALL_LAYERS = 0xFFFF


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
def load_new_episode(simulation: Simulation, name: str, reset_settings: bool, layers: int) -> None:
    """Start over on a map; the empty name means the present one.

    Only the map ``layers`` (bits of ``carla.MapLayer``) are shown.
    """
    simulation.load(name)
    simulation.episode.scenery.set_layers(ALL_LAYERS & ~layers, shown=False)
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
    return EpisodeInfo(simulation.episode.number, simulation.streams.token(WORLD_STREAM))


@serve("get_map_info", returns=MAP_INFO)
def get_map_info(simulation: Simulation) -> MapInfo:
    """Return the map's name and spawn points."""
    level = simulation.episode.level
    return MapInfo(f"{MAP_FOLDER}/{level.name}", [Transform(*pose) for pose in level.spawns])


@serve("get_map_data", returns=TEXT)
def get_map_data(simulation: Simulation) -> str:
    """Return the OpenDRIVE text."""
    return simulation.episode.level.xodr


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
    return simulation.episode.spectator.info()


@serve("get_weather_parameters", returns=WEATHER)
def get_weather_parameters(simulation: Simulation) -> Weather:
    """Return the weather."""
    return simulation.episode.weather


@serve("set_weather_parameters", WEATHER)
def set_weather_parameters(simulation: Simulation, weather: Weather) -> None:
    """Change the weather, and with the sun the street lamps."""
    simulation.episode.weather = weather
    simulation.episode.scenery.switch_with_sun(weather.sun_altitude_angle)


@serve("get_sensor_token", INT, returns=TOKEN)
def get_sensor_token(simulation: Simulation, stream_id: int) -> bytes:
    """Return the token of a stream, whose listener is then waited for."""
    token = simulation.streams.token(stream_id)
    simulation.streams.expect(stream_id)
    return token


@serve("get_vehicle_light_states", returns=RAW)
def get_vehicle_light_states(simulation: Simulation) -> list[list[int]]:
    """Return [vehicle, flags of its lamps] of every vehicle."""
    return [[actor.id, actor.light_flags] for actor in simulation.episode.actors.of_kind("vehicle")]


@serve("get_vehicle_light_state", INT, returns=LIGHT_STATE)
def get_vehicle_light_state(simulation: Simulation, actor_id: int) -> int:
    """Return the flags of a vehicle's lamps."""
    return simulation.episode.actors.get(actor_id, "vehicle").light_flags


@serve("set_vehicle_light_state", INT, LIGHT_STATE)
def set_vehicle_light_state(simulation: Simulation, actor_id: int, flags: int) -> None:
    """Switch a vehicle's lamps."""
    simulation.episode.actors.get(actor_id, "vehicle").light_flags = flags


@serve("is_traffic_manager_running", INT, returns=BOOL)
def is_traffic_manager_running(simulation: Simulation, port: int) -> bool:
    """Say whether a Traffic Manager is registered at a port."""
    return port in simulation.traffic_managers


@serve("get_traffic_manager_running", INT, returns=TRAFFIC_MANAGER)
def get_traffic_manager_running(simulation: Simulation, port: int) -> TrafficManagerAddress:
    """Return the address of the Traffic Manager at a port."""
    return simulation.traffic_managers.get(port, TrafficManagerAddress())


@serve("add_traffic_manager_running", TRAFFIC_MANAGER, returns=BOOL)
def add_traffic_manager_running(simulation: Simulation, address: TrafficManagerAddress) -> bool:
    """Register a Traffic Manager; false when its port is taken."""
    if address.port in simulation.traffic_managers:
        return False
    simulation.traffic_managers[address.port] = address
    return True


@serve("destroy_traffic_manager", INT, returns=BOOL)
def destroy_traffic_manager(simulation: Simulation, port: int) -> bool:
    """Forget a Traffic Manager."""
    return simulation.traffic_managers.pop(port, None) is not None


@serve("get_imui_gravity", returns=FLOAT)
def get_imui_gravity(simulation: Simulation) -> float:
    """Return the gravity that IMU sensors feel in m/s^2."""
    return simulation.episode.imu_gravity_m_s2


@serve("set_imui_gravity", FLOAT)
def set_imui_gravity(simulation: Simulation, gravity_m_s2: float) -> None:
    """Change the gravity that IMU sensors feel."""
    simulation.episode.imu_gravity_m_s2 = gravity_m_s2


@serve("set_annotations_traverse_translucency", BOOL)
def set_annotations_traverse_translucency(simulation: Simulation, enabled: bool) -> None:
    """Accept that labels see through glass: no label camera here is hindered by any."""


@serve("is_sensor_enabled_for_ros", INT, returns=BOOL)
def is_sensor_enabled_for_ros(simulation: Simulation, stream_id: int) -> bool:
    """Say that the server itself publishes nothing on ROS: the bridge does."""
    return False


@serve("are_gbuffers_enabled", INT, returns=BOOL)
def are_gbuffers_enabled(simulation: Simulation, actor_id: int) -> bool:
    """Say that there are no g-buffers: images are traced, not rasterised."""
    return False


NO_UNREAL = "there is no Unreal Engine behind this server"
refuse("console_command", returns=BOOL, why=f"{NO_UNREAL} to command")
refuse("get_gbuffer_token", returns=BYTES, why="images are traced, there are no g-buffers")
refuse("enable_gbuffers", why="images are traced, there are no g-buffers")
refuse(
    "apply_color_texture_to_objects apply_float_color_texture_to_objects",
    why=f"{NO_UNREAL} whose materials could take a texture",
)
refuse(
    "enable_sensor_for_ros disable_sensor_for_ros",
    why="the node carla_ego publishes sensors, not the server",
)
refuse("send", why="radios of this server send awareness messages and no texts")
