"""Calls about traffic lights."""

from __future__ import annotations

from ....core.errors import InputError
from ....core.frames import Matrix, carla_from_matrix
from ....town.objects import HEAD_EXTENT
from ....town.street import cached_street
from ..simulation import Simulation
from ..wire.codecs import (
    BOOL,
    FLOAT,
    INT,
    list_of,
)
from ..wire.structs import BOUNDING_BOX, BoundingBox
from ..world.signals import UNKNOWN, Cycle, SignalLight
from .registry import serve

STATES = range(UNKNOWN + 1)


def _light(simulation: Simulation, actor_id: int) -> tuple[SignalLight, Cycle]:
    if actor_id not in simulation.episode.signals.by_actor:
        raise InputError(f"actor {actor_id} is no traffic light with a cycle")
    return simulation.episode.signals.by_actor[actor_id]


@serve("set_traffic_light_state", INT, INT)
def set_traffic_light_state(simulation: Simulation, actor_id: int, state: int) -> None:
    """Show a state until the cycle changes it."""
    if state not in STATES:
        raise InputError(f"a traffic light has no state {state}")
    _light(simulation, actor_id)[0].state = state


@serve("set_traffic_light_green_time", INT, FLOAT)
def set_traffic_light_green_time(simulation: Simulation, actor_id: int, time_s: float) -> None:
    """Change how long green lasts."""
    for light in _phase(simulation, actor_id):
        light.green_s = time_s


@serve("set_traffic_light_yellow_time", INT, FLOAT)
def set_traffic_light_yellow_time(simulation: Simulation, actor_id: int, time_s: float) -> None:
    """Change how long yellow lasts."""
    for light in _phase(simulation, actor_id):
        light.yellow_s = time_s


@serve("set_traffic_light_red_time", INT, FLOAT)
def set_traffic_light_red_time(simulation: Simulation, actor_id: int, time_s: float) -> None:
    """Change how long all are red after this light's yellow."""
    for light in _phase(simulation, actor_id):
        light.red_s = time_s


def _phase(simulation: Simulation, actor_id: int) -> list[SignalLight]:
    light, cycle = _light(simulation, actor_id)
    return next(phase for phase in cycle.phases if light in phase)


@serve("freeze_traffic_light", INT, BOOL)
def freeze_traffic_light(simulation: Simulation, actor_id: int, frozen: bool) -> None:
    """Stop or start the cycle of a light's junction."""
    _light(simulation, actor_id)[1].frozen = frozen


@serve("freeze_all_traffic_lights", BOOL)
def freeze_all_traffic_lights(simulation: Simulation, frozen: bool) -> None:
    """Stop or start all cycles."""
    for cycle in simulation.episode.signals.cycles:
        cycle.frozen = frozen


@serve("reset_traffic_light_group", INT)
def reset_traffic_light_group(simulation: Simulation, actor_id: int) -> None:
    """Begin a junction's cycle again."""
    _light(simulation, actor_id)[1].restart()


@serve("reset_all_traffic_lights")
def reset_all_traffic_lights(simulation: Simulation) -> None:
    """Begin all cycles again."""
    for cycle in simulation.episode.signals.cycles:
        cycle.restart()


@serve("get_group_traffic_lights", INT, returns=list_of(INT))
def get_group_traffic_lights(simulation: Simulation, actor_id: int) -> list[int]:
    """Return all lights of a light's junction."""
    return [light.actor_id for light in _light(simulation, actor_id)[1].lights()]


@serve("get_light_boxes", INT, returns=list_of(BOUNDING_BOX))
def get_light_boxes(simulation: Simulation, actor_id: int) -> list[BoundingBox]:
    """Return the boxes of a light's heads in the world."""
    signal_id = _light(simulation, actor_id)[0].signal_id
    return [
        _head_box(head.map_from_head, actor_id)
        for head in cached_street(simulation.episode.level.xodr).lights
        if head.signal_id == signal_id
    ]


def _head_box(map_from_head: Matrix, actor_id: int) -> BoundingBox:
    location, (pitch, yaw, roll) = carla_from_matrix(map_from_head)
    x, y, z = location.tolist()
    return BoundingBox((x, y, z), HEAD_EXTENT, (float(pitch), float(yaw), float(roll)), actor_id)
