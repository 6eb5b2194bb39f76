"""PLY files as tables: header and elements of scalar properties, whatever they mean.

Text and both byte orders are read. Properties stand in any order, comments anywhere; lines may end
with CR LF.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError

_MOST_HEADER_BYTES = 1 << 17
MOST_ROWS = 200_000_000
_MOST_PROPERTIES = 1000
_ROWS_AT_ONCE = 1024
_END = re.compile(rb"(?:\A|[\r\n])end_header[ \t]*(\r\n|\r|\n)")
_TYPES = {
    "char": "i1",
    "int8": "i1",
    "uchar": "u1",
    "uint8": "u1",
    "short": "i2",
    "int16": "i2",
    "ushort": "u2",
    "uint16": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": ""}

Table = NDArray[np.void]


@dataclass(frozen=True)
class PlyElement:
    """An element as the header has it: rows, and type letters by property; lists have None."""

    name: str
    rows: int
    properties: Mapping[str, str | None]


@dataclass(frozen=True)
class PlyHeader:
    """A PLY's header: byte order (empty for text), elements in their order, comments, its size."""

    order: str
    elements: tuple[PlyElement, ...]
    comments: tuple[str, ...]
    size: int

    def element(self, name: str) -> PlyElement | None:
        """Return an element by its name, or None."""
        return next((element for element in self.elements if element.name == name), None)


@dataclass
class _Draft:
    name: str
    rows: int
    properties: dict[str, str | None] = field(default_factory=dict)


def read_header(data: bytes, what: str) -> PlyHeader:
    """Read a header; InputError says which line is not understood."""
    end = _END.search(data, 0, _MOST_HEADER_BYTES)
    if not data.startswith(b"ply") or end is None:
        raise InputError(f"{what} is no PLY file: it has no header that ends with end_header")
    order: str | None = None
    comments, elements = [], list[_Draft]()
    # Bytes, for text is parted also where UTF-8 has a byte that Latin-1 takes for a line's end.
    for line in data[: end.start()].splitlines()[1:]:
        match [word.decode("utf-8", "backslashreplace") for word in line.split()]:
            case []:
                continue
            case ["comment" | "obj_info", *words]:
                comments.append(" ".join(words))
            case ["format", form, "1.0"] if form in _ORDERS and order is None:
                order = _ORDERS[form]
            case ["element", name, count] if re.fullmatch(r"\d{1,18}", count):
                if any(name == other.name for other in elements):
                    raise InputError(f"{what}: the PLY header has the element {name} twice")
                elements.append(_Draft(name, int(count)))
            case ["property", kind, name] if kind in _TYPES and elements:
                _add(elements[-1], name, _TYPES[kind], what)
            case ["property", "list", count, kind, name] if elements and {count, kind} <= set(
                _TYPES
            ):
                _add(elements[-1], name, None, what)
            case _:
                shown = line[:80].decode("utf-8", "backslashreplace")
                raise InputError(f"{what}: the PLY header line {shown!r} is not understood")
    if order is None:
        raise InputError(f"{what}: the PLY header has no format line")
    made = tuple(PlyElement(one.name, one.rows, one.properties) for one in elements)
    return PlyHeader(order, made, tuple(comments), end.end())


def read_tables(
    data: bytes, header: PlyHeader, wanted: tuple[str, ...], what: str
) -> dict[str, Table]:
    """Return the tables of the wanted elements that the file has, one field a property.

    InputError when the file is shorter than its header says, or a wanted element has a list.
    """
    tables: dict[str, Table] = {}
    text = io.BytesIO(data[header.size :]) if not header.order else None
    offset = header.size
    for element in header.elements:
        if tables.keys() >= set(wanted) & {one.name for one in header.elements}:
            break
        kinds = [kind for kind in element.properties.values() if kind is not None]
        lists = len(kinds) < len(element.properties)
        if element.rows > MOST_ROWS:
            raise InputError(f"{what} is said to hold {element.rows} rows; {MOST_ROWS} are read")
        if lists and (element.name in wanted or (element.rows and text is None)):
            raise InputError(
                f"{what}: its element {element.name} holds lists; only scalars are read"
            )
        layout = np.dtype(
            [(name, header.order + kind) for name, kind in element.properties.items() if kind]
        )
        if text is not None:
            tables[element.name] = _from_text(text, element, layout, what, lists=lists)
            continue
        needed = element.rows * layout.itemsize
        if len(data) - offset < needed:
            raise InputError(
                f"{what} is cut off: {element.rows} rows of {element.name} need {needed} bytes, "
                f"{len(data) - offset} are left"
            )
        tables[element.name] = (
            np.frombuffer(data, layout, element.rows, offset)
            if needed
            else np.zeros(element.rows, layout)
        )
        offset += needed
    return {name: tables[name] for name in wanted if name in tables}


def columns(table: Table, names: tuple[str, ...] | list[str]) -> NDArray[np.float32]:
    """Return properties of a table as float32 (N, len(names))."""
    result = np.empty((len(table), len(names)), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        # Rows are read once, for all properties, while they are in the cache.
        for first in range(0, len(table), _ROWS_AT_ONCE):
            rows = table[first : first + _ROWS_AT_ONCE]
            for index, name in enumerate(names):
                result[first : first + len(rows), index] = rows[name]
    return result


def _add(element: _Draft, name: str, kind: str | None, what: str) -> None:
    if name in element.properties:
        raise InputError(f"{what}: the PLY element {element.name} has the property {name} twice")
    if len(element.properties) >= _MOST_PROPERTIES:
        raise InputError(f"{what}: over {_MOST_PROPERTIES} properties are not read")
    element.properties[name] = kind


def _from_text(
    text: io.BytesIO, element: PlyElement, layout: np.dtype[Any], what: str, *, lists: bool
) -> Table:
    """Read an element's lines; those of lists are passed over."""
    left = len(text.getbuffer()) - text.tell()
    if element.rows > left:
        raise InputError(
            f"{what} is cut off: {element.rows} rows of {element.name} do not fit in it"
        )
    lines = [text.readline() for _ in range(element.rows)]
    if lists:
        return np.zeros(0, layout)
    values = np.zeros(element.rows, layout)
    width = len(layout.names or ())
    try:
        numbers = np.array(b" ".join(lines).split(), dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{what}: a row of {element.name} is no list of numbers") from error
    if numbers.size != element.rows * width:
        raise InputError(
            f"{what}: {element.rows} rows of {element.name} have {numbers.size} numbers, "
            f"not {width} each"
        )
    table = numbers.reshape(element.rows, width)
    with np.errstate(over="ignore", invalid="ignore"):
        for index, name in enumerate(layout.names or ()):
            values[name] = table[:, index]
    return values
