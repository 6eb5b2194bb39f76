"""Write ``demo_town.xodr``: two loops of streets that meet at one signalled junction.

Run it with the package's environment: ``python config/maps/make_demo_town.py``. The town has no
dead ends: every arm of the junction leads through a loop back to another arm. The east-north loop
has 50 km/h and clothoid corners, the west-south loop 30 km/h, tight corners and two chicanes.

The junction is centred on the origin. Its arms end 18 m from the centre, behind a stop line; the
first 5 m inside hold the crosswalks. Signals stand behind the junction (so that a waiting driver
sees them), hold for the connecting roads that reference them, and belong to two controllers.
"""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

from scenariogeneration import xodr

LANE_M, GUTTER_M, WALK_M = 3.5, 0.4, 3.0
EDGE_M = 18.0
CROSSING_M = 5.0
TURN_M = EDGE_M - CROSSING_M
GEO_REFERENCE = (
    "+proj=tmerc +lat_0=48.1351 +lon_0=11.582 +alt_0=519 +k=1 +x_0=0 +y_0=0 +datum=WGS84 "
    "+units=m +no_defs"
)
JUNCTION = 100
ARMS = {"east": 0.0, "north": 90.0, "west": 180.0, "south": 270.0}
ARM_ROADS = {"east": 10, "north": 12, "west": 20, "south": 22}
OUTWARD = {"east": True, "north": False, "west": True, "south": False}
"""Whether s of the arm's road grows away from the junction."""
ARM_LENGTH_M = 72.0

Shape = xodr.Line | xodr.Arc | xodr.Spiral


def main() -> None:
    """Write the map beside this script."""
    town = xodr.OpenDrive("demo_town", geo_reference=GEO_REFERENCE)
    roads = [*loop_east_north(), *loop_west_south()]
    junction, ways = crossing()
    for road in (*roads, *ways):
        road.planview.adjust_geometries()
        town.add_road(road)
    town.add_junction(junction)
    root = town.get_element()
    root.find("header").set("date", "2025-01-01T00:00:00")
    lift_outlines(root)
    add_references(root)
    add_controllers(root)
    for road in root.iter("road"):
        for child in list(road):
            if child.tag in ("objects", "signals") and not len(child):
                road.remove(child)
    ElementTree.indent(root)
    path = Path(__file__).with_name("demo_town.xodr")
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def loop_east_north() -> list[xodr.Road]:
    """Return the arms east and north and the wide loop between them, over a gentle hill."""
    corner, extent = clothoid_corner(radius_m=24.0, spiral_m=18.0)
    side = EDGE_M + ARM_LENGTH_M - extent
    loop = [*corner(), xodr.Line(side), *corner(), xodr.Line(side), *corner()]
    return loop_roads("east", "north", loop, limit_kmh=50, hill_m=3.5)


def loop_west_south() -> list[xodr.Road]:
    """Return the arms west and south and the narrow loop with two chicanes, through a dip."""
    radius = 16.0
    rest = EDGE_M + ARM_LENGTH_M - radius

    def corner() -> list[Shape]:
        return [xodr.Arc(1.0 / radius, length=0.5 * math.pi * radius)]

    angle, bend = math.radians(22.0), 30.0
    turns = (1.0, -1.0, -1.0, 1.0)
    run_in = 0.5 * (rest - 4.0 * bend * math.sin(angle))
    chicane = [xodr.Arc(sign / bend, length=angle * bend) for sign in turns]
    side = [xodr.Line(run_in), *chicane, xodr.Line(run_in)]
    loop = [*corner(), *side, *corner(), *[_again(x) for x in side], *corner()]
    return loop_roads("west", "south", loop, limit_kmh=30, hill_m=-1.5)


def _again(shape: Shape) -> Shape:
    if isinstance(shape, xodr.Line):
        return xodr.Line(shape.length)
    return xodr.Arc(shape.curvature, length=shape.length)


def clothoid_corner(radius_m: float, spiral_m: float):
    """Return a maker of left turns by 90 degrees and how far one reaches ahead (= to the left)."""
    curvature = 1.0 / radius_m
    turn = 0.5 * math.pi - spiral_m * curvature

    def corner() -> list[Shape]:
        return [
            xodr.Spiral(1e-9, curvature, length=spiral_m),
            xodr.Arc(curvature, length=turn * radius_m),
            xodr.Spiral(curvature, 1e-9, length=spiral_m),
        ]

    plan = xodr.PlanView(0.0, 0.0, 0.0)
    for shape in corner():
        plan.add_geometry(shape)
    plan.adjust_geometries()
    x, y, _ = plan.get_end_point()
    return corner, 0.5 * (x + y)


