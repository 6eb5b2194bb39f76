"""Answers of ``apply_batch``: one a command, by CARLA's rule."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from carla_nurec_bridge.servers.carla.calls import batch as calls_batch
from carla_nurec_bridge.servers.carla.calls.batch import apply_batch
from carla_nurec_bridge.servers.carla.faults import Faults
from carla_nurec_bridge.servers.carla.physics.control import VEHICLE_CONTROL, VehicleControl
from carla_nurec_bridge.servers.carla.wire.structs import (
    DESCRIPTION,
    TRANSFORM,
    ActorDescription,
    AttributeValue,
    Transform,
)
from carla_nurec_bridge.servers.carla.world.blueprints import definitions_by_id

if TYPE_CHECKING:
    from conftest import World

GARBAGE_ATTACHMENT = 128
SET_AUTOPILOT, SET_LIGHTS, APPLY_CONTROL, DESTROY, NO_COMMAND = 16, 18, 2, 1, 99
CONTROL = VEHICLE_CONTROL.encode(VehicleControl(throttle=0.5))


def spawning(blueprint: str, point: Any, *then: list[Any]) -> list[Any]:
    """Return a SpawnActor as it travels, followed by commands on the actor to come."""
    definition = definitions_by_id()[blueprint]
    values = [AttributeValue(a.id, a.type, a.value) for a in definition.attributes]
    description = ActorDescription(definition.uid, blueprint, values)
    fields = [
        DESCRIPTION.encode(description),
        TRANSFORM.encode(Transform(*point)),
        [False],
        GARBAGE_ATTACHMENT,
        "",
        list(then),
    ]
    return [[0, fields]]


def on(number: int, actor: int, *values: Any) -> list[Any]:
    """Return another command as it travels."""
    return [[number, [actor, *values]]]


@pytest.mark.parametrize(
    "blueprint", ["walker.pedestrian.0001", "static.prop.container", "vehicle.audi.tt"]
)
@pytest.mark.parametrize(
    "then",
    [
        on(SET_AUTOPILOT, 0, False),
        on(SET_LIGHTS, 0, 3),
        on(APPLY_CONTROL, 0, CONTROL),
        on(NO_COMMAND, 0),
        [["nonsense"]],
    ],
    ids=["autopilot", "lights", "control", "unknown", "nonsense"],
)
def test_a_spawn_answers_with_its_actor_whatever_follows(
    world: World, blueprint: str, then: list[Any]
) -> None:
    point = world.simulation.episode.level.spawns[3]
    ((answer,),) = apply_batch(world.simulation, [spawning(blueprint, point, then)], False)
    succeeded, actor_id = answer
    assert succeeded == 1
    assert world.simulation.episode.actors.get(actor_id).description.id == blueprint


def test_what_follows_acts_on_the_new_actor(world: World) -> None:
    point, other = world.simulation.episode.level.spawns[3], world.car()
    command = spawning("vehicle.audi.tt", point, on(SET_LIGHTS, other.id, 3))
    (((_, actor_id),),) = apply_batch(world.simulation, [command], False)
    assert world.simulation.episode.actors.get(actor_id).light_flags == 3
    assert other.light_flags == 0, "CARLA puts the new actor's id into every command"


def test_what_cannot_follow_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    command = spawning(
        "walker.pedestrian.0001", world.simulation.episode.level.spawns[3], on(SET_LIGHTS, 0, 3)
    )
    world.simulation.faults = Faults()
    with caplog.at_level(logging.WARNING):
        apply_batch(world.simulation, [command], False)
    (told,) = [record.getMessage() for record in caplog.records]
    assert "is no vehicle but a walker.pedestrian.0001" in told


def test_a_spawn_that_fails_runs_nothing_and_says_why(world: World) -> None:
    point, car = world.simulation.episode.level.spawns[0], world.car(0)
    command = spawning("vehicle.audi.tt", point, on(DESTROY, car.id))
    ((answer,),) = apply_batch(world.simulation, [command], False)
    assert answer == [0, ["Spawn failed because of collision at spawn position"]]
    assert world.simulation.episode.actors.find(car.id) is car


def test_each_command_is_answered_and_a_failure_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    car = world.car()

    def fail(*_: object) -> None:
        raise ZeroDivisionError("no such mass")

    monkeypatch.setitem(calls_batch._APPLY, 19, (fail, ()))
    answers = apply_batch(
        world.simulation,
        [
            on(APPLY_CONTROL, car.id, CONTROL),
            on(APPLY_CONTROL, 987654, CONTROL),
            on(19, car.id, 0),
            on(NO_COMMAND, car.id),
            [],
            on(DESTROY, car.id),
            on(DESTROY, car.id),
        ],
        False,
    )
    assert [bool(answer[0][0]) for answer in answers] == [
        True,
        False,
        False,
        False,
        False,
        True,
        False,
    ]
    assert answers[0] == answers[5] == [[1, car.id]]
    assert answers[6] == [[0, [f"actor {car.id} not found"]]]


@pytest.mark.parametrize(
    "command",
    [
        [[DESTROY, [[1]]]],
        [[[DESTROY], [1]]],
        [[DESTROY, "actor"]],
        [[DESTROY, []]],
        [[DESTROY, 7]],
        [[0, [1, 2, 3, 4, 5, 6]]],
        [[None, None]],
        "command",
        7,
    ],
)
def test_a_command_of_another_shape_is_refused_in_words(
    world: World, caplog: pytest.LogCaptureFixture, command: Any
) -> None:
    with caplog.at_level(logging.WARNING):
        ((answer,),) = apply_batch(world.simulation, [command], False)
    assert answer[0] == 0
    assert "failed in this server" not in answer[1][0]
    assert not caplog.records
