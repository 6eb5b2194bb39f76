"""How everybody in a scenario moves: found once for all cameras that see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...evaluation.incidents.actor_paths import ActorPath
from ...evaluation.incidents.lanes import MapLanes
from ...opendrive import OpenDriveMap
from ..store.reader import StoredScenario
from .manoeuvres import manoeuvres_of
from .overtaking import overtakings
from .paths import NoLanes, paths_of_scenario
from .values import Manoeuvre


@dataclass(frozen=True, eq=False)
class SceneMotion:
    """The paths of all actors and what they do, seen or not; ``opendrive`` None: map unknown."""

    opendrive: OpenDriveMap | None = field(repr=False)
    paths: tuple[ActorPath, ...] = field(repr=False)
    manoeuvres: tuple[Manoeuvre, ...] = field(repr=False)


def motion_of(scenario: StoredScenario, opendrive: OpenDriveMap | None) -> SceneMotion:
    """Return how the actors of a scenario move; without its map lanes are unknown."""
    lanes = NoLanes() if opendrive is None else MapLanes(opendrive)
    paths = paths_of_scenario(scenario.truth, list(scenario.frames()), lanes)
    done = [one for path in paths for one in manoeuvres_of(path)]
    return SceneMotion(opendrive, paths, (*done, *overtakings(paths)))
