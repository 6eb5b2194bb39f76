"""Opening map files: plain or gzip, of bounded size, and XML without any trickery."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ...core.errors import InputError

MAX_BYTES = 256 * 2**20
MAX_DEPTH = 32
_CHUNK = 1 << 16
_SUFFIXES = (".gz", ".xodr", ".xml")
_DECLARED = re.compile(rb"""[^<]{0,3}<\?xml[^>]*?encoding=["']([A-Za-z0-9._-]+)["']""")
_ENCODING = re.compile(r"""(?<=\s)encoding=["'][A-Za-z0-9._-]+["']""")


def map_name(path: Path) -> str:
    """Return the name of the map in a file: the stem without ``.xodr`` and ``.gz``."""
    name = path.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def read_opendrive(path: Path) -> str:
    """Return the text of an OpenDRIVE file, plain or gzip.

    Raises InputError when it is missing, no gzip although named so, longer than 256 MiB
    (unpacked), or not in the encoding that it says.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"no map file {path}; give the path of a .xodr or .xodr.gz") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"map file {path} cannot be read: {error}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"map file {path} is longer than {MAX_BYTES >> 20} MiB unpacked")
    return decode_map(data, f"map file {path}")


def decode_map(data: bytes, where: str) -> str:
    """Return the text of XML in the encoding of its mark or declaration, by default UTF-8.

    A declaration of another encoding then says UTF-8, as which the text is passed on. InputError
    when the bytes are not in that encoding; ``where`` names them there.
    """
    declared = _DECLARED.match(data.replace(b"\0", b"")[:200])
    encoding = declared[1].decode().lower() if declared else "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data.startswith(codecs.BOM_UTF8) or encoding in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    elif b"\0" in data[:2]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        name = encoding.removesuffix("-sig").upper()
        raise InputError(f"{where} is not {name} ({error}); convert it to UTF-8") from None
    return _ENCODING.sub('encoding="UTF-8"', text, count=1) if encoding != "utf-8-sig" else text


def xml_root(text: str, name: str) -> ElementTree.Element:
    """Return the root element of hostile or honest XML.

    Document types and entities are refused, as are more than 32 levels; InputError says what.
    """
    if len(text) > MAX_BYTES:
        raise InputError(f"map {name} is longer than {MAX_BYTES >> 20} MiB")
    for word in ("<!DOCTYPE", "<!ENTITY"):
        if word in text or word.lower() in text:
            raise InputError(f"map {name} holds {word}, which OpenDRIVE does not use; remove it")
    text = text.lstrip("\ufeff \t\r\n")
    # The events are (what, element) for these two kinds; the stubs allow for others.
    parser: Any = ElementTree.XMLPullParser(events=("start", "end"))
    root: ElementTree.Element | None = None
    depth = 0
    try:
        for begin in range(0, len(text), _CHUNK):
            parser.feed(text[begin : begin + (_CHUNK)])
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                if depth > MAX_DEPTH:
                    raise InputError(
                        f"map {name}: <{element.tag}> lies deeper than {MAX_DEPTH} levels"
                    )
                root = element if root is None else root
        parser.close()
    except (ElementTree.ParseError, ValueError) as error:
        raise InputError(f"map {name} is not well-formed XML: {error}") from None
    if root is None or root.tag.rpartition("}")[2] != "OpenDRIVE":
        found = "nothing" if root is None else f"<{root.tag}>"
        raise InputError(f"map {name}: the root element must be <OpenDRIVE>, found {found}")
    return root
