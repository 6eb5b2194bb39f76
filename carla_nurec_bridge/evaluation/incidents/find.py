"""Find everything that happened in traffic."""

from __future__ import annotations

from collections.abc import Sequence

from .actor_paths import ActorPath
from .driving import against_the_lane, cut_ins, hard_brakes, stops
from .incident import DEFAULTS, Incident, Thresholds
from .pairs import collisions, encounters_of, near_misses
from .signs import jaywalking, red_lights
from .traffic import ObservedTraffic


def find_incidents(traffic: ObservedTraffic, limits: Thresholds = DEFAULTS) -> list[Incident]:
    """Return what happened in traffic, by rising start.

    Nothing that it does not show counts: what began before its first tick is judged by the rest.
    """
    contacts: list[Incident] = []
    near: list[Incident] = []
    for encounter in encounters_of(traffic.paths):
        mine = list(collisions(encounter, limits))
        contacts += mine
        near += near_misses(encounter, limits, mine)
    alone: list[Incident] = []
    for path in traffic.paths:
        if path.is_vehicle:
            alone += vehicle_incidents(path, traffic.paths, contacts, limits)
            alone += red_lights(path, traffic.lights)
        elif path.is_walker:
            alone += jaywalking(path, traffic.lanes, limits)
    return in_order([*contacts, *near, *alone])


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
