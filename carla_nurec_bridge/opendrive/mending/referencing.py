"""The place on earth, as clients can read it."""

from __future__ import annotations

import math
import re
from xml.etree.ElementTree import Element

from .notes import Notes

_PLACE = re.compile(r"\+(lat_0|lon_0)=(\S*)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def mend_reference(root: Element, notes: Notes) -> None:
    """Leave out a geoReference whose latitude or longitude is no number: clients die of it."""
    for header in root.iterfind("header"):
        for reference in header.findall("geoReference"):
            for name, value in _PLACE.findall(reference.text or ""):
                number = _NUMBER.match(value)
                if number is None or not math.isfinite(float(number[0])):
                    header.remove(reference)
                    notes.add(
                        "a geoReference whose place is no number is left out", f"+{name}={value}"
                    )
                    break
