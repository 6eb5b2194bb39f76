"""USD text layers, as far as volumes need them: prims and plain attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...core.errors import InputError

MOST_BYTES = 64 << 20
_MOST_DEPTH = 64
_TOKEN = re.compile(
    r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    r"|@[^@\n]*@|\#[^\n]*|[()\[\]{}=]|[^\s()\[\]{}=\#\"'@]+"
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf")
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True)
class Prim:
    """A prim: its path, type (may be empty), and attributes' values as text by their names."""

    path: str
    kind: str
    attributes: dict[str, str] = field(default_factory=dict)

    def numbers(self, name: str, count: int) -> tuple[float, ...] | None:
        """Return an attribute's numbers, None where it has not that many."""
        found = tuple(float(text) for text in _NUMBER.findall(self.attributes.get(name, "")))
        return found if len(found) == count else None

    def told(self, name: str, count: int, what: str) -> tuple[float, ...] | None:
        """Return an attribute's numbers, None without it; InputError where they are others."""
        found = self.numbers(name, count)
        if found is None and self.attributes.get(name, "None") != "None":
            shown = self.attributes[name][:60]
            raise InputError(f"{what}: {name} is {shown!r}; {count} numbers are needed")
        return found


def parse_usda(data: bytes, what: str) -> list[Prim]:
    """Return the prims of a text layer in their order; InputError when braces do not match."""
    text = data.decode("utf-8", "replace")
    tokens = (match.group() for match in _TOKEN.finditer(text))
    words = (token for token in tokens if not token.startswith("#"))
    prims: list[Prim] = []
    open_prims: list[Prim | None] = []
    before: list[str] = []
    for token in words:
        if token == "(":
            _group(token, words, what)
        elif token == "=":
            name = before[-1] if before else ""
            value = next(words, "")
            if value and value in _OPEN:
                value = _group(value, words, what)
            owner = open_prims[-1] if open_prims else None
            if owner is not None:
                owner.attributes[name] = value
            before = []
        elif token == "{":
            prim = _prim(before, open_prims)
            if prim is not None:
                prims.append(prim)
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


def _prim(before: list[str], open_prims: list[Prim | None]) -> Prim | None:
    """Return the prim of the words before a brace, None when they begin none."""
    kinds = [index for index, word in enumerate(before) if word in ("def", "over", "class")]
    if not kinds or len(before) < 2 or before[-1][:1] not in ('"', "'"):
        return None
    words = before[kinds[-1] :]
    parent = open_prims[-1].path if open_prims and open_prims[-1] is not None else ""
    return Prim(f"{parent}/{words[-1][1:-1]}", words[1] if len(words) == 3 else "")


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
