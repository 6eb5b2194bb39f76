"""NeuroNCAP's score on drives whose impacts follow from their speeds."""

from __future__ import annotations

import itertools
import math

import pytest
from scored_drives import (
    RIGHT_Y,
    Other,
    Pose,
    drive,
    score,
    steady,
    still,
)

from carla_nurec_bridge.world.object_classes import ObjectClass

CAR, WALKER, PROP = ObjectClass.CAR, ObjectClass.PEDESTRIAN, ObjectClass.PROP


@pytest.mark.parametrize("impact", [0.0, 2.0, 5.0, 9.0, 10.0, 14.0])
def test_neuroncap_by_the_speed_of_the_impact(impact: float) -> None:
    # Braking from afar to the impact's speed; ten metres a second do nothing about it.
    states = drive(steady(52.0, impact), 1.0, others={3: (CAR, still(56.1))})
    result = score("neuroncap", states, reference_impact_mps=10.0)
    hit = impact * 1.0 >= 0.1
    assert result.value == pytest.approx(max(0.0, 4 * (1 - impact / 10)) if hit else 5.0)


@pytest.mark.parametrize(("theirs", "relative"), [(-6.0, 14.0), (3.0, 5.0)])
def test_neuroncaps_impact_is_that_of_both(theirs: float, relative: float) -> None:
    states = drive(steady(40, 8), 3.0, others={3: (CAR, steady(50, theirs))})
    result = score("neuroncap", states, reference_impact_mps=20.0)
    assert result.component("impact_speed_mps") == pytest.approx(relative)
    assert result.value == pytest.approx(4 * (1 - relative / 20))


def test_trap_no_one_tunnels_through_between_two_ticks() -> None:
    # At 2 Hz and 30 m/s a walker half a metre long is jumped over: 15 m a tick.
    states = drive(steady(20, 30), 2.0, hertz=2, others={3: (WALKER, still(57.0))})
    result = score("neuroncap", states, reference_impact_mps=60.0)
    assert result.value == pytest.approx(4 * (1 - 30 / 60))


def test_neuroncap_is_full_without_a_collision() -> None:
    assert score("neuroncap", drive(steady(20, 8), 2.0)).value == 5.0


# An impact is the length of the difference of two velocities, hence by the law of cosines
# sqrt(v^2 + w^2 - 2 v w cos(angle)) for speeds v, w at an angle: whoever is hit lies 4.1 m ahead of
# the ego's middle and is touched in the first tick of a tenth of a second.
MEETINGS = list(
    itertools.product((4.0, 8.0, 16.0), ((0.0, 0), (6.0, 180), (3.0, 90), (2.0, 0)), (10.0, 25.0))
)


@pytest.mark.parametrize(("ego_mps", "other", "reference_mps"), MEETINGS)
def test_the_score_is_what_is_left_of_the_reference(
    ego_mps: float, other: tuple[float, int], reference_mps: float
) -> None:
    other_mps, degrees = other
    angle = math.radians(degrees)

    def their(t: float) -> Pose:
        x = 44.1 + other_mps * t * math.cos(angle)
        return x, RIGHT_Y + other_mps * t * math.sin(angle), 0.0

    states = drive(steady(40, ego_mps), 0.3, others={3: (CAR, their)})
    result = score("neuroncap", states, reference_impact_mps=reference_mps)
    impact = math.sqrt(ego_mps**2 + other_mps**2 - 2 * ego_mps * other_mps * math.cos(angle))
    assert result.component("impact_speed_mps") == pytest.approx(impact)
    assert result.component("reference_speed_mps") == reference_mps
    assert result.value == pytest.approx(4.0 * max(0.0, 1.0 - impact / reference_mps))


@pytest.mark.parametrize(
    ("aside_m", "size", "hits"),
    # Half of 2 m and half of the other's width are between the middles of who just touch.
    [(1.9, CAR, True), (2.1, CAR, False), (-1.9, CAR, True), (-2.1, CAR, False),
     (1.2, WALKER, True), (1.3, WALKER, False), (-1.2, PROP, True), (-1.3, PROP, False)],
)  # fmt: skip
def test_who_passes_beside_is_not_hit(aside_m: float, size: ObjectClass, hits: bool) -> None:
    states = drive(steady(40, 10), 1.0, others={3: (size, still(46, RIGHT_Y + aside_m))})
    result = score("neuroncap", states, reference_impact_mps=20.0)
    assert result.status == ("collision" if hits else "no collision")
    assert result.value == (2.0 if hits else 5.0)


@pytest.mark.parametrize(
    ("hertz", "speed", "hits"),
    # Between two ticks everybody goes straight on: whoever is in between is met at any rate.
    [(1, 20.0, True), (2, 20.0, True), (4, 20.0, True), (10, 20.0, True), (1, 30.0, True),
     (2, 30.0, True), (10, 30.0, True), (1, 2.0, False), (10, 2.0, False)],
)  # fmt: skip
def test_trap_the_rate_of_ticks_does_not_matter(hertz: int, speed: float, hits: bool) -> None:
    states = drive(steady(20, speed), 2.0, hertz=hertz, others={3: (WALKER, still(33.0))})
    result = score("neuroncap", states, reference_impact_mps=40.0)
    assert result.value == pytest.approx(4 * (1 - speed / 40) if hits else 5.0)


@pytest.mark.parametrize("above_m", [0.0, 1.4, 1.6, 6.0])
def test_trap_who_is_above_is_not_hit(above_m: float) -> None:
    # Both are 1.5 m high: 1.5 m between the middles is enough.
    states = drive(steady(40, 10), 0.6, others={3: (CAR, still(46))}, height_m={3: above_m})
    assert score("neuroncap", states).status == ("collision" if above_m < 1.5 else "no collision")


def test_the_first_collision_decides() -> None:
    # At 5 m/s into a car that does as much ahead: 0; the wall behind it is hit by 5 m/s.
    others: dict[int, Other] = {1: (CAR, steady(44.05, 4.9)), 2: (PROP, still(55.0))}
    result = score("neuroncap", drive(steady(40, 5), 4.0, others=others), reference_impact_mps=10.0)
    assert result.infractions[0].actors == (1,)
    assert result.value == pytest.approx(4 * (1 - 0.1 / 10))


@pytest.mark.parametrize(
    ("first_mps", "impact_mps", "value"),
    # Without a reference it is the speed of the first tick: who halves it keeps half of 4.
    [(20.0, 20.0, 0.0), (20.0, 10.0, 2.0), (20.0, 5.0, 3.0), (10.0, 9.0, 0.4)],
)
def test_without_a_reference_it_is_the_speed_of_the_first_tick(
    first_mps: float, impact_mps: float, value: float
) -> None:
    # For a tenth of a second as before, then so much slower; the car stands 2 m further on.
    def ego(t: float) -> Pose:
        return 40.0 + first_mps * min(t, 0.05) + impact_mps * max(0.0, t - 0.05), RIGHT_Y, 0.0

    states = drive(ego, 1.5, others={3: (CAR, still(44.0 + 0.05 * first_mps + 2.0))})
    assert score("neuroncap", states).value == pytest.approx(value)
