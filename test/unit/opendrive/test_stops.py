from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from carla_nurec_bridge.opendrive import OpenDriveMap
from carla_nurec_bridge.opendrive.signals import signal_groups
from carla_nurec_bridge.opendrive.stops import one_approach, stop_area, stop_lines

MakeMap = Callable[..., OpenDriveMap]

WIDTH = '<width sOffset="0" a="3.5" b="0" c="0" d="0"/>'
BOTH_WAYS = f"""<lanes><laneSection s="0">
  <left><lane id="2" type="sidewalk" level="false">{WIDTH}</lane>
    <lane id="1" type="driving" level="false">{WIDTH}</lane></left>
  <center><lane id="0" type="none" level="false"/></center>
  <right><lane id="-1" type="driving" level="false">{WIDTH}</lane>
    <lane id="-2" type="sidewalk" level="false">{WIDTH}</lane></right>
</laneSection></lanes>"""


def light(orientation: str = "+", inside: str = "", *, signal_id: str = "8", s: float = 60) -> str:
    return (
        f'<signal s="{s}" t="-5" id="{signal_id}" name="x" dynamic="yes" zOffset="3" '
        f'orientation="{orientation}" type="1000001">{inside}</signal>'
    )


def road(signals: str, road_id: int = 1, lanes: str = BOTH_WAYS, rule: str = "RHT") -> str:
    return f"""<road name="" length="100" id="{road_id}" junction="-1" rule="{rule}">
      <planView><geometry s="0" x="0" y="{10 * road_id - 10}" hdg="0" length="100"><line/>
      </geometry></planView>{lanes}<signals>{signals}</signals></road>"""


def section(s: float, predecessors: dict[int, int | None]) -> str:
    lanes = ""
    for lane, before in predecessors.items():
        link = "" if before is None else f'<link><predecessor id="{before}"/></link>'
        lanes += f'<lane id="{lane}" type="driving" level="false">{link}{WIDTH}</lane>'
    centre = '<center><lane id="0" type="none" level="false"/></center>'
    return f'<laneSection s="{s}">{centre}<right>{lanes}</right></laneSection>'


def piece(
    road_id: int, x: float, length: float, sections: str, junction: int = -1, signals: str = ""
) -> str:
    """Return a road along x that goes on where the road of the number before it ends."""
    before = f'<predecessor elementType="road" elementId="{road_id - 1}" contactPoint="end"/>'
    return f"""<road name="" length="{length}" id="{road_id}" junction="{junction}">
      <link>{before if road_id > 1 else ""}</link>
      <planView><geometry s="0" x="{x}" y="0" hdg="0" length="{length}"><line/></geometry>
      </planView><lanes>{sections}</lanes><signals>{signals}</signals></road>"""


def held(opendrive: OpenDriveMap, signal_id: str = "8") -> list[tuple[str, int]]:
    return sorted((x.road_id, x.lane_id) for x in stop_lines(opendrive).get(signal_id, ()))


def validity(first: int, last: int) -> str:
    return f'<validity fromLane="{first}" toLane="{last}"/>'


@pytest.mark.parametrize(
    ("orientation", "inside", "lanes"),
    [
        ("+", "", [-1]),
        ("-", "", [1]),
        ("none", "", [-1, 1]),
        ("+", validity(-1, 1), [-1]),
        ("-", validity(1, -1), [1]),
        ("none", validity(-1, 1), [-1, 1]),
        # Towns of CARLA have lights whose orientation is against their only lane.
        ("+", validity(1, 1), [1]),
        ("-", validity(-2, -1), [-1]),
    ],
)
def test_a_light_holds_for_the_lanes_of_its_validity_and_orientation(
    make_map: MakeMap, orientation: str, inside: str, lanes: list[int]
) -> None:
    opendrive = make_map(road(light(orientation, inside)))
    assert held(opendrive) == [("1", lane) for lane in lanes]


def test_left_hand_traffic_stops_on_its_own_side(make_map: MakeMap) -> None:
    assert held(make_map(road(light("+"), rule="LHT"))) == [("1", 1)]


@pytest.mark.parametrize(
    "signals",
    [
        light("+", validity(0, 0)),
        light("+", validity(-2, -2)),
        light("+", validity(-9, -5)),
        light("-", validity(0, 0) + validity(2, 2)),
    ],
)
def test_a_light_for_no_lane_of_vehicles_is_in_a_group_all_the_same(
    make_map: MakeMap, signals: str
) -> None:
    opendrive = make_map(road(signals + light(signal_id="9")))
    assert held(opendrive) == []
    assert held(opendrive, "9") == [("1", -1)]
    assert {x for group in signal_groups(opendrive) for phase in group.phases for x in phase} == {
        "8",
        "9",
    }


