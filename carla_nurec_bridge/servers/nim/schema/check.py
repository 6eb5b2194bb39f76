"""Whether a value conforms to a JSON schema, for the keywords that answers can be made for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from ..errors import ChatRefusal

KEYWORDS = frozenset(
    """
    $anchor $comment $defs $id $ref $schema additionalProperties allOf anyOf const default
    definitions deprecated description discriminator enum examples exclusiveMaximum
    exclusiveMinimum format items maxItems maxLength maximum minItems minLength minimum multipleOf
    oneOf pattern prefixItems properties readOnly required title type uniqueItems
    """.split()
)
"""What is understood; ``format`` is a remark, as in drafts from 2019-09 on."""

_DEEPEST = 40
_MOST_STEPS = 100_000
_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": lambda value: is_number(value),
    "integer": lambda value: is_number(value) and float(value).is_integer(),
}


def is_number(value: object) -> bool:
    """Return whether a value is a number to JSON."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_schema(schema: Any, depth: int = 0) -> None:
    """Walk a schema; ChatRefusal that names what is not understood in it."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict) or depth > _DEEPEST:
        raise _bad("it holds something that is no schema, or is too deep")
    for keyword, value in schema.items():
        if keyword not in KEYWORDS:
            raise _bad(f"the keyword {keyword!r} is not understood here")
        if keyword in ("$defs", "definitions", "properties"):
            _need(isinstance(value, dict), keyword)
            for part in value.values():
                check_schema(part, depth + 1)
        elif keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
            _need(isinstance(value, list) and bool(value), keyword)
            for part in value:
                check_schema(part, depth + 1)
        elif keyword in ("items", "additionalProperties"):
            check_schema(value, depth + 1)
        elif keyword in ("required", "enum"):
            _need(isinstance(value, list), keyword)
        elif keyword == "type":
            names = types_of(schema)
            _need(bool(names) and set(names) <= set(_TYPES), keyword)
        elif keyword == "pattern":
            _need(isinstance(value, str), keyword)
            _matcher(value)
        elif keyword.startswith(("min", "max", "multiple", "exclusive")):
            _need(is_number(value), keyword)


class SchemaChecker:
    """Judges values by one schema that ``check_schema`` let through, within a number of steps.

    A small schema can mean more work than anybody waits for; ChatRefusal says so.
    """

    def __init__(self, root: Mapping[str, Any]) -> None:
        """Begin; references are looked up in ``root``."""
        self._root = root
        self._steps = 0

    def spend(self, steps: int = 1) -> None:
        """Count work that was done."""
        self._steps += steps
        if self._steps > _MOST_STEPS:
            raise _bad("it takes too much work")

    def resolve(self, schema: Any) -> Any:
        """Follow references; a reference and what stands beside it hold both."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, dict) or "$ref" not in schema:
                return schema
            self.spend()
            target: Any = self._root
            reference = str(schema["$ref"])
            if not reference.startswith("#"):
                raise _bad(f"the reference {reference[:60]!r} leads out of it")
            for piece in reference[1:].split("/")[1:]:
                key = piece.replace("~1", "/").replace("~0", "~")
                target = target.get(key) if isinstance(target, dict) else None
            if target is None:
                raise _bad(f"the reference {reference[:60]!r} leads nowhere")
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**target, **beside} if isinstance(target, dict) else target
        raise _bad("its references go in circles")

    def fits(self, value: Any, schema: Any) -> bool:
        """Return whether a value conforms to a part of the schema."""
        self.spend()
        schema = self.resolve(schema)
        if isinstance(schema, bool):
            return schema
        names = types_of(schema)
        if names and not any(_TYPES[name](value) for name in names):
            return False
        if "const" in schema and not _same(value, schema["const"]):
            return False
        if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
            return False
        if not all(self.fits(value, part) for part in schema.get("allOf", ())):
            return False
        for keyword, most in (("anyOf", math.inf), ("oneOf", 1)):
            if keyword in schema:
                count = sum(self.fits(value, part) for part in schema[keyword])
                if not 1 <= count <= most:
                    return False
        if isinstance(value, str):
            return _string_fits(value, schema)
        if isinstance(value, list):
            return self._array_fits(value, schema)
        if isinstance(value, dict):
            return self._object_fits(value, schema)
        return not is_number(value) or _number_fits(value, schema)

    def _array_fits(self, value: list[Any], schema: Mapping[str, Any]) -> bool:
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
            return False
        if schema.get("uniqueItems"):
            self.spend(len(value) ** 2 // 8)
            for index, one in enumerate(value):
                if any(_same(one, other) for other in value[:index]):
                    return False
        first = schema.get("prefixItems", [])
        rest = schema.get("items", True)
        return all(
            self.fits(one, first[index] if index < len(first) else rest)
            for index, one in enumerate(value)
        )

    def _object_fits(self, value: dict[str, Any], schema: Mapping[str, Any]) -> bool:
        if any(name not in value for name in schema.get("required", ())):
            return False
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        return all(self.fits(one, properties.get(name, others)) for name, one in value.items())


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema allows; () where it names none."""
    named = schema.get("type", [])
    return [str(name) for name in (named if isinstance(named, list) else [named])]


def _string_fits(value: str, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        return False
    if "pattern" in schema:
        try:
            _matcher(schema["pattern"]).validate_python(value)
        except ValidationError:
            return False
    return True


@lru_cache(maxsize=64)
def _matcher(pattern: str) -> TypeAdapter[str]:
    """Return what finds a pattern in linear time, as Python's own may not."""
    try:
        return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    except SchemaError:
        raise _bad(f"the pattern {pattern[:60]!r} cannot be used") from None


def _number_fits(value: float, schema: Mapping[str, Any]) -> bool:
    step = schema.get("multipleOf")
    return (
        schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < value
        and value < schema.get("exclusiveMaximum", math.inf)
        and (not step or math.isclose(value / step, round(value / step), abs_tol=1e-9))
    )


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are one to JSON, to which true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _need(good: bool, keyword: str) -> None:
    if not good:
        raise _bad(f"the value of {keyword!r} is not what JSON schema has there")


def _bad(reason: str) -> ChatRefusal:
    return ChatRefusal(400, f"the JSON schema cannot be used: {reason}", "response_format")