def loop_roads(
    first: str, last: str, loop: list[Shape], limit_kmh: int, hill_m: float
) -> list[xodr.Road]:
    """Return three roads: out on the arm ``first``, round the loop, back on the arm ``last``."""
    out_id, back_id = ARM_ROADS[first], ARM_ROADS[last]
    loop_id = out_id + 1
    x, y, heading = at_arm(first, EDGE_M)
    out = street(out_id, f"{first} arm", (x, y, heading), [xodr.Line(ARM_LENGTH_M)], limit_kmh)
    x, y, heading = at_arm(first, EDGE_M + ARM_LENGTH_M)
    ring = street(loop_id, f"{first} loop", (x, y, heading), loop, limit_kmh)
    x, y, heading = at_arm(last, EDGE_M + ARM_LENGTH_M)
    back = street(
        back_id, f"{last} arm", (x, y, heading + math.pi), [xodr.Line(ARM_LENGTH_M)], limit_kmh
    )
    link_ends(out, (xodr.ElementType.junction, JUNCTION), (xodr.ElementType.road, loop_id))
    link_ends(ring, (xodr.ElementType.road, out_id), (xodr.ElementType.road, back_id))
    link_ends(back, (xodr.ElementType.road, loop_id), (xodr.ElementType.junction, JUNCTION))
    length = sum(shape.length for shape in loop)
    half = 0.5 * length
    out.add_elevation(0.0, 0.0, 0.0, 0.0, 0.0)
    ring.add_elevation(0.0, 0.0, 0.0, 3.0 * hill_m / half**2, -2.0 * hill_m / half**3)
    ring.add_elevation(half, hill_m, 0.0, -3.0 * hill_m / half**2, 2.0 * hill_m / half**3)
    back.add_elevation(0.0, 0.0, 0.0, 0.0, 0.0)
    add_zebra(ring, 0.5 * length, 900 + loop_id)
    for road, s, right in ((out, 14.0, True), (back, ARM_LENGTH_M - 14.0, False)):
        add_speed_sign(road, s, right, limit_kmh)
    add_speed_sign(ring, 0.3 * length, True, limit_kmh)
    add_speed_sign(ring, 0.7 * length, False, limit_kmh)
    return [out, ring, back]


def link_ends(road: xodr.Road, before: tuple, after: tuple) -> None:
    """Link a two-way road to what lies before its start and behind its end."""
    contact = xodr.ContactPoint
    for add, (kind, other), end in (
        (road.add_predecessor, before, contact.end),
        (road.add_successor, after, contact.start),
    ):
        if kind == xodr.ElementType.junction:
            add(kind, other)
        else:
            add(kind, other, end)
    for section in road.lanes.lanesections:
        for lane in (*section.leftlanes, *section.rightlanes):
            if before[0] == xodr.ElementType.road:
                lane.add_link("predecessor", lane.lane_id)
            if after[0] == xodr.ElementType.road:
                lane.add_link("successor", lane.lane_id)


def at_arm(arm: str, distance_m: float) -> tuple[float, float, float]:
    """Return x, y and the outward heading of the middle of an arm."""
    angle = math.radians(ARMS[arm])
    return distance_m * math.cos(angle), distance_m * math.sin(angle), angle


def mark(kind: str) -> xodr.RoadMark:
    """Return a mark: the broken yellow centre line, the edge line, the kerb or none."""
    types, colours = xodr.RoadMarkType, xodr.RoadMarkColor
    match kind:
        case "centre":
            line = xodr.RoadMark(types.broken, width=0.14, color=colours.yellow)
            line.add_specific_road_line(xodr.RoadLine(0.14, 3.0, 4.5))
            return line
        case "edge":
            return xodr.RoadMark(types.solid, width=0.12, color=colours.white)
        case "kerb":
            return xodr.RoadMark(types.curb, width=0.15)
        case _:
            return xodr.RoadMark(types.none, color=colours.white)


def lane(kind: xodr.LaneType, width_m: float, border: str) -> xodr.Lane:
    """Return a lane of constant width with the mark of its outer border."""
    made = xodr.Lane(lane_type=kind, a=width_m)
    made.add_roadmark(mark(border))
    return made


