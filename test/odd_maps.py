"""Small maps with one oddity each, and what is said about it.

Where the comment says so, CARLA 0.9.16's client dies of the map as it is, or reads it wrongly.
"""

from __future__ import annotations

UUID = "0b7c1f1e-7a3d-4f5e-9c58-1a2b3c4d5e6f"
WIDTH_M = 3.5
WIDTH = '<width sOffset="0" a="3.5" b="0" c="0" d="0"/>'
TAPER = '<width sOffset="0" a="0.2" b="-0.005" c="0" d="0"/>'
VALIDITY = '<validity fromLane="-1" toLane="-1"/>'
BORDER = '<border sOffset="{}" a="{}" b="{}" c="0" d="0"/>'
CENTRE = '<center><lane id="0" type="none" level="false"/></center>'


def lane(lane_id: object, inside: str = WIDTH, kind: str = "driving") -> str:
    """Return one lane."""
    return f'<lane id="{lane_id}" type="{kind}" level="false">{inside}</lane>'


def section(right: str = lane(-1), left: str = "", centre: str = CENTRE, s: object = 0) -> str:
    """Return a lane section; by default one lane on the right."""
    left = left and f"<left>{left}</left>"
    right = right and f"<right>{right}</right>"
    return f'<laneSection s="{s}">{left}{centre}{right}</laneSection>'


def road(
    road_id: object = 1,
    y: float = 0.0,
    *,
    x: float = 0.0,
    length: float = 80.0,
    junction: str = 'junction="-1"',
    head: str = "",
    plan: str = "<line/>",
    begin: float = 0.0,
    profile: str = "",
    lanes: str = section(),
    more: str = "",
) -> str:
    """Return a straight road of 80 m along x."""
    geometry = (
        f'<geometry s="{begin}" x="{x + begin}" y="{y}" hdg="0" length="{length - begin}">'
        f"{plan}</geometry>"
    )
    return (
        f'<road name="" length="{length}" id="{road_id}" {junction}>{head}'
        f"<planView>{geometry}</planView>{profile}<lanes>{lanes}</lanes>{more}</road>"
    )


def town(*inside: str, header: str = '<header revMajor="1" revMinor="4"/>') -> str:
    """Return a map of roads and what else is given."""
    return f'<?xml version="1.0"?><OpenDRIVE>{header}{"".join(inside)}</OpenDRIVE>'


def light(signal_id: str, s: float = 40.0, inside: str = VALIDITY) -> str:
    """Return a traffic light beside the right lane, for which it holds."""
    return (
        f'<signal s="{s}" t="-5" id="{signal_id}" name="x" dynamic="yes" orientation="+" '
        'zOffset="3" country="OpenDRIVE" type="1000001" subtype="-1" value="-1" hOffset="0" '
        f'height="1" width="0.5" pitch="0" roll="0">{inside}</signal>'
    )


def thing(name: str, t: object = -5) -> str:
    """Return an object beside a road, in its list."""
    item = f'<object id="5" name="{name}" type="-1" s="40" t="{t}" zOffset="0" hdg="0"/>'
    return f"<objects>{item}</objects>"


def signals(*inside: str) -> str:
    """Return a road's signals."""
    return f"<signals>{''.join(inside)}</signals>"


def reference(signal_id: str, s: float = 10.0) -> str:
    """Return a reference to a signal."""
    place = f's="{s}" t="-5" id="{signal_id}" orientation="+"'
    return f"<signalReference {place}>{VALIDITY}</signalReference>"


def link(road_id: object, attributes: str, way: str = "successor") -> str:
    """Return a road's link."""
    return f'<link><{way} elementId="{road_id}" {attributes}/></link>'


def lane_link(lane_id: int) -> str:
    """Return the inside of a lane that goes on in another."""
    return f'<link><successor id="{lane_id}"/></link>{WIDTH}'


ROAD_START = 'elementType="road" contactPoint="start"'
NEXT = road(2, x=80.0)
CROSSWALK = (
    '<objects><object id="1" name="c" type="crosswalk" s="900" t="0" zOffset="0" hdg="0" '
    'length="4" width="4" height="0"><outline><cornerLocal u="-2" v="-2" z="0"/>'
    '<cornerLocal u="2" v="-2" z="0"/><cornerLocal u="2" v="2" z="0"/></outline></object></objects>'
)
CONTROLLED = road(more=signals(light("8"))) + (
    '<controller id="c" name=""><control signalId="99" type="0"/></controller>'
    '<junction id="5" name=""><controller id="c"/><controller id="gone"/></junction>'
)


