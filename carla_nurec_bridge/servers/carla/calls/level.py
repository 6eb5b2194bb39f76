"""Calls about the street: its objects, layers and lamps, rays against it, drawings over it."""

from __future__ import annotations

from typing import Any

from ..sensing.ray_queries import first_hit, hits_between
from ..simulation import Simulation
from ..wire.codecs import (
    BOOL,
    FLOAT,
    INT,
    RAW,
    TEXT,
    VECTOR,
    Codec,
    list_of,
    struct,
)
from ..wire.structs import (
    BOUNDING_BOX,
    LABELLED_POINT,
    TRANSFORM,
    BoundingBox,
    LabelledPoint,
    Vector,
)
from ..world.scenery import LAMP, EnvironmentObject, StreetLamp
from .registry import serve

PAIR = Codec("pair", list, list)
ENVIRONMENT_OBJECT = struct(
    EnvironmentObject, transform=TRANSFORM, bounding_box=BOUNDING_BOX, id=INT, name=TEXT, type=INT
)


@serve("get_all_level_BBs", INT, returns=list_of(BOUNDING_BOX))
def get_all_level_boxes(simulation: Simulation, tag: int) -> list[BoundingBox]:
    """Return the boxes of the level's shown objects with a tag, 255 for all."""
    return simulation.episode.scenery.boxes(tag)


@serve("get_environment_objects", INT, returns=list_of(ENVIRONMENT_OBJECT))
def get_environment_objects(simulation: Simulation, tag: int) -> list[EnvironmentObject]:
    """Return the level's objects with a tag, 255 for all."""
    return simulation.episode.scenery.environment(tag)


@serve("enable_environment_objects", list_of(INT), BOOL)
def enable_environment_objects(simulation: Simulation, ids: list[int], shown: bool) -> None:
    """Show or hide objects; hidden ones are neither seen nor run into."""
    simulation.episode.scenery.set_objects(ids, shown=shown)


@serve("load_map_layer", INT)
def load_map_layer(simulation: Simulation, layers: int) -> None:
    """Show map layers."""
    simulation.episode.scenery.set_layers(layers, shown=True)


@serve("unload_map_layer", INT)
def unload_map_layer(simulation: Simulation, layers: int) -> None:
    """Hide map layers."""
    simulation.episode.scenery.set_layers(layers, shown=False)


@serve("get_names_of_all_objects", returns=list_of(TEXT))
def get_names_of_all_objects(simulation: Simulation) -> list[str]:
    """Return the names of the level's objects."""
    return simulation.episode.scenery.names()


@serve("query_lights_state", TEXT, returns=list_of(LAMP))
def query_lights_state(simulation: Simulation, client: str) -> list[StreetLamp]:
    """Return the lamps of the level."""
    return list(simulation.episode.scenery.lamps.values())


@serve("update_lights_state", TEXT, list_of(LAMP), BOOL)
def update_lights_state(
    simulation: Simulation, client: str, lamps: list[StreetLamp], discard_client: bool
) -> None:
    """Switch, colour or dim lamps.

    They are the same for every client, so ``client`` and ``discard_client`` are not read.
    """
    simulation.episode.scenery.set_lamps(lamps)


@serve("update_day_night_cycle", TEXT, BOOL)
def update_day_night_cycle(simulation: Simulation, client: str, active: bool) -> None:
    """Let lamps follow the sun, or leave them to clients."""
    simulation.episode.scenery.follows_sun = active
    simulation.episode.scenery.switch_with_sun(simulation.episode.weather.sun_altitude_angle)


@serve("project_point", VECTOR, VECTOR, FLOAT, returns=PAIR)
def project_point(
    simulation: Simulation, origin: Vector, direction: Vector, reach_m: float
) -> list[Any]:
    """Return whether a ray hits something within ``reach_m`` metres, and where."""
    hit = first_hit(simulation.episode, simulation.sensors.drawing, origin, direction, reach_m)
    point = hit or LabelledPoint((0.0, 0.0, 0.0), 0)
    return [hit is not None, LABELLED_POINT.encode(point)]


@serve("cast_ray", VECTOR, VECTOR, returns=list_of(LABELLED_POINT))
def cast_ray(simulation: Simulation, start: Vector, end: Vector) -> list[LabelledPoint]:
    """Return the points where a line meets surfaces, from its start on."""
    return hits_between(simulation.episode, simulation.sensors.drawing, start, end)


@serve("draw_debug_shape", RAW)
def draw_debug_shape(simulation: Simulation, shape: Any) -> None:
    """Draw a shape into what rgb cameras see, for its life time."""
    simulation.episode.drawings.add(shape, simulation.episode.elapsed_s)


@serve("clear_debug_shape")
def clear_debug_shape(simulation: Simulation) -> None:
    """Remove all debug shapes."""
    simulation.episode.drawings.clear()


@serve("clear_debug_string")
def clear_debug_string(simulation: Simulation) -> None:
    """Remove all debug texts."""
    simulation.episode.drawings.clear_texts()
