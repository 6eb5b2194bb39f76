"""USD text layers, as far as volumes need them: prims, where they are, and plain attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ...core.errors import InputError
from ...core.frames import Matrix

MOST_BYTES = 64 << 20
_MOST_DEPTH = 64
_TOKEN = re.compile(
    r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    r"|@[^@\n]*@|\#[^\n]*|[()\[\]{}=]|[^\s()\[\]{}=\#\"'@]+"
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf")
_OPEN, _CLOSE = "([{", ")]}"
_PLACED_BY = re.compile(r"xformOp:(\w+)")


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


def world_from_local(prims: Mapping[str, Prim], path: str) -> tuple[Matrix, list[str]]:
    """Return where a prim lies (4, 4), of its own and its parents' transforms, and sentences.

    USD multiplies row vectors, p' = p M; the result is for columns. Of the operations matrices,
    translations and scales are applied, others are told.
    """
    total, notes = np.eye(4), list[str]()
    while path:
        prim = prims.get(path)
        if prim is not None:
            own, told = _local(prim)
            with np.errstate(over="ignore", invalid="ignore"):
                total = own @ total
            notes += told
        path = path.rpartition("/")[0]
    return total, notes


def _local(prim: Prim) -> tuple[Matrix, list[str]]:
    matrix, notes = np.eye(4), []
    order = re.findall(r'"([^"]+)"', prim.attributes.get("xformOpOrder", ""))
    for name in order or [name for name in prim.attributes if name == "xformOp:transform"]:
        kind = _PLACED_BY.match(name)
        step = np.eye(4)
        if kind and kind[1] == "transform" and (values := prim.numbers(name, 16)):
            step = np.array(values).reshape(4, 4).T
        elif kind and kind[1] == "translate" and (values := prim.numbers(name, 3)):
            step[:3, 3] = values
        elif kind and kind[1] == "scale" and (values := prim.numbers(name, 3)):
            step[:3, :3] = np.diag(values)
        else:
            notes.append(f"{prim.path}: its transform {name} is not applied")
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = matrix @ step
    return matrix, notes
