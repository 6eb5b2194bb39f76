"""The configuration of a run: a shipped map by its name, and errors in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.runs.graph import load_config, servers


@pytest.mark.parametrize("name", ["demo_town", Path("demo_town")])
def test_a_shipped_map_is_known_by_its_name(name: str | Path) -> None:
    config = load_config("demo", map=name, nurec=False)
    assert config.map == config_path("maps", "demo_town.xodr")


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        ({"map": "nowhere"}, "no map is shipped as nowhere"),
        ({"map": "nowhere.xodr"}, "there is no file nowhere.xodr"),
        ({}, "needs a map: demo_town"),
        ({"map": "demo_town"}, "nurec: false"),
    ],
)
def test_what_is_missing_is_named(overrides: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        servers(load_config("demo", **overrides))
