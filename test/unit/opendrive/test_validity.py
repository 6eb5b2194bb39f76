"""The lanes of signals, as CARLA's client finds them in mended maps."""

from __future__ import annotations

import pytest
from odd_maps import lane, light, road, section, signals, town

from carla_nurec_bridge.opendrive import parse

carla = pytest.importorskip("carla")
LANES = section(lane(-1) + lane(-2), left=lane(1) + lane(2))


def finders(inside: str, orientation: str = "+", rule: str = "") -> tuple[list[int], int]:
    """Return the lanes from whose begin the client sees a light, and how much was said."""
    signal = light("8", inside=inside).replace('orientation="+"', f'orientation="{orientation}"')
    text = town(road(lanes=LANES, more=signals(signal)).replace("<road ", f"<road {rule} "))
    road_map = parse(text, "odd")
    client = carla.Map("odd", road_map.text)
    forward = (-2, -1) if not rule else (1, 2)
    found = []
    for lane_id in (-2, -1, 1, 2):
        begin = client.get_waypoint_xodr(1, lane_id, 5.0 if lane_id in forward else 75.0)
        found += [lane_id for x in begin.get_landmarks(60.0) if x.id == "8"]
    return found, len(road_map.notes)


@pytest.mark.parametrize(
    ("low", "high", "held", "said"),
    [(-2, -1, [-2, -1], 0), (-1, 1, [-1, 1], 0), (-9, -1, [-2, -1], 1), (2, -1, [-1, 1, 2], 1)],
)
def test_a_validity_holds_for_the_lanes_that_are_there(
    low: int, high: int, held: list[int], said: int
) -> None:
    assert finders(f'<validity fromLane="{low}" toLane="{high}"/>') == (held, said)


@pytest.mark.parametrize(
    ("orientation", "rule", "held", "said"),
    [
        # "+" is for traffic along the road, whose lanes are negative on the right of it.
        ("+", "", [-2, -1], 1),
        ("-", "", [1, 2], 1),
        ("none", "", [-2, -1, 1, 2], 0),
        ("+", 'rule="LHT"', [1, 2], 0),
        ("-", 'rule="LHT"', [-2, -1], 0),
    ],
)
def test_without_a_validity_a_signal_holds_for_its_direction(
    orientation: str, rule: str, held: list[int], said: int
) -> None:
    assert finders("", orientation, rule) == (held, said)


def test_a_validity_of_lanes_that_are_not_there_holds_for_none() -> None:
    assert finders('<validity fromLane="-99999" toLane="-7"/>') == ([], 1)
