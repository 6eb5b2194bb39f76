"""How fast a world runs by itself: as fast as it can with a fixed step, else in real time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from carla_nurec_bridge.servers.carla.simulation import ASYNC_DELTA_S
from carla_nurec_bridge.servers.carla.wire.structs import EpisodeSettings

if TYPE_CHECKING:
    from conftest import World

FIXED_S = 0.1


@pytest.fixture
def client(world: World) -> Iterator[int]:
    """Return the number of a client of the world."""
    number = world.simulation.clients.join()
    yield number
    world.simulation.clients.leave(number)


def settle(world: World, synchronous: bool, delta_s: float | None) -> None:
    world.simulation.apply_settings(EpisodeSettings(synchronous, fixed_delta_seconds=delta_s))


def test_a_fixed_step_runs_as_fast_as_it_can_while_a_client_is_there(
    world: World, client: int
) -> None:
    simulation = world.simulation
    settle(world, False, FIXED_S)
    frame, now_s = simulation.episode.frame, time.monotonic()
    for _ in range(50):
        assert simulation.seconds_until_step(now_s) == 0.0
        simulation.step_if_due(now_s)
    assert simulation.episode.frame == frame + 50


def test_without_clients_it_keeps_to_real_time_and_does_not_rest_for_what_it_ran_ahead(
    world: World, client: int
) -> None:
    simulation = world.simulation
    settle(world, False, FIXED_S)
    for _ in range(200):
        simulation.step_if_due(time.monotonic())
    simulation.clients.leave(client)
    now_s = time.monotonic()
    frame, wait_s = simulation.episode.frame, simulation.seconds_until_step(now_s)
    assert wait_s <= FIXED_S
    simulation.step_if_due(now_s + wait_s - 0.001)
    assert simulation.episode.frame == frame
    simulation.step_if_due(now_s + wait_s)
    assert simulation.episode.frame == frame + 1


@pytest.mark.parametrize(
    ("synchronous", "delta_s", "longest_s"),
    [
        (True, FIXED_S, float("inf")),
        (True, None, float("inf")),
        (False, None, ASYNC_DELTA_S),
    ],
)
def test_other_modes_wait(
    world: World, client: int, synchronous: bool, delta_s: float | None, longest_s: float
) -> None:
    settle(world, synchronous, delta_s)
    wait_s = world.simulation.seconds_until_step(time.monotonic() - 1e-3)
    assert 0.0 < wait_s <= longest_s + 1e-3
