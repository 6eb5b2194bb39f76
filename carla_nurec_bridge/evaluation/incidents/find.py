"""Find everything that happened in traffic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .actor_paths import ActorPath
from .driving import against_the_lane, cut_ins, hard_brakes, stops
from .incident import DEFAULTS, Incident, Thresholds
from .pairs import Touching, collision, contacts_of, near_misses
from .signs import jaywalking, red_lights
from .traffic import ObservedTraffic


def find_incidents(traffic: ObservedTraffic, limits: Thresholds = DEFAULTS) -> list[Incident]:
    """Return what happened in traffic, by rising start.

    Nothing that it does not show counts: what began before its first tick is judged by the rest.
    """
    encounters = traffic.encounters
    contacts: defaultdict[frozenset[int], list[Touching]] = defaultdict(list)
    for encounter in encounters:
        contacts[encounter.pair] += contacts_of(encounter, limits)
    found = (collision(contact) for mine in contacts.values() for contact in mine)
    collisions = [incident for incident in found if incident is not None]
    near: list[Incident] = []
    for encounter in encounters:
        near += near_misses(encounter, limits, contacts[encounter.pair])
    alone: list[Incident] = []
    for path in traffic.paths:
        if path.is_vehicle:
            alone += vehicle_incidents(path, traffic.paths, collisions, limits)
            alone += red_lights(path, traffic.lights)
        elif path.is_walker:
            alone += jaywalking(path, traffic.lanes, limits)
    return in_order([*collisions, *near, *alone])


def vehicle_incidents(
    path: ActorPath, paths: Sequence[ActorPath], collisions: Sequence[Incident], limits: Thresholds
) -> list[Incident]:
    """Return what the poses and lanes of one vehicle show, others being there.

    ``collisions`` are all of them: the sudden stop in one is no braking.
    """
    others = [x for x in paths if x.is_vehicle and x.actor.id != path.actor.id]
    return [
        *hard_brakes(path, limits, collisions),
        *against_the_lane(path, limits),
        *stops(path, others, limits),
        *(incident for other in others for incident in cut_ins(path, other, limits)),
    ]


def in_order(incidents: Sequence[Incident]) -> list[Incident]:
    """Return incidents by rising start, then kind and who is in them."""
    return sorted(incidents, key=lambda x: (x.start_ns, x.kind, x.actor_ids))
