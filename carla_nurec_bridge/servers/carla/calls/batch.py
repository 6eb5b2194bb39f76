"""Batches of commands, run in order; each yields an actor's id or a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....core.errors import BridgeError, InputError, ProtocolError
from ..physics.control import (
    ACKERMANN_CONTROL,
    PHYSICS,
    VEHICLE_CONTROL,
    WALKER_CONTROL,
)
from ..simulation import Simulation
from ..spawning import destroy, spawn
from ..wire.codecs import (
    BOOL,
    FLOAT,
    INT,
    RAW,
    VECTOR,
    Codec,
    list_of,
    optional,
)
from ..wire.structs import DESCRIPTION, TRANSFORM
from . import actors, vehicles
from .lights import set_traffic_light_state
from .registry import serve
from .world import set_vehicle_light_state

SPAWN, DESTROY = 0, 1

_APPLY: dict[int, tuple[Callable[..., None], tuple[Codec, ...]]] = {
    2: (vehicles.apply_control_to_vehicle, (VEHICLE_CONTROL,)),
    3: (vehicles.apply_ackermann_control_to_vehicle, (ACKERMANN_CONTROL,)),
    4: (vehicles.apply_control_to_walker, (WALKER_CONTROL,)),
    5: (vehicles.apply_physics_control, (PHYSICS,)),
    6: (actors.set_actor_transform, (TRANSFORM,)),
    7: (actors.set_walker_state, (TRANSFORM, FLOAT)),
    8: (actors.set_actor_target_velocity, (VECTOR,)),
    9: (actors.set_actor_target_angular_velocity, (VECTOR,)),
    10: (actors.add_actor_impulse, (VECTOR,)),
    11: (actors.add_actor_force, (VECTOR,)),
    12: (actors.add_actor_angular_impulse, (VECTOR,)),
    13: (actors.add_actor_torque, (VECTOR,)),
    14: (actors.set_actor_simulate_physics, (BOOL,)),
    15: (actors.set_actor_enable_gravity, (BOOL,)),
    16: (actors.set_actor_autopilot, (BOOL,)),
    17: (vehicles.show_vehicle_debug_telemetry, (BOOL,)),
    18: (set_vehicle_light_state, (INT,)),
    19: (actors.set_actor_location, (VECTOR,)),
    21: (set_traffic_light_state, (INT,)),
}
"""Handler and codecs behind the actor's id, by the number of the command."""

_PARENT = optional(INT)
_LIST = list_of(RAW)


@serve("apply_batch", _LIST, BOOL, returns=RAW, bare=True)
def apply_batch(simulation: Simulation, commands: list[Any], tick: bool) -> list[Any]:
    """Run commands in order, then tick if asked to."""
    answers = [_run(simulation, command, None) for command in commands]
    if tick:
        simulation.step()
    return answers


def _run(simulation: Simulation, command: Any, new_actor: int | None) -> list[Any]:
    """Run one command, on ``new_actor`` if it follows a spawn; return its answer."""
    with simulation.faults.within("a command of a batch", "its client is told so") as part:
        try:
            return [[1, _execute(simulation, command, new_actor)]]
        except BridgeError as error:
            return [[0, [str(error)]]]
    return [[0, [f"the command failed in this server: {part.error!r}"]]]


def _execute(simulation: Simulation, command: Any, new_actor: int | None) -> int:
    try:
        ((kind, values),) = command
    except (TypeError, ValueError) as error:
        raise ProtocolError("a command is no [[number, fields]]") from error
    number, fields = INT.decode(kind), _LIST.decode(values)
    if not fields:
        raise ProtocolError(f"command {number} has no fields")
    if number == SPAWN:
        return _spawn(simulation, fields)
    actor_id = INT.decode(fields[0]) if new_actor is None else new_actor
    if number == DESTROY:
        actor = simulation.episode.actors.get(actor_id)
        if not destroy(simulation.episode, simulation.sensors, actor):
            raise InputError(f"actor {actor_id} cannot be destroyed")
        return actor.id
    if number not in _APPLY:
        raise InputError(f"command {number} is not supported by this server")
    handler, codecs = _APPLY[number]
    if len(fields) <= len(codecs):
        raise ProtocolError(f"command {number} takes {len(codecs)} values behind the actor")
    handler(
        simulation,
        actor_id,
        *(codec.decode(value) for codec, value in zip(codecs, fields[1:], strict=False)),
    )
    return actor_id


def _spawn(simulation: Simulation, fields: list[Any]) -> int:
    """Spawn, then run what is chained; return the new actor's id whatever that came to.

    The attachment type on the wire is garbage and ignored.
    """
    if len(fields) < 6:
        raise ProtocolError("a spawn command takes six values")
    description, transform = DESCRIPTION.decode(fields[0]), TRANSFORM.decode(fields[1])
    parent_id = _PARENT.decode(fields[2])
    parent = None if parent_id is None else simulation.episode.actors.get(parent_id)
    actor = spawn(simulation.episode, simulation.sensors, description, transform, parent=parent)
    for command in _LIST.decode(fields[5]):
        ((succeeded, result),) = _run(simulation, command, actor.id)
        if not succeeded:
            simulation.faults.refused("what was to follow a spawn in a batch", result[0])
    return actor.id
