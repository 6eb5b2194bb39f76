"""Binary USD layers (``.usdc``): prims with their attributes' default values.

Sections hold tokens, fields (a name and a value), sets of fields, paths as a tree, and specs (a
path, a set of fields, what it is of). Version 0.4 and later.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ....core.errors import InputError
from .crate_bytes import MOST_ROWS, CrateBytes, opened
from .crate_values import CrateValues
from .packed_numbers import integers, unpacked
from .prims import LAYERS_PUT, SCHEMAS, Prim

_ATTRIBUTE, _PRIM, _LAYER = 1, 6, 7
_MOST_TOKEN_BYTES = 64 << 20
_MOST_PATH = 1000
_MOST_TOLD = 1 << 22
"""Fields of all prims and attributes, which may share sets of them."""
_ENDS = 0xFFFFFFFF


def parse_crate(data: bytes, what: str) -> list[Prim]:
    """Return the prims of a binary layer, the layer itself as ``/``; InputError when damaged."""
    try:
        return _prims(opened(data, what))
    except LookupError as error:
        raise InputError(f"{what} is damaged: a number leads nowhere ({error})") from error


def _prims(crate: CrateBytes) -> list[Prim]:
    tokens, fields, sets = _tokens(crate), _fields(crate), _field_sets(crate)
    paths = _paths(crate, tokens)
    values = CrateValues(crate, tokens)
    count, offset = crate.counted("SPECS")
    prims: dict[str, Prim] = {}
    attributes, timed = list[tuple[str, int]](), set[str]()
    fields_told = 0
    for path, first, kind in zip(*crate.columns(offset, count, 3), strict=True):
        fields_told += len(sets.get(first, ()))
        if fields_told > _MOST_TOLD:
            raise InputError(f"{crate.what} has over {_MOST_TOLD} fields; they are not read")
        told = {tokens[fields[index][0]]: fields[index][1] for index in sets.get(first, ())}
        if kind in (_PRIM, _LAYER):
            typed = values.text(told["typeName"]) if "typeName" in told else ""
            prim = Prim(paths[path], (typed or "").strip('"'))
            prims[prim.path] = prim
            if kind == _LAYER:
                for name in told:
                    _tell(prim, name, values, told[name])
            put = [values.layers(told[name]) for name in LAYERS_PUT if name in told]
            if put and kind == _PRIM:
                prim.attributes["references"] = " ".join(put)
            if SCHEMAS in told and kind == _PRIM:
                prim.attributes[SCHEMAS] = values.token_list(told[SCHEMAS])
        elif kind == _ATTRIBUTE and "default" in told:
            attributes.append((paths[path], told["default"]))
        elif kind == _ATTRIBUTE and "timeSamples" in told:
            first = values.first_sample(told["timeSamples"])
            if first is not None:
                attributes.append((paths[path], first))
                timed.add(paths[path])
    for full, value in attributes:
        owner, _, name = full.rpartition(".")
        if owner in prims:
            _tell(prims[owner], name, values, value)
            prims[owner].timed.update({name} if full in timed else ())
    return list(prims.values())


def _tell(prim: Prim, name: str, values: CrateValues, value: int) -> None:
    if values.is_array(value):
        prim.arrays[name] = partial(values.array, value)
    elif (text := values.text(value)) is not None:
        prim.attributes[name] = text


def _tokens(crate: CrateBytes) -> list[str]:
    count, offset = crate.counted("TOKENS")
    size = crate.size_at(offset)
    if size > _MOST_TOKEN_BYTES:
        raise InputError(f"{crate.what} has {size} bytes of names; {_MOST_TOKEN_BYTES} are read")
    packed, _ = crate.block(offset + 8)
    words = unpacked(packed, size, crate.what).split(b"\0", count)[:count]
    return [word.decode("utf-8", "replace") for word in words]


def _fields(crate: CrateBytes) -> list[tuple[int, int]]:
    count, offset = crate.counted("FIELDS")
    packed, offset = crate.block(offset)
    names = integers(packed, count, crate.what).tolist()
    packed, _ = crate.block(offset)
    plain = unpacked(packed, 8 * count, crate.what)
    if len(plain) != 8 * count:
        raise InputError(f"{crate.what} is cut off: it has no {count} fields")
    return list(zip(names, np.frombuffer(plain, "<u8").tolist(), strict=True))


def _field_sets(crate: CrateBytes) -> dict[int, list[int]]:
    """Return lists of fields by where they begin among all, which one number ends each."""
    count, offset = crate.counted("FIELDSETS")
    packed, _ = crate.block(offset)
    found: dict[int, list[int]] = {}
    begin = 0
    own: list[int] = []
    for place, index in enumerate(integers(packed, count, crate.what).tolist()):
        if index & _ENDS == _ENDS:
            found[begin], begin, own = own, place + 1, []
        else:
            own.append(index)
    return found


def _paths(crate: CrateBytes, tokens: list[str]) -> dict[int, str]:
    """Return paths by their numbers, of a tree that is stored depth first.

    A jump of -2 ends a branch, -1 has a child next, 0 a sibling next, more both: the sibling so
    many rows farther on.
    """
    _, offset = crate.counted("PATHS")
    count = min(crate.size_at(offset), MOST_ROWS)
    numbers, names, jumps = crate.columns(offset + 8, count, 3)
    paths: dict[int, str] = {}
    left = [(0, "")]
    while left:
        row, parent = left.pop()
        while 0 <= row < count and numbers[row] not in paths:
            if not parent:
                path = "/"
            else:
                joint = "." if names[row] < 0 else "" if parent == "/" else "/"
                path = f"{parent}{joint}{tokens[abs(names[row])]}"
            if len(path) > _MOST_PATH:
                raise InputError(f"{crate.what}: a path has over {_MOST_PATH} characters")
            paths[numbers[row]] = path
            jump = jumps[row]
            if jump > 0:
                left.append((row + jump, parent))
            if jump > 0 or jump == -1:
                parent = path
            elif jump != 0:
                break
            row += 1
    return paths