def fork(junction: object = 10, connections: tuple[str, str] = ('id="0"', 'id="1"')) -> str:
    """Return a road whose lane goes on in two, over the connecting roads 2 and 3."""
    linked = f'<link><predecessor id="-1"/><successor id="-1"/></link>{WIDTH}'
    ends = f'elementType="junction" elementId="{junction}"'
    within = "".join(
        road(
            way,
            x=80.0,
            length=20.0,
            junction=f'junction="{junction}"',
            head='<link><predecessor elementType="road" elementId="1" contactPoint="end"/>'
            f'<successor elementType="road" elementId="{way + 2}" contactPoint="start"/></link>',
            plan="<line/>" if way == 2 else '<arc curvature="0.02"/>',
            lanes=section(lane(-1, linked)),
        )
        for way in (2, 3)
    )
    ways = "".join(
        f'<connection {given} incomingRoad="1" connectingRoad="{way}" contactPoint="start">'
        '<laneLink from="-1" to="-1"/></connection>'
        for way, given in zip((2, 3), connections, strict=True)
    )
    return town(
        road(1, head=f"<link><successor {ends}/></link>"),
        within,
        road(4, x=100.0, head=f"<link><predecessor {ends}/></link>"),
        road(5, 300.0, head=f"<link><predecessor {ends}/></link>"),
        f'<junction id="{junction}" name="">{ways}</junction>',
    )


def direct(*, merge: bool = False) -> str:
    """Return a road that becomes two (or two that become one) in a direct junction.

    Lane -1 of road 1 and of road 2, lane -2 of road 1 and lane -1 of road 3 are one.
    """
    way, other = ("predecessor", "successor") if merge else ("successor", "predecessor")
    wide = section(lane(-1) + lane(-2))
    ends = 'elementType="junction" elementId="10"'
    main = road(1, x=80.0 if merge else 0.0, head=f"<link><{way} {ends}/></link>", lanes=wide)
    branches = [
        road(
            number,
            y,
            x=0.0 if merge else 80.0,
            head=f"<link><{other} {ends}/></link>",
        )
        for number, y in ((2, 0.0), (3, -WIDTH_M))
    ]
    joined = [
        (2, 1, -1, -1) if merge else (1, 2, -1, -1),
        (3, 1, -1, -2) if merge else (1, 3, -2, -1),
    ]
    connections = "".join(
        f'<connection id="{k}" incomingRoad="{incoming}" linkedRoad="{linked}" '
        f'contactPoint="start"><laneLink from="{here}" to="{there}"/></connection>'
        for k, (incoming, linked, here, there) in enumerate(joined)
    )
    return town(
        main, *branches, f'<junction id="10" type="direct" name="">{connections}</junction>'
    )


ONWARD = [[1, -1, 79.0, [[2, -1], [3, -1]]]]
"""Of forks: road, lane, s of a place, and the lanes that follow."""
SPLIT = [[1, -1, 79.0, [[2, -1]]], [1, -2, 79.0, [[3, -1]]]]
MERGE = [[2, -1, 79.0, [[1, -1]]], [3, -1, 79.0, [[1, -2]]]]

