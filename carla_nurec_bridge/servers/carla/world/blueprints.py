"""The blueprint library: what can be spawned, with every attribute a client may ask for."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from ....core.resources import config_path
from ....world.blueprint_catalogue import Blueprint, load_catalogue
from ..wire.structs import ActorDefinition, AttributeDefinition

TYPES = {"bool": 1, "int": 2, "float": 3, "text": 4, "colour": 5}
COLOURS = (
    "180,30,32",
    "27,62,125",
    "215,216,218",
    "24,25,27",
    "120,124,128",
    "44,86,58",
    "236,190,80",
    "92,48,36",
)
WALKER_SPEEDS = {"adult": ("0.0", "1.43", "3.35"), "child": ("0.0", "0.82", "2.14")}
CHILDREN = {f"walker.pedestrian.{number:04d}" for number in (9, 10, 11, 12, 13, 14, 48, 49)}
SENSOR_ROLES = (
    "front",
    "back",
    "left",
    "right",
    "front_left",
    "front_right",
    "back_left",
    "back_right",
)
EVENT_SENSORS = ("sensor.other.collision", "sensor.other.lane_invasion", "sensor.other.rss")
"""They tell of events and have no rate, so no ``sensor_tick``."""
FRICTION_TRIGGER, MESH_PROP = "static.trigger.friction", "static.prop.mesh"
EMPTY_ACTOR, WALKER_CONTROLLER = "util.actor.empty", "controller.ai.walker"


@cache
def definitions() -> tuple[ActorDefinition, ...]:
    """Return the whole library; ``uid`` counts from 1 in this order."""
    rows: list[tuple[str, tuple[AttributeDefinition, ...]]] = []
    for blueprint in load_catalogue().values():
        make = {"vehicle": _vehicle, "walker": _walker, "prop": _prop}[blueprint.kind]
        rows.append((blueprint.id, make(blueprint)))
    sensors = json.loads(config_path("carla", "sensors.json").read_text(encoding="utf-8"))
    rows += [(name, _sensor(name, attributes)) for name, attributes in sensors["sensors"].items()]
    rows += [
        (FRICTION_TRIGGER, _friction_trigger()),
        (MESH_PROP, _mesh_prop()),
        (EMPTY_ACTOR, (_text("role_name", "default"),)),
        (WALKER_CONTROLLER, (_text("role_name", "default"),)),
    ]
    return tuple(
        ActorDefinition(
            uid, name, ",".join(name.split(".")), (*attributes, _text("ros_name", name))
        )
        for uid, (name, attributes) in enumerate(rows, start=1)
    )


@cache
def definitions_by_id() -> dict[str, ActorDefinition]:
    """Return the library by blueprint id."""
    return {definition.id: definition for definition in definitions()}


def _attribute(
    name: str, kind: str, value: str, recommended: tuple[str, ...] = (), modifiable: bool = True
) -> AttributeDefinition:
    return AttributeDefinition(name, TYPES[kind], value, recommended or (value,), modifiable)


def _text(name: str, value: str, recommended: tuple[str, ...] = ()) -> AttributeDefinition:
    return _attribute(name, "text", value, recommended)


def _fixed(name: str, kind: str, value: str) -> AttributeDefinition:
    return _attribute(name, kind, value, modifiable=False)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _vehicle(blueprint: Blueprint) -> tuple[AttributeDefinition, ...]:
    roles = ("autopilot", "scenario", "ego_vehicle")
    driver = (_attribute("driver_id", "int", "1"),) if blueprint.wheels == 2 else ()
    return (
        _text("role_name", "autopilot", roles),
        _attribute("color", "colour", COLOURS[0], COLOURS),
        _fixed("number_of_wheels", "int", str(blueprint.wheels)),
        _attribute("sticky_control", "bool", "true"),
        _fixed("object_type", "text", ""),
        _fixed("base_type", "text", blueprint.base_type),
        _fixed("special_type", "text", blueprint.special_type),
        _fixed("generation", "int", str(blueprint.generation)),
        _fixed("has_lights", "bool", _bool(blueprint.has_lights)),
        _fixed("has_dynamic_doors", "bool", _bool(blueprint.generation == 2)),
        _attribute("terramechanics", "bool", "false"),
        *driver,
    )


def _walker(blueprint: Blueprint) -> tuple[AttributeDefinition, ...]:
    age = "child" if blueprint.id in CHILDREN else "adult"
    return (
        _text("role_name", "pedestrian"),
        _fixed("gender", "text", "other"),
        _fixed("age", "text", age),
        _fixed("generation", "int", "2" if int(blueprint.id[-4:]) > 14 else "1"),
        _attribute("speed", "float", WALKER_SPEEDS[age][1], WALKER_SPEEDS[age]),
        _attribute("is_invincible", "bool", "true"),
        _fixed("can_use_wheelchair", "bool", "false"),
        _attribute("use_wheelchair", "bool", "false"),
    )


def _prop(blueprint: Blueprint) -> tuple[AttributeDefinition, ...]:
    return (_text("role_name", "prop"), _fixed("size", "text", _size_class(blueprint)))


def _sensor(name: str, attributes: list[list[Any]]) -> tuple[AttributeDefinition, ...]:
    tick = () if name in EVENT_SENSORS else (_attribute("sensor_tick", "float", "0.0"),)
    rows = (_attribute(*row) for row in attributes)
    return (_text("role_name", SENSOR_ROLES[0], SENSOR_ROLES), *tick, *rows)


def _friction_trigger() -> tuple[AttributeDefinition, ...]:
    """Return the attributes of a box of other friction; half sizes in centimetres, as CARLA's."""
    extents = (_attribute(f"extent_{axis}", "float", "1.0") for axis in "xyz")
    return (_text("role_name", "default"), _attribute("friction", "float", "3.5"), *extents)


def _mesh_prop() -> tuple[AttributeDefinition, ...]:
    return (
        _text("role_name", "default"),
        _text("mesh_path", ""),
        _attribute("mass", "float", "0.0"),
        _attribute("scale", "float", "1.0"),
    )


def _size_class(blueprint: Blueprint) -> str:
    longest_m = max(blueprint.size_m)
    for limit_m, name in ((0.3, "tiny"), (1.0, "small"), (3.0, "medium")):
        if longest_m < limit_m:
            return name
    return "big"
