"""OpenDRIVE text to ``OpenDriveMap``."""

from __future__ import annotations

from ..mending import sound_map
from ..model import (
    Controller,
    Junction,
    JunctionConnection,
    OpenDriveMap,
    Road,
)
from .elements import Node
from .parse_roads import contact_point, parse_road


def parse(text: str, name: str = "OpenDRIVE") -> OpenDriveMap:
    """Parse OpenDRIVE 1.4 to 1.8 text; ``name`` is what errors call the map.

    What clients cannot read is mended first, see ``OpenDriveMap.notes``. Raises InputError, naming
    the element, for XML that is broken or hostile, values that are missing or no numbers, and roads
    that are there twice.
    """
    sound = sound_map(text, name)
    root = Node(sound.root, f"map {name}")
    roads: dict[str, Road] = {}
    for node in root.children("road"):
        road = parse_road(node)
        if road.id in roads:
            raise node.fail(f"road {road.id} is there twice")
        roads[road.id] = road
    junctions = {x.id: x for x in (_junction(node) for node in root.children("junction"))}
    controllers = {x.id: x for x in (_controller(node) for node in root.children("controller"))}
    reference = root.element.findtext("header/geoReference")
    offset = root.element.find("header/offset")
    return OpenDriveMap(
        name=name,
        geo_reference_text=(reference or "").strip(),
        geo_offset={} if offset is None else dict(offset.attrib),
        roads=roads,
        junctions=junctions,
        controllers=controllers,
        signals={x.id: (road, x) for road in roads.values() for x in road.signals},
        text=sound.text,
        notes=sound.notes,
    )


def _junction(node: Node) -> Junction:
    junction_id = node.text("id")
    node = Node(node.element, f"{node.where}, junction {junction_id}")
    return Junction(
        id=junction_id,
        name=node.text("name", ""),
        connections=tuple(
            JunctionConnection(
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
