"""From a map's text as it came to one that every client can read."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from ..reading.files import xml_root
from .direct import mend_direct
from .doubled import mend_doubled
from .furniture import mend_furniture, mend_signal_numbers
from .identity import (
    mend_controllers,
    mend_junctions,
    mend_roads,
    mend_signals,
)
from .lanes import mend_lanes
from .links import mend_connections, mend_lane_links, mend_road_links
from .notes import Notes, write_notes, written_notes
from .profiles import mend_profiles
from .referencing import mend_reference
from .validity import mend_validities


@dataclass(frozen=True, eq=False)
class SoundMap:
    """A map that clients can read; ``text`` is the one that came, where nothing was amiss.

    ``notes`` are sentences about what was replaced or left out, also those that an earlier
    mending wrote into the text.
    """

    root: ElementTree.Element
    text: str
    notes: tuple[str, ...]


def sound_map(text: str, name: str) -> SoundMap:
    """Mend OpenDRIVE text; ``name`` is what errors call the map.

    Mending a mended text changes nothing. InputError when the XML is broken or hostile.
    """
    root = xml_root(text, name)
    notes = Notes()
    _drop_namespaces(root, notes)
    before = written_notes(root)
    for road in root.iterfind("road"):
        mend_doubled(road, notes)
        mend_signal_numbers(road, notes)
    mend_reference(root, notes)
    mend_roads(root, notes)
    mend_junctions(root, notes)
    mend_signals(root, notes)
    mend_controllers(root, notes)
    for road in root.iterfind("road"):
        mend_furniture(road, notes)
        mend_profiles(road, notes)
        mend_lanes(road, notes)
        mend_validities(road, notes)
    mend_road_links(root, notes, name)
    mend_direct(root, notes)
    mend_connections(root, notes)
    mend_lane_links(root, notes)
    new = notes.sentences()
    if new:
        write_notes(root, new)
        text = ElementTree.tostring(root, encoding="unicode", xml_declaration=False)
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
    return SoundMap(root, text, before + new)


def _drop_namespaces(root: ElementTree.Element, notes: Notes) -> None:
    """Take elements by their bare names, as clients do who know no namespaces."""
    for element in root.iter():
        space, brace, tag = element.tag.rpartition("}")
        if brace:
            element.tag = tag
            notes.add("elements of a namespace are taken by their bare names", space[1:])
