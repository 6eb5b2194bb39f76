"""Actors added to a run: drawn by a seed from a YAML file of ranges and constraints."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal

import numpy as np

from ..core.errors import InputError
from ..core.near_names import near_names
from .blueprint_catalogue import Blueprint, load_catalogue
from .inserted_actors_file import InsertedActorEntry, InsertedActorsFile, Pair

_TRIES = 500
_STREAM = 11
"""Keeps these draws apart from other draws with the same seed."""
_STEP_S = 0.05
_ROAD_M = 14.0
"""How wide a road is taken to be where none is known yet."""

Side = Literal["left", "right"]


@dataclass(frozen=True)
class InsertedActor:
    """One added actor, which crosses the hero's road from one side to the other.

    ``name`` is its role_name in CARLA and its track in NuRec, which draws it as ``asset_id``;
    ``size_m`` is CARLA's box. It starts ``outside_m`` beside the road, ``along_m`` ahead of the
    crossing, moves ``delay_s`` after the cue at ``speed_mps``, and stops ``beyond_m`` behind the
    other edge (negative: on the road).
    """

    name: str
    blueprint: str
    asset_id: str
    label_class: str
    size_m: tuple[float, float, float]
    along_m: float
    outside_m: float
    beyond_m: float
    delay_s: float
    speed_mps: float
    rolls: bool


@dataclass(frozen=True)
class InsertedActors:
    """What a seed drew: where the hero's road is crossed, from which side, by whom.

    ``crossing_m`` is counted along the hero's route; the cue comes when the hero is ``gap_m``
    before it.
    """

    crossing_m: float
    gap_m: float
    side: Side
    actors: tuple[InsertedActor, ...]


def draw_inserted_actors(file: InsertedActorsFile, seed: int) -> InsertedActors:
    """Draw what a file describes; the same file and seed give the same.

    A draw that breaks a constraint is thrown away and drawn again. InputError when 500 of them
    do, or when a blueprint is not in CARLA's catalogue.
    """
    rng = np.random.default_rng([seed, _STREAM])
    for _ in range(_TRIES):
        drawn = _draw(file, rng)
        if _apart(drawn.actors, file.apart_m):
            return drawn
    raise InputError(
        f"{file.name}: no draw of seed {seed} keeps the actors {file.apart_m:g} m apart; widen "
        "along_m, outside_m or delay_s, or lower apart_m"
    )


def _draw(file: InsertedActorsFile, rng: np.random.Generator) -> InsertedActors:
    crossing_m, gap_m = _between(file.crossing_m, rng), _between(file.gap_m, rng)
    sides: tuple[Side, ...] = ("left", "right")
    side = sides[int(rng.integers(2))] if file.side == "any" else file.side
    actors = []
    for entry in file.actors:
        count = int(rng.integers(entry.count[0], entry.count[1] + 1))
        names = (
            [entry.name] if entry.count == (1, 1) else [f"{entry.name}_{k}" for k in range(count)]
        )
        actors += [_actor(entry, name, rng) for name in names]
    return InsertedActors(crossing_m, gap_m, side, tuple(actors))


def _actor(entry: InsertedActorEntry, name: str, rng: np.random.Generator) -> InsertedActor:
    blueprint = _blueprint(entry, rng)
    asset = entry.assets[int(rng.integers(len(entry.assets)))] if entry.assets else blueprint.id
    return InsertedActor(
        name,
        blueprint.id,
        asset,
        entry.label_class,
        blueprint.size_m,
        _between(entry.along_m, rng),
        _between(entry.outside_m, rng),
        _between(entry.beyond_m, rng),
        _between(entry.delay_s, rng),
        _between(entry.speed_mps, rng),
        entry.rolls,
    )


def _blueprint(entry: InsertedActorEntry, rng: np.random.Generator) -> Blueprint:
    offered = [b for b in load_catalogue().values() if b.kind in ("walker", "prop")]
    found = [b for b in offered if any(fnmatch(b.id, pattern) for pattern in entry.blueprints)]
    if not found:
        names = [b.id for b in offered]
        near = [name for wanted in entry.blueprints for name in near_names(wanted, names)]
        raise InputError(
            f"inserted actor {entry.name}: no walker or prop of CARLA is called "
            f"{' or '.join(entry.blueprints)}"
            + (f"; near it: {', '.join(near)}" if near else "")
            + "; carla-nurec nurec assets list shows them all"
        )
    return found[int(rng.integers(len(found)))]


def _between(pair: Pair, rng: np.random.Generator) -> float:
    return round(float(rng.uniform(*pair)), 3)


def _apart(actors: tuple[InsertedActor, ...], apart_m: float) -> bool:
    """Say whether no two actors come nearer than ``apart_m`` on their ways."""
    if apart_m <= 0.0 or len(actors) < 2:
        return True
    ways = np.stack([_way(actor) for actor in actors])
    away = np.linalg.norm(ways[:, None] - ways[None, :], axis=-1)
    away[np.arange(len(actors)), np.arange(len(actors))] = np.inf
    return bool(away.min() >= apart_m)


def _way(actor: InsertedActor) -> np.ndarray:
    """Return where an actor is (T, 2) at each step after the cue: along, and across the road."""
    time_s = np.arange(0.0, 20.0, _STEP_S)
    length_m = actor.outside_m + _ROAD_M + actor.beyond_m
    across_m = np.clip((time_s - actor.delay_s) * actor.speed_mps, 0.0, length_m) - actor.outside_m
    return np.column_stack([np.full(len(time_s), actor.along_m), across_m])