def street(
    road_id: int,
    name: str,
    start: tuple[float, float, float],
    shapes: list[Shape],
    limit_kmh: int,
) -> xodr.Road:
    """Return a two-way street: a lane, a gutter and a sidewalk on either side."""
    centre = xodr.Lane(lane_type=xodr.LaneType.none)
    centre.add_roadmark(mark("centre"))
    section = xodr.LaneSection(0, centre)
    for add in (section.add_left_lane, section.add_right_lane):
        add(lane(xodr.LaneType.driving, LANE_M, "edge"))
        add(lane(xodr.LaneType.shoulder, GUTTER_M, "kerb"))
        add(lane(xodr.LaneType.sidewalk, WALK_M, "none"))
    return road_of(road_id, name, start, shapes, section, limit_kmh, -1)


def road_of(
    road_id: int,
    name: str,
    start: tuple[float, float, float],
    shapes: list[Shape],
    section: xodr.LaneSection,
    limit_kmh: int,
    junction: int,
) -> xodr.Road:
    """Return a road of one lane section along the shapes."""
    plan = xodr.PlanView(*start)
    for shape in shapes:
        plan.add_geometry(shape)
    lanes = xodr.Lanes()
    lanes.add_lanesection(section)
    road = xodr.Road(road_id, plan, lanes, road_type=junction, name=name)
    road.add_type(xodr.RoadType.town, 0, speed=limit_kmh, speed_unit="km/h")
    return road


def crossing() -> tuple[xodr.Junction, list[xodr.Road]]:
    """Return the junction and its twelve connecting roads with crosswalks and signals."""
    junction = xodr.Junction("crossing", JUNCTION)
    arms = list(ARMS)
    ways = []
    for index, arm in enumerate(arms):
        for turn, quarter in (("right", 1), ("straight", 2), ("left", 3)):
            exit_arm = arms[(index + quarter) % 4]
            way = connecting_road(200 + 10 * index + quarter, arm, exit_arm, turn)
            connection = xodr.Connection(ARM_ROADS[arm], way.id, xodr.ContactPoint.start)
            for lane_id in (1, 2, 3) if turn == "right" else (1,):
                connection.add_lanelink(lane_id if OUTWARD[arm] else -lane_id, -lane_id)
            junction.add_connection(connection)
            ways.append(way)
            if turn == "straight" and index in (0, 1):
                for end in (0.5 * CROSSING_M, 2.0 * EDGE_M - 0.5 * CROSSING_M):
                    add_zebra(way, end, 300 + 10 * index + int(end > EDGE_M), road_t=0.0)
            if turn == "straight":
                way.add_signal(post(arm))
    return junction, ways


def connecting_road(road_id: int, arm: str, exit_arm: str, turn: str) -> xodr.Road:
    """Return the way from one arm to another; right turns carry the gutter and the sidewalk."""
    sign = {"right": -1.0, "left": 1.0, "straight": 0.0}[turn]
    shapes: list[Shape] = [xodr.Line(2.0 * EDGE_M)]
    if sign:
        quarter = 0.5 * math.pi * TURN_M
        shapes = [
            xodr.Line(CROSSING_M),
            xodr.Arc(sign / TURN_M, length=quarter),
            xodr.Line(CROSSING_M),
        ]
    centre = xodr.Lane(lane_type=xodr.LaneType.none)
    centre.add_roadmark(mark("none"))
    section = xodr.LaneSection(0, centre)
    section.add_right_lane(lane(xodr.LaneType.driving, LANE_M, "none"))
    if turn == "right":
        section.add_right_lane(lane(xodr.LaneType.shoulder, GUTTER_M, "kerb"))
        section.add_right_lane(lane(xodr.LaneType.sidewalk, WALK_M, "none"))
    x, y, heading = at_arm(arm, EDGE_M)
    start = (x, y, heading + math.pi)
    road = road_of(road_id, f"{arm} {turn}", start, shapes, section, 30, JUNCTION)
    road.add_elevation(0.0, 0.0, 0.0, 0.0, 0.0)
    contact = {True: xodr.ContactPoint.start, False: xodr.ContactPoint.end}
    road.add_predecessor(xodr.ElementType.road, ARM_ROADS[arm], contact[OUTWARD[arm]])
    road.add_successor(xodr.ElementType.road, ARM_ROADS[exit_arm], contact[OUTWARD[exit_arm]])
    for made in section.rightlanes:
        inward, outward = made.lane_id, made.lane_id
        made.add_link("predecessor", -inward if OUTWARD[arm] else inward)
        made.add_link("successor", outward if OUTWARD[exit_arm] else -outward)
    return road


