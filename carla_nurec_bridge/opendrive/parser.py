"""OpenDRIVE text to ``OpenDriveMap``."""

from __future__ import annotations

from .elements import Node
from .model import Connection, Controller, Junction, OpenDriveMap, Road
from .parse_roads import contact_point, parse_road
from .reading import xml_root


def parse(text: str, name: str = "OpenDRIVE") -> OpenDriveMap:
    """Parse OpenDRIVE 1.4 to 1.8 text; ``name`` is what errors call the map.

    Raises InputError, naming the element, for XML that is broken or hostile, values that are
    missing or no numbers, repeated ids, and links to roads or junctions that do not exist.
    """
    root = Node(xml_root(text, name), f"map {name}")
    roads: dict[str, Road] = {}
    for node in root.children("road"):
        road = parse_road(node)
        if road.id in roads:
            raise node.fail(f"road {road.id} is there twice")
        roads[road.id] = road
    junctions = {x.id: x for x in (_junction(node) for node in root.children("junction"))}
    controllers = {x.id: x for x in (_controller(node) for node in root.children("controller"))}
    _check_links(root, roads, junctions)
    reference = root.element.findtext("header/geoReference")
    return OpenDriveMap(
        name=name,
        geo_reference_text=(reference or "").strip(),
        roads=roads,
        junctions=junctions,
        controllers=controllers,
        signals={x.id: (road, x) for road in roads.values() for x in road.signals},
    )


def _junction(node: Node) -> Junction:
    junction_id = node.text("id")
    node = Node(node.element, f"{node.where}, junction {junction_id}")
    return Junction(
        id=junction_id,
        name=node.text("name", ""),
        connections=tuple(
            Connection(
                id=x.text("id"),
                incoming=x.text("incomingRoad"),
                connecting=x.text("connectingRoad"),
                contact=contact_point(x),
                links=tuple((y.whole("from"), y.whole("to")) for y in x.children("laneLink")),
            )
            for x in node.children("connection")
            if x.element.get("connectingRoad")
        ),
        controllers=tuple(x.text("id") for x in node.children("controller")),
    )


def _controller(node: Node) -> Controller:
    signals = (x.text("signalId") for x in node.children("control"))
    return Controller(
        id=node.text("id"),
        name=node.text("name", ""),
        sequence=int(node.number("sequence", 0.0)),
        signals=tuple(dict.fromkeys(signals)),
    )


def _check_links(root: Node, roads: dict[str, Road], junctions: dict[str, Junction]) -> None:
    for road in roads.values():
        for which, link in (("predecessor", road.predecessor), ("successor", road.successor)):
            known = roads if link is not None and link.kind == "road" else junctions
            if link is not None and link.id not in known:
                raise root.fail(
                    f"the {which} of road {road.id} is {link.kind} {link.id}, which is not there"
                )
    for junction in junctions.values():
        for connection in junction.connections:
            for end in (connection.incoming, connection.connecting):
                if end not in roads:
                    raise root.fail(
                        f"connection {connection.id} of junction {junction.id} names "
                        f"road {end}, which is not there"
                    )
