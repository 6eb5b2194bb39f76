"""Answers that conform to a JSON schema: known values where they fit, the plainest elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ChatRefusal
from .check import SchemaChecker, check_schema, is_number, types_of

_DEEPEST = 20
_MOST_ITEMS = 1000


class _Hopeless(Exception):
    """No value that conforms was found; the text names the place."""


def conforming(schema: dict[str, Any], known: Mapping[str, Any], text: str) -> Any:
    """Return a value that conforms to a schema.

    A field gets the known value of its name where that conforms; any other text is ``text``, cut
    to its greatest length; of alternatives and enumerations the first that conforms is taken.
    ChatRefusal when the schema is none, or nothing that conforms was found.
    """
    check_schema(schema)
    try:
        value = _Maker(schema, known, text).value(schema, "", 0)
    except _Hopeless as hopeless:
        raise ChatRefusal(
            400, f"no answer that conforms to the JSON schema was found: {hopeless}"
        ) from None
    return value


class _Maker:
    """Makes values for the parts of one schema."""

    def __init__(self, root: dict[str, Any], known: Mapping[str, Any], text: str) -> None:
        self._checker = SchemaChecker(root)
        self._known = known
        self._text = text

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """Return a value for the field ``name``; _Hopeless when there is none."""
        self._checker.spend()
        schema = self._checker.resolve(schema)
        if depth > _DEEPEST:
            raise _Hopeless(f"{name or 'it'} is nested without end")
        if name in self._known and self._checker.fits(self._known[name], schema):
            return self._known[name]
        if isinstance(schema, bool):
            schema = {"type": "string"}
        for candidate in self._candidates(schema, name, depth):
            if self._checker.fits(candidate, schema):
                return candidate
        raise _Hopeless(name or "the whole")

    def _candidates(self, schema: dict[str, Any], name: str, depth: int) -> Iterator[Any]:
        if "const" in schema:
            yield schema["const"]
        yield from schema.get("enum", ())
        for keyword in ("anyOf", "oneOf"):
            beside = {key: value for key, value in schema.items() if key != keyword}
            for part in schema.get(keyword, ()):
                try:
                    yield self.value(self._both(beside, part), name, depth + 1)
                except _Hopeless:
                    continue
        if "allOf" in schema:
            merged = {key: value for key, value in schema.items() if key != "allOf"}
            for part in schema["allOf"]:
                merged = self._both(merged, part)
            yield self.value(merged, name, depth + 1)
        for kind in types_of(schema) or self._likely(schema):
            yield from self._of_type(kind, schema, name, depth)

    def _both(self, one: dict[str, Any], other: Any) -> dict[str, Any]:
        """Return a schema that mostly means two together; ``fits`` has the last word."""
        other = self._checker.resolve(other)
        if isinstance(other, bool):
            return one
        joined = {**one, **other}
        if "properties" in one and "properties" in other:
            joined["properties"] = {**one["properties"], **other["properties"]}
        if "required" in one and "required" in other:
            joined["required"] = [*one["required"], *other["required"]]
        return joined

    @staticmethod
    def _likely(schema: dict[str, Any]) -> list[str]:
        if "properties" in schema or "required" in schema:
            return ["object"]
        if "items" in schema or "prefixItems" in schema:
            return ["array"]
        is_bounded = any(key.lower().endswith(("minimum", "maximum")) for key in schema)
        return ["number"] if is_bounded else ["string", "number", "object", "array", "null"]

    def _of_type(self, kind: str, schema: dict[str, Any], name: str, depth: int) -> Iterator[Any]:
        match kind:
            case "object":
                yield self._object(schema, depth)
            case "array":
                yield self._array(schema, name, depth)
            case "string":
                yield from self._strings(schema)
            case "boolean":
                yield from (False, True)
            case "null":
                yield None
            case _:
                yield from _numbers(schema, whole=kind == "integer")

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        made = {}
        required = schema.get("required", [])
        for name, part in schema.get("properties", {}).items():
            try:
                made[name] = self.value(part, name, depth + 1)
            except _Hopeless:
                if name in required:
                    raise
        for name in required:
            if name not in made:
                made[name] = self.value(schema.get("additionalProperties", True), name, depth + 1)
        return made

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        first, rest = schema.get("prefixItems", []), schema.get("items", True)
        count = max(len(first), math.ceil(schema.get("minItems", 0)))
        if count > _MOST_ITEMS:
            raise _Hopeless(f"{name or 'a list'} needs {count} items")
        parts = [first[index] if index < len(first) else rest for index in range(count)]
        return [self.value(part, name, depth + 1) for part in parts]

    def _strings(self, schema: dict[str, Any]) -> Iterator[str]:
        least, most = math.ceil(schema.get("minLength", 0)), schema.get("maxLength", math.inf)
        if least > 1_000_000:
            raise _Hopeless(f"a text of {least} characters")
        self._checker.spend((least + len(self._text)) // 100)
        text = self._text or "-"
        if len(text) > most:
            cut = text[: int(most)]
            yield cut.rsplit(" ", 1)[0] if " " in cut else cut
            yield cut
        yield text
        yield (text + " ") * (least // (len(text) + 1)) + (text + " ")[: least % (len(text) + 1)]
        yield from (str(value) for value in self._known.values() if isinstance(value, str | int))


def _numbers(schema: dict[str, Any], *, whole: bool) -> Iterator[float]:
    """Yield numbers at and near the bounds, the plainest first."""
    step = schema.get("multipleOf") or (1 if whole else None)
    low: float = schema.get("exclusiveMinimum", schema.get("minimum", -math.inf))
    high: float = schema.get("exclusiveMaximum", schema.get("maximum", math.inf))
    yield 0
    for bound, inwards in ((low, 1), (high, -1)):
        if not is_number(bound):
            continue
        if step:
            first = (math.ceil if inwards > 0 else math.floor)(bound / step)
            for count in (first, first + inwards):
                yield round(count * step) if whole else count * step
        else:
            yield from (bound, bound + inwards)
    if is_number(low) and is_number(high):
        yield (low + high) / 2