ODD = {
    # The client takes all of them for road 0.
    "text road ids": (
        town(road("a-17"), road("b-17", 100.0), road("c-17", 200.0)),
        "'a-17' by 1, 'b-17' by 2, 'c-17' by 3",
    ),
    "road id beyond 32 bits": (town(road(2**32 + 1), road(1, 100.0)), "'4294967297' by 2"),
    "negative road id": (town(road(-5), road(1, 100.0)), "'-5' by 2"),
    "road ids that differ in writing": (town(road("01"), road(1, 100.0)), "'01' by 2"),
    "road id in blanks": (town(road(" 5 "), road(6, 100.0)), "' 5 ' by 5"),
    # Dies: segmentation fault, once a road is asked for its junction.
    "junction id beyond 32 bits": (
        town(road(1, junction='junction="99999999999"'), '<junction id="99999999999" name=""/>'),
        "'99999999999' by 2",
    ),
    "no junction": (town(road(1, junction='junction="77"')), "only named by roads are added: 77"),
    "no word of a junction": (town(road(1, junction="")), "lie in none: road 1"),
    "empty junction": (town(road(1, junction='junction=""')), "lie in none: road 1"),
    "two junctions of one id": (
        town(road(), '<junction id="5" name=""/><junction id="5" name=""/>'),
        "junctions of one id are joined: 5",
    ),
    # It takes the number for the road's, and the road ends there: no way into the junction.
    "fork at a junction of a road's number": (fork(3), "are replaced: '3' by 6"),
    "fork at a junction without an id": (
        fork().replace('<junction id="10"', "<junction"),
        "get the one that their roads name: 10",
    ),
    "junction without an id or a road": (town(road(), "<junction/>"), "are left out: one"),
    # Of connections of one number it keeps one.
    "fork of connections of one number": (
        fork(connections=('id="7"', 'id="7"')),
        "junction 10 is 1",
    ),
    "fork of connections without numbers": (
        fork(connections=("", 'id="a"')),
        "junction 10 is 1, a",
    ),
    # It knows connecting roads only: all ways end here.
    "direct junction that splits": (direct(), "written as those of connecting roads: 0 of"),
    "direct junction that merges": (direct(merge=True), "of connecting roads: 0 of junction 10, 1"),
    # Dies: IndexError, map::at.
    "no centre lane": (town(road(lanes=section(centre="<center/>"))), "get one: road 1 at s=0"),
    "no centre": (town(road(lanes=section(centre=""))), "get one: road 1 at s=0"),
    "gap in lanes": (town(road(lanes=section(lane(-1) + lane(-3)))), "no width: lane -2 of road 1"),
    "empty section": (
        town(road(lanes=section() + '<laneSection s="40"/>')),
        "get one: road 1 at s=40",
    ),
    # Dies: segmentation fault.
    "reference to no signal": (
        town(road(more=signals(light("8"), reference("77")))),
        "left out: 77 on road 1",
    ),
    "control of no signal": (town(CONTROLLED), "left out: 99 in controller c, gone in junction 5"),
    "lane link to no lane": (
        town(road(head=link(2, ROAD_START), lanes=section(lane(-1, lane_link(-7)))), NEXT),
        "left out: successor -7 of lane -1 of road 1",
    ),
    "lane link to no lane within a road": (
        town(road(lanes=section(lane(-1, lane_link(-9))) + section(s=40))),
        "left out: successor -9 of lane -1 of road 1",
    ),
    "line that begins late": (town(road(begin=20.0)), "drawn back to the begin: road 1"),
    "lane offset that begins late": (
        town(road(lanes='<laneOffset s="20" a="1" b="0" c="0" d="0"/>' + section())),
        "first <laneOffset> that begins late holds from 0 on: road 1",
    ),
    # Dies: RuntimeError of an assertion.
    "width that begins late": (
        town(road(lanes=section(lane(-1, WIDTH.replace('sOffset="0"', 'sOffset="20"'))))),
        "first <width> that begins late holds from 0 on: lane -1 of road 1",
    ),
    "height that begins late": (
        town(
            road(
                profile='<elevationProfile><elevation s="20" a="1" b="0" c="0" d="0"/>'
                "</elevationProfile>"
            )
        ),
        "first <elevation> that begins late holds from 0 on: road 1",
    ),
    "section at the end": (town(road(lanes=section() + section(s=80))), "road's end are left out"),
    "section beyond": (town(road(lanes=section() + section(s=200))), "road's end are left out"),
    "section before": (town(road(lanes=section(s=-3))), "begin with it: road 1"),
    "two sections at a place": (
        town(road(lanes=section(lane(-2) + lane(-1)) + section())),
        "the last one is taken: road 1",
    ),
    "signal before its road": (
        town(road(more=signals(light("8", s=-9.0)))),
        "moved to it: 8 on road 1",
    ),
    "reference before its road": (
        town(road(more=signals(light("8"), reference("8", -10.0)))),
        "moved to it: 8 on road 1",
    ),
    "crosswalk beyond its road": (town(road(more=CROSSWALK)), "moved to it: 1 on road 1"),
    "arc without curvature": (
        town(road(plan='<arc curvature="0"/>')),
        "as lines and cubics: road 1",
    ),
    "spiral of one curvature": (
        town(road(plan='<spiral curvStart="0.01" curvEnd="0.01"/>')),
        "written as arcs: road 1",
    ),
    # Metres away, and at curvatures of 1e-300 nowhere.
    "arc of rounding": (town(road(plan='<arc curvature="-1e-17"/>')), "lines and cubics: road 1"),
    "arc of next to nothing": (
        town(road(plan='<arc curvature="1e-300"/>')),
        "lines and cubics: road 1",
    ),
    "weak arc far out": (
        town(road(1, 3000.0, plan='<arc curvature="2e-6"/>')),
        "and cubics: road 1",
    ),
    "spiral of one curvature but for rounding": (
        town(road(plan='<spiral curvStart="0.01" curvEnd="0.010000000000000002"/>')),
        "written as arcs: road 1",
    ),
    # Dies: segmentation fault.
    "shape that is not first": (
        town(road(plan='<userData code="a" value="b"/><arc curvature="0.01"/>')),
        "before its shape is put behind it: road 1",
    ),
    # It knows no borders, and turns lanes over.
    "borders": (
        town(
            road(
                lanes=section(
                    lane(-1, BORDER.format(0, -3.0, 0.0) + BORDER.format(40, -3.0, -0.001))
                    + lane(-2, BORDER.format(0, -7.0, -0.002))
                )
            )
        ),
        "written as widths: lane -1 of road 1 at s=0, lane -2 of road 1 at s=0",
    ),
    "width below zero": (
        town(road(lanes=section(lane(-1, TAPER) + lane(-2)))),
        "taken as none: lane -1 of road 1 at s=0",
    ),
    # Dies: ValueError and IndexError of a number.
    "latitude that is no number": (
        town(road(), header="<header><geoReference>+lat_0=north +lon_0=1</geoReference></header>"),
        "+lat_0=north",
    ),
    "latitude beyond all numbers": (
        town(road(), header="<header><geoReference>+lat_0=1e999 +lon_0=1</geoReference></header>"),
        "+lat_0=1e999",
    ),
    # One of the two vanishes.
    "two signals of one id": (
        town(road(more=signals(light("7"))), road(2, 100.0, more=signals(light("7")))),
        "signal 7 on road 2 is 1",
    ),
    "one signal twice": (
        town(road(more=signals(light("7"), light("7")))),
        "all alike, are left out once: signal 7",
    ),
    "signal without an id": (
        town(road(more=signals(light("7"), light("")))),
        "signal without an id on road 1 is 1",
    ),
    # get_traffic_light finds none: the state of a light holds 32 bytes of its id.
    "signal of a long id": (
        town(
            road(more=signals(light(UUID), reference(UUID))),
            f'<controller id="c" name=""><control signalId="{UUID}" type="0"/></controller>',
        ),
        f"'{UUID}' by 1",
    ),
    "two controllers of one id": (
        town(road(more=signals(light("7"))), '<controller id="c" name=""/>' * 2),
        "controllers of one id are joined: c",
    ),
    # It mixes both: waypoints 470 m away, or an assertion.
    "two lines of one road": (
        town(
            road(
                more='<planView><geometry s="0" x="500" y="9" hdg="0" length="80"><line/>'
                "</geometry></planView>"
            )
        ),
        "of several <planView> of a road the first is taken: road 1",
    ),
    "two tables of lanes": (
        town(road(more=f"<lanes>{section(s='nan')}</lanes>")),
        "of several <lanes> of a road the first is taken: road 1",
    ),
    "two tables of heights": (
        town(
            road(
                profile='<elevationProfile><elevation s="0" a="1" b="0" c="0" d="0"/>'
                "</elevationProfile>" * 2
            )
        ),
        "of several <elevationProfile> of a road the first is taken: road 1",
    ),
    "one side in two": (
        town(road(lanes=section(lane(-1) + "</right><right>" + lane(-2)))),
        "several <right> of one <laneSection> are joined: road 1 at s=0",
    ),
    "signals in two": (
        town(road(more=signals(light("8")) + signals(reference("8")))),
        "several <signals> of one <road> are joined: road 1",
    ),
    # The client takes these; so do we.
    "namespace": (
        town(road()).replace("<OpenDRIVE>", '<OpenDRIVE xmlns="http://code.asam.net/x">'),
        "bare names: http://code.asam.net/x",
    ),
    "namespace with a prefix": (
        town(road())
        .replace("<OpenDRIVE>", '<o:OpenDRIVE xmlns:o="urn:x">')
        .replace("</OpenDRIVE>", "</o:OpenDRIVE>"),
        "bare names: urn:x",
    ),
    "link to no road": (town(road(head=link(99, ROAD_START))), "left out: successor 99 of road 1"),
    "link to no junction": (
        town(road(head=link(99, 'elementType="junction"'))),
        "left out: successor 99 of road 1",
    ),
    "link without a contact point": (
        town(road(head=link(2, 'elementType="road"')), NEXT),
        "the nearer: successor of road 1",
    ),
    "link without a kind": (
        town(road(head=link(2, 'contactPoint="start"')), NEXT),
        "are completed: road 1",
    ),
    "lane on the wrong side": (
        town(road(lanes=section("", left=lane(-1)))),
        "to the other: lane -1 of road 1",
    ),
    "object of no number": (
        town(road(more='<objects><object type="crosswalk" s="nan" t="0"/></objects>')),
        "objects whose place is no number are left out: road 1",
    ),
    "object beyond all maps": (
        town(road(more=thing(name="Speed_30", t="-1e300"))),
        "objects whose place is farther from their road than any map reaches are left out: road 1",
    ),
    # It dies of these two.
    "bump that is called as a speed limit": (
        town(road(more=thing(name="speed_bump"))),
        "clients die, get others: 'speed_bump' on road 1 is 'speed bump'",
    ),
    "speed limit too near 0": (
        town(road(more=thing(name="Speed_1e-400"))),
        "'Speed_1e-400' on road 1 is 'Speed 1e-400'",
    ),
    "speed limit beyond all numbers": (
        town(road(more=thing(name="Speed_1e400"))),
        "'Speed_1e400' on road 1 is 'Speed 1e400'",
    ),
    "corner of no number": (
        town(
            road(
                more='<objects><object id="1" type="crosswalk" s="9" t="0"><outline>'
                '<cornerLocal u="a" v="0" z="0"/></outline></object></objects>'
            )
        ),
        "objects whose numbers cannot be read",
    ),
    "road mark of no number": (
        town(road(lanes=section(lane(-1, WIDTH + '<roadMark type="solid" width="thin"/>')))),
        "road marks whose numbers cannot be read are left out: road 1",
    ),
    "speed of no number": (
        town(road(lanes=section(lane(-1, WIDTH + '<speed sOffset="0" max="fast"/>')))),
        "speeds whose numbers cannot be read are left out: road 1",
    ),
    "speed of no unit": (
        town(road(lanes=section(lane(-1, WIDTH + '<speed sOffset="0" max="50" unit="kmh"/>')))),
        "speeds whose numbers cannot be read are left out: road 1",
    ),
    "signal of no place": (
        town(road(more=signals(light("8"), light("9").replace('t="-5"', "")))),
        "are left out: 9 on road 1",
    ),
    # It puts the light at infinity.
    "signal of a place beyond all maps": (
        town(road(more=signals(light("8"), light("9").replace('t="-5"', 't="-1e300"')))),
        "farther from their road than any map reaches are left out: 9 on road 1",
    ),
    "signal of a value in words": (
        town(road(more=signals(light("8").replace('value="-1"', 'value="fifty"')))),
        "value='fifty' of 8 on road 1",
    ),
    "controller of no sequence": (
        town(road(more=signals(light("8"))), '<controller id="c" name="" sequence="x"/>'),
        "sequences of controllers that are no numbers are left out: c",
    ),
    "validity of no lane": (
        town(road(more=signals(light("8", inside=VALIDITY + '<validity fromLane="-1"/>')))),
        "validities whose numbers cannot be read are left out: road 1",
    ),
    "validity of half a lane": (
        town(
            road(
                more=signals(
                    light("8", inside=VALIDITY + '<validity fromLane="-1" toLane="-1.5"/>')
                )
            )
        ),
        "validities whose numbers cannot be read are left out: road 1",
    ),
    # It finds no such light, hands out None for lanes, and takes those of the other direction.
    "validity upside down": (
        town(road(more=signals(light("8", inside='<validity fromLane="0" toLane="-1"/>')))),
        "turned or cut to those that are: -1 to 0 of signal 8",
    ),
    "validity of lanes that are not there": (
        town(road(more=signals(light("8", inside='<validity fromLane="-9" toLane="-1"/>')))),
        "turned or cut to those that are: -9 to -1 of signal 8",
    ),
    "signal without a validity": (
        town(road(more=signals(light("8", inside="")))),
        "which clients take to hold for lanes against their orientation, get one: 8",
    ),
    "lane link of no number": (
        town(road(lanes=section(lane(-1, '<link><successor id="x"/></link>' + WIDTH)))),
        "left out: successor x of lane -1",
    ),
}
