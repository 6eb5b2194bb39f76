"""Answers conform to the JSON schema that is asked for, as the library jsonschema judges it."""

from __future__ import annotations

import json
from typing import Any, Literal

import jsonschema
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nim_client import ASKED, ask, with_facts
from pydantic import BaseModel, Field

from carla_nurec_bridge.servers.nim.errors import ChatRefusal
from carla_nurec_bridge.servers.nim.options import MODEL
from carla_nurec_bridge.servers.nim.schema.answer import conforming
from carla_nurec_bridge.servers.nim.schema.check import SchemaChecker, check_schema

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "maxLength": 12},
                "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]},
            },
            "required": ["name", "next"],
        }
    },
    "$ref": "#/$defs/node",
}
SCHEMAS: list[dict[str, Any]] = [
    {"type": "object"},
    TREE,
    {"type": "array", "items": {"type": "integer", "minimum": 7, "multipleOf": 5}, "minItems": 3},
    {"type": "array", "prefixItems": [{"const": 1}, {"enum": ["a", "b"]}], "items": False},
    {"type": ["null", "string"], "minLength": 3000, "maxLength": 3100},
    {"type": "string", "maxLength": 3},
    {"type": "string", "pattern": "^(yes|no)$", "enum": ["maybe", "no"]},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "maximum": -2.5},
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "boolean"}}}]},
    {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 3}]},
    {"type": "object", "required": ["x"], "additionalProperties": {"enum": [[1], {"b": None}]}},
    {
        "type": "object",
        "properties": {"deep": {"type": "object", "properties": {"n": {"type": "null"}}}},
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
@pytest.mark.parametrize("way", ["response_format", "guided_json", "nvext"])
def test_answers_conform(client, schema, way):
    form = {"type": "json_schema", "json_schema": {"name": "it", "strict": True, "schema": schema}}
    more: dict[str, Any] = {
        "response_format": {"response_format": form},
        "guided_json": {"extra_body": {"guided_json": schema}},
        "nvext": {"extra_body": {"nvext": {"guided_json": schema}}},
    }[way]
    reply = ask(client, with_facts(), **more)
    jsonschema.validate(json.loads(reply.choices[0].message.content), schema)


class Rewrite(BaseModel):
    prompt: str = Field(min_length=20)
    weather: Literal["snow", "heavy rain"]
    light: str
    layout: str | None
    sure: bool
    tags: list[str] = Field(min_length=1, max_length=3)


def test_the_client_parses_a_model_whose_fields_are_known(client):
    reply = client.chat.completions.parse(
        model=MODEL,
        messages=[{"role": "user", "content": with_facts(conditions=ASKED)}],
        response_format=Rewrite,
    )
    found = reply.choices[0].message.parsed
    assert (found.weather, found.light, found.layout) == (
        "heavy rain",
        "the blue hour",
        "intersection",
    )
    assert "two red cars" in found.prompt
    assert "the blue hour" in found.prompt


def test_any_json_object_is_given_for_json_object(client):
    reply = ask(client, with_facts(), response_format={"type": "json_object"})
    assert isinstance(json.loads(reply.choices[0].message.content), dict)


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"type": "strange"}, "'type'"),
        ({"not": {}}, "'not'"),
        ({"$ref": "#/nowhere"}, "nowhere"),
        ({"$ref": "https://elsewhere/x"}, "out of it"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "circles"),
        ({"type": "string", "pattern": "(?=a)("}, "pattern"),
        ({"type": "string", "pattern": "^zz[0-9]{9}$"}, "no answer"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "no answer"),
        ({"type": "array", "minItems": 10**9}, "items"),
        ({"type": "string", "minLength": 10**9}, "characters"),
        (
            {
                "$defs": {"n": {"required": ["n"], "properties": {"n": {"$ref": "#/$defs/n"}}}},
                "$ref": "#/$defs/n",
            },
            "without end",
        ),
        ({"items": {"minimum": "a"}}, "'minimum'"),
        ({"enum": []}, "no answer"),
        ({"properties": []}, "'properties'"),
    ],
)
def test_schemas_that_cannot_be_used_are_refused_in_words(client, schema, word):
    with pytest.raises(openai.BadRequestError, match=word):
        ask(client, "?", extra_body={"guided_json": schema})


def chain(keyword: str, length: int) -> dict[str, Any]:
    """Return a schema of a few lines whose alternatives double with each of its parts."""
    parts = {"0": {"type": "integer", "minimum": 2, "maximum": 1}}
    for number in range(1, length):
        below = {"$ref": f"#/$defs/{number - 1}"}
        parts[str(number)] = {keyword: [below, below]}
    return {"$defs": parts, "$ref": f"#/$defs/{length - 1}"}


MUCH = {"type": "array", "minItems": 900, "items": {"type": "string", "minLength": 90_000}}


@pytest.mark.parametrize(
    "schema", [chain("anyOf", 35), chain("oneOf", 35), chain("allOf", 35), MUCH]
)
def test_a_schema_made_to_take_for_ever_is_given_up(client, schema):
    with pytest.raises(openai.BadRequestError, match=r"too much work|no answer"):
        ask(client, "?", extra_body={"guided_json": schema})


def test_a_pattern_made_to_take_for_ever_takes_no_time(client):
    schema = {"type": "string", "pattern": "^(a+)+$", "minLength": 1}
    content = json.dumps({"facts": {"counts": {"a": 1}}, "conditions": {"w": "a" * 5000 + "!"}})
    with pytest.raises(openai.BadRequestError, match="no answer"):
        ask(client, content, extra_body={"guided_json": schema})


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "a", "ab", "1"])
    | st.just(0.5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=5,
)
_LEAVES = st.one_of(
    st.sampled_from([{}, {"type": "integer"}, {"type": ["string", "null"]}, {"type": "boolean"}]),
    st.builds(
        lambda low, size: {"minimum": low, "maximum": low + size},
        st.integers(-5, 5),
        st.integers(0, 4),
    ),
    st.builds(lambda length: {"type": "string", "maxLength": length}, st.integers(0, 3)),
    st.builds(lambda values: {"enum": values}, st.lists(_VALUES, min_size=1, max_size=3)),
    st.builds(lambda value: {"const": value}, _VALUES),
    st.sampled_from(
        [{"multipleOf": 2}, {"pattern": "^a"}, {"exclusiveMaximum": 2}, {"minLength": 2}]
    ),
)
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"oneOf": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"allOf": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(
            lambda part, unique: {
                "type": "array",
                "items": part,
                "minItems": 1,
                "uniqueItems": unique,
            },
            inner,
            st.booleans(),
        ),
        st.builds(
            lambda one, rest, need: {
                "properties": {"a": one},
                "additionalProperties": rest,
                "required": need,
            },
            inner,
            inner,
            st.lists(st.sampled_from("ab"), max_size=2, unique=True),
        ),
    ),
    max_leaves=4,
)


@settings(max_examples=300, derandomize=True)
@given(_SCHEMAS, _VALUES)
def test_values_are_judged_as_jsonschema_judges_them(schema, value):
    check_schema(schema)
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert SchemaChecker(schema).fits(value, schema) == expected


@settings(max_examples=300, derandomize=True)
@given(_SCHEMAS)
def test_values_that_are_made_conform(schema):
    try:
        value = conforming(schema, {"a": 1}, "a text")
    except ChatRefusal:
        return
    assert jsonschema.Draft202012Validator(schema).is_valid(value)