def test_a_reference_alone_makes_a_light_hold(make_map: MakeMap) -> None:
    reference = (
        f'<signalReference id="8" s="40" t="0" orientation="-">{validity(-1, 1)}</signalReference>'
    )
    opendrive = make_map(road(light("+", validity(0, 0))), road(reference, road_id=2))
    assert held(opendrive) == [("2", 1)]


def test_lights_apart_do_not_wait_for_each_other(make_map: MakeMap) -> None:
    groups = signal_groups(make_map(road(light()), road(light(signal_id="9"), road_id=2)))
    assert sorted(group.phases for group in groups) == [(("8",),), (("9",),)]


def test_one_controller_of_two_lights_apart_keeps_them_together(make_map: MakeMap) -> None:
    controller = (
        '<controller id="5" name=""><control signalId="8"/><control signalId="9"/></controller>'
    )
    opendrive = make_map(road(light()), road(light(signal_id="9"), road_id=2), more=controller)
    (group,) = signal_groups(opendrive)
    assert group.phases == (("8", "9"),)


def test_an_area_ends_before_its_line(make_map: MakeMap) -> None:
    opendrive = make_map(road(light("none")))
    lines = {line.lane_id: line for line in stop_lines(opendrive)["8"]}
    ahead, against = (stop_area(opendrive, lines[x], 3.0, 1.5) for x in (-1, 1))
    assert ahead.position == pytest.approx((57.0, -1.75, 0.0))
    assert against.position == pytest.approx((63.0, 1.75, 0.0))
    assert (ahead.heading, against.heading) == pytest.approx((0.0, np.pi))
    assert lines[1].width_m == pytest.approx(3.5)


def test_an_area_goes_back_over_sections_and_roads_but_into_no_junction(
    make_map: MakeMap,
) -> None:
    connection = """<connection id="0" incomingRoad="2" connectingRoad="3" contactPoint="start">
      <laneLink from="-1" to="-1"/></connection>"""
    junction = f'<junction id="7" name="">{connection}</junction>'
    narrow, two = section(0.0, {-1: -1}), section(0.0, {-1: -1, -2: -2})
    signals = light("+", validity(-1, -1), s=3)
    short, into = piece(2, 10.0, 2.0, narrow), piece(3, 12.0, 20.0, narrow, 7, signals)
    # The lane is the second one of the first section.
    long_way = piece(1, 0.0, 10.0, two + section(9.5, {-1: -2}))
    opendrive = make_map(long_way, short, into, more=junction)
    (line,) = stop_lines(opendrive)["8"]
    assert (line.road_id, line.s, line.junction_id) == ("2", 2.0, "7")
    assert stop_area(opendrive, line, 3.0, 1.5).position == pytest.approx((9.0, -5.25, 0.0))

    enclosed = piece(1, 0.0, 10.0, narrow, 7)
    opendrive = make_map(enclosed, short, into, more=junction)
    (line,) = stop_lines(opendrive)["8"]
    area = stop_area(opendrive, line, 3.0, 1.5)
    assert area.position == pytest.approx((11.0, -1.75, 0.0))
    assert area.length_m == pytest.approx(2.0)


def test_a_junction_tells_which_lane_leads_in_where_the_lane_does_not(make_map: MakeMap) -> None:
    connection = """<connection id="0" incomingRoad="1" connectingRoad="2" contactPoint="start">
      <laneLink from="-2" to="-1"/></connection>"""
    into = piece(2, 12.0, 20.0, section(0.0, {-1: None}), 7, light("+", s=3))
    incoming = piece(1, 0.0, 12.0, section(0.0, {-1: None, -2: None}))
    opendrive = make_map(incoming, into, more=f'<junction id="7" name="">{connection}</junction>')
    assert held(opendrive) == [("1", -2)]


def test_one_box_covers_the_larger_or_else_the_nearer_approach(make_map: MakeMap) -> None:
    opendrive = make_map(road(light("none")))
    lines = stop_lines(opendrive)["8"]
    for lane, y in ((-1, -5.0), (1, 5.0)):
        (chosen,) = one_approach(lines, (60.0, y, 0.0))
        assert chosen.lane_id == lane
    assert one_approach((), (0.0, 0.0, 0.0)) == ()


def test_areas_of_real_maps_lie_on_their_lane_within_a_metre_of_the_line(
    any_map: tuple[OpenDriveMap, str],
) -> None:
    opendrive, text = any_map
    carla = pytest.importorskip("carla")
    theirs = carla.Map(opendrive.name, text)
    for lines in stop_lines(opendrive).values():
        for line in lines:
            for length_m, gap_m, reach_m in ((1.6, 0.0, 1.0), (3.0, 1.5, 3.6)):
                area = stop_area(opendrive, line, length_m, gap_m)
                x, y, z = area.position
                waypoint = theirs.get_waypoint(carla.Location(x, -y, z))
                assert not waypoint.is_junction
                assert np.cos(np.radians(-waypoint.transform.rotation.yaw) - area.heading) > 0.99
                assert np.linalg.norm(np.subtract(area.position, line.position)) < reach_m
