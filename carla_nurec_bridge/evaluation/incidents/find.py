"""Find everything that happened in a sequence of world states."""

from __future__ import annotations

from collections.abc import Sequence

from ...world.states import WorldState
from .actor_paths import ActorPath, paths_of
from .driving import against_the_lane, cut_ins, hard_brakes, stops
from .incident import DEFAULTS, Incident, Thresholds
from .lanes import Lanes
from .pairs import collisions, encounters_of, near_misses
from .signs import jaywalking, red_lights, shown_lights


def find_incidents(
    states: Sequence[WorldState], lanes: Lanes, limits: Thresholds = DEFAULTS
) -> list[Incident]:
    """Return what happened in states that are in order of time, by rising start.

    Nothing that these states do not show counts: what began before the first tick is judged by
    its part of it.
    """
    paths = paths_of(states, lanes)
    contacts: list[Incident] = []
    near: list[Incident] = []
    for encounter in encounters_of(paths):
        mine = list(collisions(encounter, limits))
        contacts += mine
        near += near_misses(encounter, limits, mine)
    shown = shown_lights(states)
    alone = [
        incident
        for path in paths
        if path.is_vehicle
        for incident in (
            *vehicle_incidents(path, paths, contacts, limits),
            *red_lights(path, shown),
        )
    ]
    walking = [x for path in paths if path.is_walker for x in jaywalking(path, lanes, limits)]
    return in_order([*contacts, *near, *alone, *walking])


def vehicle_incidents(
    path: ActorPath, paths: Sequence[ActorPath], contacts: Sequence[Incident], limits: Thresholds
) -> list[Incident]:
    """Return what the poses and lanes of one vehicle show, others being there.

    ``contacts`` are all collisions: the sudden stop in one is no braking.
    """
    others = [x for x in paths if x.is_vehicle and x.actor.id != path.actor.id]
    return [
        *hard_brakes(path, limits, contacts),
        *against_the_lane(path, limits),
        *stops(path, others, limits),
        *(incident for other in others for incident in cut_ins(path, other, limits)),
    ]


def in_order(incidents: Sequence[Incident]) -> list[Incident]:
    """Return incidents by rising start, then kind and who is in them."""
    return sorted(incidents, key=lambda x: (x.start_ns, x.kind, x.actor_ids))
