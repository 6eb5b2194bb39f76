"""YAML is read as PyYAML's own parser reads it, but for what nests or repeats without end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from carla_nurec_bridge.core.files.plain_yaml import load_yaml
from carla_nurec_bridge.core.resources import config_path

SHIPPED = sorted(config_path("rigs").parent.rglob("*.yaml"))
ODD = (
    "",
    "on: 0o17",
    "- &there [1, 2]\n- *there",
    "at: 2030-01-31",
    "{a: 1e3, b: 1.0e+3, c: ~, d: .inf}",
    "one: &one {x: 1}\ntwo: {<<: *one, y: 2}",
    "text: |\n  one\n  two",
    "\ufeffa: ü",
)


@pytest.mark.parametrize("text", ODD)
def test_values_are_those_of_the_other_parser(text: str) -> None:
    assert load_yaml(text) == yaml.safe_load(text)
    assert load_yaml(text.encode()) == yaml.safe_load(text.encode())


def test_shipped_files_are_read_alike() -> None:
    assert len(SHIPPED) > 10
    for path in SHIPPED:
        assert load_yaml(path.read_text()) == yaml.safe_load(path.read_text()), path


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2",
        "a: b: c",
        "a: '\x07'",
        "a: \ud800",
        b"\xff\xfe\x00",
        "!!python/object/apply:os.getcwd []",
        "[*nobody]",
        "[&a 1, &a 2]",
        "? [1]\n: 2",
        "at: 2030-13-01",
        "at: 2030-01-01T00:00:00+99:00",
        "a: " + "9" * 5000,
        "a: 1" + ":20" * 300 + ".5",
        "!!int seven",
        "!!int ''",
        "!!bool perhaps",
        "!!timestamp tomorrow",
    ],
)
def test_what_is_no_yaml_is_an_error_of_one_kind(text: str | bytes) -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml(text)


@pytest.mark.parametrize(
    "nested",
    [lambda n: "[" * n + "]" * n, lambda n: "- " * n + "1", lambda n: "{a: " * n + "}" * n],
)
def test_nesting_has_a_bound(nested: Callable[[int], str]) -> None:
    assert load_yaml(nested(64)) == yaml.safe_load(nested(64))
    for levels in (65, 100_000):
        with pytest.raises(yaml.YAMLError, match="more than 64 deep"):
            load_yaml(nested(levels))


def doubled(levels: int, line: str) -> str:
    """Return lines that each name the one before it twice."""
    lines = (line.format(here=f"a{k + 1}", there=f"*a{k}") for k in range(levels))
    return "\n".join(["a0: &a0 {x: 1}", *lines])


@pytest.mark.parametrize(
    "line", ["{here}: &{here} [{there}, {there}]", "{here}: &{here} {{<<: [{there}, {there}]}}"]
)
def test_repetition_has_a_bound(line: str) -> None:
    assert load_yaml(doubled(5, line)) == yaml.safe_load(doubled(5, line))
    for levels in (20, 60):
        with pytest.raises(yaml.YAMLError, match="aliases stand for more than"):
            load_yaml(doubled(levels, line))


@pytest.mark.parametrize("text", ["&a [1, *a]", "a: &a {b: [*a]}", "&a {<<: *a}"])
def test_what_holds_itself_is_an_error(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="&a holds itself"):
        load_yaml(text)
