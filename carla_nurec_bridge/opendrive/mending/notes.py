"""What was mended in a map, in sentences that stay with its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

_CODE = "carla_nurec_bridge"
_MOST_EXAMPLES = 8


@dataclass
class Notes:
    """Changes by kind, each kind with the places where it was made."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, where: str) -> None:
        """Note one change: its kind, and where."""
        self.places.setdefault(what, []).append(where)

    def sentences(self) -> tuple[str, ...]:
        """Return one sentence for each kind, with its first places."""
        return tuple(_sentence(what, where) for what, where in self.places.items())


def _sentence(what: str, where: list[str]) -> str:
    shown = list(dict.fromkeys(where))
    more = len(shown) - _MOST_EXAMPLES
    listed = ", ".join(shown[:_MOST_EXAMPLES])
    return f"{what}: {listed}{f' and {more} more' if more > 0 else ''}"


def written_notes(root: Element) -> tuple[str, ...]:
    """Return the sentences that a mended text carries in its header."""
    found = (x for x in root.iterfind("header/userData") if x.get("code") == _CODE)
    return tuple(x.get("value", "") for x in found)


def write_notes(root: Element, sentences: tuple[str, ...]) -> None:
    """Add sentences to the header, which is made where there is none."""
    header = root.find("header")
    if header is None:
        header = Element("header", revMajor="1", revMinor="4")
        root.insert(0, header)
    for sentence in sentences:
        SubElement(header, "userData", code=_CODE, value=sentence)
