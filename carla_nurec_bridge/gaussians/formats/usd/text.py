"""USD text layers, as far as volumes need them: prims and plain attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....core.errors import InputError
from .prims import LAYERS_PUT, SCHEMAS, TIMED, Prim

MOST_BYTES = 64 << 20
_MOST_DEPTH = 64
_MOST_TUPLE = 10_000
_TOKEN = re.compile(
    r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    r"|@[^@\n]*@|\#[^\n]*|[()\[\]{}=]|[^\s()\[\]{}=\#\"'@]+"
)
_OPEN, _CLOSE = "([{", ")]}"


def parse_usda(data: bytes, what: str) -> list[Prim]:
    """Return the prims of a text layer in their order; InputError when braces do not match.

    What a layer tells of itself, before its prims, is in the first, whose path is ``/``.
    """
    text = data.decode("utf-8", "replace")
    tokens = (match.group() for match in _TOKEN.finditer(text))
    words = (token for token in tokens if not token.startswith("#"))
    prims: list[Prim] = []
    open_prims: list[Prim | None] = []
    before: list[str] = []
    told: dict[str, str] = {}
    for token in words:
        if token == "(":
            told = _metadata(_group(token, words, what))
            if not prims and not before:  # else they are of the first prim
                prims.append(Prim("/", "", told))
        elif token == "=":
            name = before[-1] if before else ""
            value = next(words, "")
            if value and value in _OPEN:
                value = _group(value, words, what)
            owner = open_prims[-1] if open_prims else None
            if owner is not None:
                _tell(owner, name, value)
            before = []
        elif token == "{":
            prim = _prim(before, open_prims)
            if prim is not None:
                put = [told[name] for name in LAYERS_PUT if name in told]
                if put:
                    prim.attributes["references"] = " ".join(put)
                if SCHEMAS in told:
                    prim.attributes[SCHEMAS] = told[SCHEMAS]
                prims.append(prim)
            told = {}
            open_prims.append(prim or (open_prims[-1] if open_prims else None))
            if len(open_prims) > _MOST_DEPTH:
                raise InputError(f"{what}: its prims lie more than {_MOST_DEPTH} deep")
            before = []
        elif token == "}":
            if not open_prims:
                raise InputError(f"{what}: a brace is closed that was not opened")
            open_prims.pop()
            before = []
        elif token not in _OPEN + _CLOSE:
            before = [*before[-3:], token]
    return prims


def _tell(prim: Prim, name: str, value: str) -> None:
    """Write a value down; of one at certain times only, ``{ TIME: VALUE , ... }``, the first."""
    own = name.removesuffix(TIMED)
    if own == name:
        prim.timed.discard(name)
        prim.attributes[name] = value
    elif own not in prim.attributes:
        prim.timed.add(own)
        prim.attributes[own] = _first_value(value.partition(":")[2].lstrip())


def _first_value(text: str) -> str:
    if text.startswith("["):
        return text[: text.find("]") + 1]
    if not text.startswith("("):
        return re.split(r"[,}]", text, maxsplit=1)[0].strip()
    depth = 0
    for place, letter in enumerate(text[:_MOST_TUPLE]):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[: place + 1]
    return ""


def _prim(before: list[str], open_prims: list[Prim | None]) -> Prim | None:
    """Return the prim of the words before a brace, None when they begin none."""
    kinds = [index for index, word in enumerate(before) if word in ("def", "over", "class")]
    if not kinds or len(before) < 2 or before[-1][:1] not in ('"', "'"):
        return None
    words = before[kinds[-1] :]
    parent = open_prims[-1].path if open_prims and open_prims[-1] is not None else ""
    return Prim(f"{parent}/{words[-1][1:-1]}", words[1] if len(words) == 3 else "")


def _metadata(text: str) -> dict[str, str]:
    """Return what a bracketed group tells by names."""
    told: dict[str, str] = {}
    words = (match.group() for match in _TOKEN.finditer(text[1:-1]))
    name = ""
    for word in words:
        if word == "=":
            value = next(words, "")
            told[name] = _group(value, words, name) if value and value in _OPEN else value
        name = word
    return told


def _group(first: str, words: Iterator[str], what: str) -> str:
    """Return the text of a bracketed group whose first bracket was taken."""
    depth, parts = 1, [first]
    for token in words:
        parts.append(token)
        if token in _OPEN:
            depth += 1
        elif token in _CLOSE:
            depth -= 1
            if depth == 0:
                return " ".join(parts)
    raise InputError(f"{what}: a bracket is not closed")
