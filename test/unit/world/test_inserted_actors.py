"""Actors drawn by a seed: equal seeds, equal draws; ranges and constraints hold; mistakes named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.scene.drawn.own_assets import OWN_ASSETS
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue
from carla_nurec_bridge.world.inserted_actors import draw_inserted_actors
from carla_nurec_bridge.world.inserted_actors_file import (
    InsertedActorsFile,
    load_inserted_actors,
    shipped_inserted_actors,
)

CROWD: dict[str, Any] = {
    "description": "people on both sides",
    "crossing_m": [20, 80],
    "gap_m": [10, 30],
    "apart_m": 0.7,
    "actors": [
        {
            "name": "passer",
            "blueprints": ["walker.pedestrian.00[45]?"],
            "assets": ["a", "b"],
            "count": [2, 5],
            "along_m": [-8, 8],
            "outside_m": [0.5, 3],
            "beyond_m": [0, 2],
            "delay_s": [0, 3],
            "speed_mps": [0.8, 2.0],
        }
    ],
}


def _file(tmp_path: Path, **changes: Any) -> InsertedActorsFile:
    path = tmp_path / "crowd.yaml"
    path.write_text(yaml.safe_dump({**CROWD, **changes}))
    return load_inserted_actors(str(path))


def test_the_same_seed_is_the_same_draw(tmp_path: Path) -> None:
    file = _file(tmp_path)
    draws = [draw_inserted_actors(file, seed) for seed in range(40)]
    assert draws == [draw_inserted_actors(_file(tmp_path), seed) for seed in range(40)]
    assert len({draw.crossing_m for draw in draws}) > 30
    assert {draw.side for draw in draws} == {"left", "right"}
    assert {len(draw.actors) for draw in draws} == {2, 3, 4, 5}
    assert {a.asset_id for draw in draws for a in draw.actors} == {"a", "b"}
    assert len({a.blueprint for draw in draws for a in draw.actors}) > 8


def test_draws_keep_to_their_ranges_and_apart(tmp_path: Path) -> None:
    file = _file(tmp_path)
    entry = file.actors[0]
    for seed in range(40):
        drawn = draw_inserted_actors(file, seed)
        assert 20 <= drawn.crossing_m <= 80
        assert 10 <= drawn.gap_m <= 30
        assert [a.name for a in drawn.actors] == [f"passer_{k}" for k in range(len(drawn.actors))]
        for actor in drawn.actors:
            assert actor.size_m == load_catalogue()[actor.blueprint].size_m
            for field in ("along_m", "outside_m", "beyond_m", "delay_s", "speed_mps"):
                low, high = getattr(entry, field)
                assert low <= getattr(actor, field) <= high
        for time_s in np.arange(0.0, 15.0, 0.5):
            for one in drawn.actors:
                for other in drawn.actors:
                    if one is not other:
                        assert _distance(one, other, time_s) >= 0.7 - 1e-9


def _distance(one: Any, other: Any, time_s: float) -> float:
    """Return how far two walkers are from each other, from their own numbers."""

    def across_m(actor: Any) -> float:
        walked = max(time_s - actor.delay_s, 0.0) * actor.speed_mps
        return float(min(walked, actor.outside_m + 14.0 + actor.beyond_m) - actor.outside_m)

    return float(np.hypot(one.along_m - other.along_m, across_m(one) - across_m(other)))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"gap_m": [3, 1]}, r"field gap_m: .*two rising numbers from 0 to 500.*found \[3, 1\]"),
        ({"gap_m": [3, float("nan")]}, "field gap_m: .*two rising numbers"),
        ({"crossing_m": [1, 20]}, "field crossing_m: .*from 5 to 5000"),
        ({"side": "up"}, "field side: Input should be 'left', 'right' or 'any'; found 'up'"),
        ({"sped": 1}, "field sped: Extra inputs are not permitted"),
        ({"actors": []}, "field actors: "),
        ({"actors": CROWD["actors"] * 2}, "names of actors must be unique"),
        (
            {"actors": [{**CROWD["actors"][0], "speed_mps": [1, 99]}]},
            r"field actors.0.speed_mps: .*from 0.1 to 15 are .*found \[1, 99\] \(how fast, m/s\)",
        ),
        ({"actors": [{**CROWD["actors"][0], "name": "a b"}]}, "field actors.0.name"),
    ],
)
def test_mistakes_are_named_with_field_and_unit(
    tmp_path: Path, changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(InputError, match=f"crowd.yaml: .*{text}"):
        _file(tmp_path, **changes)


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no draw of seed 3 keeps the actors 19 m apart"):
        draw_inserted_actors(_file(tmp_path, apart_m=19.0), 3)
    unknown = [{**CROWD["actors"][0], "blueprints": ["vehicle.*", "walker.of.mars"]}]
    with pytest.raises(InputError, match="passer: no walker or prop of CARLA is called"):
        draw_inserted_actors(_file(tmp_path, actors=unknown), 1)
    with pytest.raises(
        InputError, match="no actors to insert called 'nobody'; there are: ball_and_child"
    ):
        load_inserted_actors("nobody")


def test_the_shipped_actors_can_be_drawn_and_shown() -> None:
    known = load_catalogue().keys() | OWN_ASSETS.keys()
    for file in shipped_inserted_actors():
        for seed in range(10):
            assert {actor.asset_id for actor in draw_inserted_actors(file, seed).actors} <= known
    child = next(
        a
        for a in draw_inserted_actors(load_inserted_actors("ball_and_child"), 1).actors
        if a.name == "child"
    )
    assert child.size_m[2] < 1.3
