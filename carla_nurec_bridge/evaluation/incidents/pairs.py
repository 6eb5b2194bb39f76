"""What happens between two road users: they touch, or nearly so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...core.run_contract.timebase import NS_PER_S, seconds_to_ns
from ..collisions import boxes_overlap
from ..footprints import overlap_m
from .actor_paths import ActorPath, stretches
from .encounters import Encounter, Encroachment, encounter_of, encroachment
from .incident import Incident, Thresholds


@dataclass(frozen=True, eq=False)
class Touching:
    """The ticks ``first`` to ``last`` of an encounter at which the two touch."""

    encounter: Encounter
    first: int
    last: int

    @property
    def start_ns(self) -> int:
        """The stamp of the first of them."""
        return int(self.encounter.stamps_ns[self.first])

    @property
    def end_ns(self) -> int:
        """The stamp of the last of them."""
        return int(self.encounter.stamps_ns[self.last])


def encounters_of(paths: Sequence[ActorPath]) -> list[Encounter]:
    """Return the encounters of all pairs of which one is a vehicle and one moves."""
    found = []
    for one, other in combinations(paths, 2):
        moves = one.speeds_mps.any() or other.speeds_mps.any()
        if moves and one.actor.id != other.actor.id and (one.is_vehicle or other.is_vehicle):
            encounter = encounter_of(one, other)
            if encounter is not None:
                found.append(encounter)
    return found


def contacts_of(encounter: Encounter, limits: Thresholds) -> list[Touching]:
    """Return where the boxes of two overlap; contacts shortly after each other are one."""
    close = np.flatnonzero(encounter.centre_distances_m < encounter.reach_m)
    touching = np.zeros(len(encounter.at_one), bool)
    for index in close:
        one = encounter.one.box(int(encounter.at_one[index]))
        other = encounter.other.box(int(encounter.at_other[index]))
        touching[index] = boxes_overlap(one, other)
    stamps_ns = encounter.stamps_ns
    spans = stretches(touching, stamps_ns, seconds_to_ns(limits.same_contact_s))
    return [Touching(encounter, first, last) for first, last in spans]


def collision(contact: Touching) -> Incident | None:
    """Return a contact as an incident; the faster one is named first.

    One that lasts from the first shared tick on began before, so none of these ticks tells how:
    it is None.
    """
    encounter, first, last = contact.encounter, contact.first, contact.last
    if first == 0:
        return None
    ids, speeds = encounter.faster_first(first - 1)
    during = np.arange(first, last + 1)
    depth = overlap_m(*(each.chosen(during) for each in encounter.footprints))
    return Incident(
        "collision",
        contact.start_ns,
        contact.end_ns,
        ids,
        encounter.middle(first),
        {
            "closing_mps": encounter.closing_mps(first - 1),
            "overlap_m": float(depth.max()),
            "speed_mps": speeds[0],
            "other_mps": speeds[1],
        },
    )


def near_misses(
    encounter: Encounter, limits: Thresholds, contacts: Sequence[Touching]
) -> Iterator[Incident]:
    """Find where two would collide in less than a threshold, or one is where the other just was.

    ``contacts`` are all those of the same two, also of paths before and after a gap: what leads to
    one, or follows it, is no near miss.
    """
    if encounter.centre_distances_m.min() > encounter.reach_m + _most_m(encounter, limits):
        return
    found = [*_by_ttc(encounter, limits)]
    crossing = encroachment(
        encounter.one, encounter.other, limits.near_miss_pet_s, limits.crossing_rad
    )
    if crossing is not None and crossing.pet_s < limits.near_miss_pet_s:
        found = _with_pet(found, encounter, crossing)
    around_ns = seconds_to_ns(limits.same_contact_s)
    for incident in found:
        if not any(
            hit.start_ns - around_ns < incident.end_ns
            and incident.start_ns < hit.end_ns + around_ns
            for hit in contacts
        ):
            yield incident


def _most_m(encounter: Encounter, limits: Thresholds) -> float:
    """Return how far the two can come nearer within the longer of the thresholds."""
    seconds = max(limits.near_miss_ttc_s, limits.near_miss_pet_s)
    return seconds * float(encounter.one.speeds_mps.max() + encounter.other.speeds_mps.max())


def _by_ttc(encounter: Encounter, limits: Thresholds) -> Iterator[Incident]:
    times = encounter.times_to_collision_s(limits.near_miss_ttc_s)
    for first, last in stretches(times < limits.near_miss_ttc_s, encounter.stamps_ns):
        worst = first + int(np.argmin(times[first : last + 1]))
        ids, speeds = encounter.faster_first(worst)
        yield Incident(
            "near_miss",
            int(encounter.stamps_ns[first]),
            int(encounter.stamps_ns[last]),
            ids,
            encounter.middle(worst),
            {
                "ttc_s": float(times[worst]),
                "distance_m": float(encounter.gaps_m[worst]),
                "least_distance_m": float(encounter.gaps_m[first : last + 1].min()),
                "closing_mps": encounter.closing_mps(worst),
                "speed_mps": speeds[0],
                "other_mps": speeds[1],
            },
        )


def _with_pet(
    found: list[Incident], encounter: Encounter, crossing: Encroachment
) -> list[Incident]:
    """Return near misses with the figure of a crossing, in the one it belongs to or on its own."""
    span = (crossing.left_ns, crossing.entered_ns)
    for number, incident in enumerate(found):
        if incident.start_ns <= span[1] + NS_PER_S and span[0] - NS_PER_S <= incident.end_ns:
            joined = Incident(
                "near_miss",
                min(incident.start_ns, span[0]),
                max(incident.end_ns, span[1]),
                incident.actor_ids,
                incident.place,
                {**incident.evidence, "pet_s": crossing.pet_s},
            )
            return [*found[:number], joined, *found[number + 1 :]]
    ids = (encounter.other.actor.id, encounter.one.actor.id)
    return [
        *found,
        Incident(
            "near_miss",
            *span,
            ids if crossing.one_left else ids[::-1],
            crossing.place,
            {"pet_s": crossing.pet_s, "least_distance_m": float(encounter.gaps_m.min())},
        ),
    ]
