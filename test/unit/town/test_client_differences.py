"""What CARLA's client sees elsewhere is told with its figure."""

from __future__ import annotations

import logging
import math

import pytest
from odd_maps import road, town

from carla_nurec_bridge.opendrive import parse
from carla_nurec_bridge.town.client_differences import tell_differences

HOME = "<header><geoReference>+proj=tmerc +lat_0=42 +lon_0=2 +k=1</geoReference></header>"
BANKED = (
    '<lateralProfile><superelevation s="0" a="0.01" b="0" c="0" d="0"/>'
    '<superelevation s="40" a="-0.08" b="0" c="0" d="0"/></lateralProfile>'
)


def test_banked_roads_are_told_by_how_far_way_points_lie_off_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    carla = pytest.importorskip("carla")
    road_map = parse(town(road(1), road(7, 50.0, profile=BANKED), header=HOME), "banked")
    with caplog.at_level(logging.WARNING):
        tell_differences(road_map)
    theirs = carla.Map("banked", road_map.text).get_waypoint_xodr(7, -1, 60.0).transform.location
    # The middle of a lane 3.5 m wide lies 1.75 m from the line about which the road is turned.
    apart = 1.75 * math.sin(0.08)
    assert theirs.z == 0.0
    (line,) = caplog.messages
    assert f"up to {apart:.2f} m above or below them, furthest on road 7" in line


def test_level_roads_are_not_worth_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        tell_differences(parse(town(road(1), header=HOME), "level"))
    assert not caplog.messages