def signal_id(arm: str) -> int:
    """Return the id of the signal that holds for traffic from an arm."""
    return 500 + list(ARMS).index(arm)


def post(arm: str) -> xodr.Signal:
    """Return the signal of an arm: behind the junction, right of the way straight through."""
    signal = xodr.Signal(
        s=2.0 * EDGE_M - 0.5,
        t=-(LANE_M + GUTTER_M + 0.7),
        country="OpenDRIVE",
        Type="1000001",
        id=str(signal_id(arm)),
        name=f"Signal_3Light_{arm}",
        dynamic=xodr.Dynamic.yes,
        zOffset=2.6,
        orientation=xodr.Orientation.positive,
        height=1.0,
        width=0.4,
    )
    signal.add_validity(0, 0)
    return signal


def lift_outlines(root: ElementTree.Element) -> None:
    """Put outlines directly below their objects, where CARLA's parser looks for crosswalks."""
    for item in root.iter("object"):
        wrapper = item.find("outlines")
        if wrapper is not None:
            item.extend(list(wrapper))
            item.remove(wrapper)


def add_references(root: ElementTree.Element) -> None:
    """Refer to the signal of an arm from each way that leads out of it.

    scenariogeneration gives repeated references new ids, so they are written here.
    """
    for road in root.iter("road"):
        arm = road.get("name", "").split()[0]
        if road.get("junction") == "-1":
            continue
        signals = road.find("signals")
        if signals is None:
            signals = ElementTree.SubElement(road, "signals")
        reference = ElementTree.SubElement(
            signals,
            "signalReference",
            s="0.5",
            t=str(-0.5 * LANE_M),
            id=str(signal_id(arm)),
            orientation="+",
        )
        ElementTree.SubElement(reference, "validity", fromLane="-1", toLane="-1")


def add_controllers(root: ElementTree.Element) -> None:
    """Add the two phases: east with west, and north with south."""
    junction = root.find("junction")
    at = list(root).index(junction)
    for sequence, arms in enumerate((("east", "west"), ("north", "south"))):
        controller_id = str(600 + sequence)
        controller = ElementTree.Element(
            "controller", name="-".join(arms), id=controller_id, sequence=str(sequence)
        )
        for arm in arms:
            ElementTree.SubElement(controller, "control", signalId=str(signal_id(arm)), type="")
        root.insert(at + sequence, controller)
        ElementTree.SubElement(
            junction, "controller", id=controller_id, type="0", sequence=str(sequence)
        )


def add_zebra(road: xodr.Road, s: float, object_id: int, road_t: float = 0.0) -> None:
    """Add a crosswalk 3 m deep that spans both lanes and gutters at s."""
    half, deep = LANE_M + GUTTER_M, 1.5
    zebra = xodr.Object(
        s,
        road_t,
        Type=xodr.ObjectType.crosswalk,
        id=str(object_id),
        name="Zebra",
        orientation=xodr.Orientation.none,
        length=2.0 * deep,
        width=2.0 * half,
        height=0.0,
    )
    outline = xodr.Outline(closed=True)
    for u, v in ((-deep, -half), (deep, -half), (deep, half), (-deep, half), (-deep, -half)):
        outline.add_corner(xodr.CornerLocal(u, v, 0.0, 0.0))
    zebra.add_outline(outline)
    road.add_object(zebra)


def add_speed_sign(road: xodr.Road, s: float, right: bool, limit_kmh: int) -> None:
    """Add a limit sign on the sidewalk for the traffic on the right (or left) side of the road."""
    side = -1.0 if right else 1.0
    direction = xodr.Orientation.positive if right else xodr.Orientation.negative
    sign = xodr.Signal(
        s=s,
        t=side * (LANE_M + GUTTER_M + 0.5),
        country="OpenDRIVE",
        Type="274",
        subtype=str(limit_kmh),
        id=f"{road.id}{'1' if right else '2'}7{int(s) % 10}",
        name=f"Speed_{limit_kmh}",
        value=limit_kmh,
        unit="km/h",
        zOffset=2.2,
        orientation=direction,
        height=0.6,
        width=0.6,
    )
    sign.add_validity(*((-1, -1) if right else (1, 1)))
    road.add_signal(sign)


if __name__ == "__main__":
    main()
