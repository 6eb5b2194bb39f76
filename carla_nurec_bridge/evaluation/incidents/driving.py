"""What one vehicle does wrong, or suddenly: braking, driving against a lane, stopping, cutting in.

Each rule looks at one path (of an actor), and yields incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ...core.run_contract.timebase import seconds_to_ns
from .actor_paths import ActorPath, runs, stretches
from .incident import Incident, IncidentKind, Thresholds

_SLOWED_OVER_S = 0.25
_AROUND_A_CONTACT_S = 0.2
_CENTRED_M = 0.4
_BESIDE_M = 2.0


def hard_brakes(
    path: ActorPath, limits: Thresholds, contacts: Iterable[Incident]
) -> Iterator[Incident]:
    """Find hard braking that is not the effect of one of the ``contacts`` that it was part of."""
    width = max(int(_SLOWED_OVER_S / max(float(np.median(np.diff(path.times_s))), 1e-3)), 1)
    speeds, times = path.speeds_mps, path.times_s
    slowing = np.zeros(len(speeds))
    slowing[width:] = (speeds[:-width] - speeds[width:]) / (times[width:] - times[:-width])
    hits_ns = [hit.start_ns for hit in contacts if path.actor.id in hit.actor_ids]
    for first, last in runs(slowing >= limits.hard_brake_mps2):
        start = max(first - width, 0)
        if path.seconds(start, last) < limits.hard_brake_s:
            continue
        if speeds[start] < limits.hard_brake_from_mps:
            continue
        earliest_ns = path.stamps_ns[start] - seconds_to_ns(_AROUND_A_CONTACT_S)
        if any(earliest_ns <= hit_ns <= path.stamps_ns[last] for hit_ns in hits_ns):
            continue
        evidence = {
            "deceleration_mps2": float(slowing[first : last + 1].max()),
            "from_mps": float(speeds[start]),
            "to_mps": float(speeds[last]),
        }
        yield _incident("hard_brake", path, start, last, evidence)


def against_the_lane(path: ActorPath, limits: Thresholds) -> Iterator[Incident]:
    """Find driving against a lane: an overtaking when it began and ended the right way round."""
    cosine = np.array(
        [
            np.cos(heading - lane.heading_rad) if lane and not lane.in_junction else 0.0
            for heading, lane in zip(path.headings, path.lanes, strict=True)
        ]
    )
    moving = path.speeds_mps > limits.moving_mps
    proper = (cosine > -limits.against_cos) & moving
    for first, last in stretches((cosine < limits.against_cos) & moving, path.stamps_ns):
        if path.seconds(first, last) < limits.against_s:
            continue
        passing = bool(proper[:first].any() and proper[last:].any())
        steps = np.linalg.norm(np.diff(path.positions[first : last + 1], axis=0), axis=1)
        evidence = {
            "length_m": float(steps.sum()),
            "mean_mps": float(path.speeds_mps[first : last + 1].mean()),
            "lane_cosine": float(cosine[first : last + 1].mean()),
        }
        yield _incident("overtaking" if passing else "wrong_way", path, first, last, evidence)


def stops(path: ActorPath, vehicles: Iterable[ActorPath], limits: Thresholds) -> Iterator[Incident]:
    """Find standing on a lane with neither a junction nor a queue ahead."""
    on_lane = np.array([bool(lane and not lane.junction_ahead) for lane in path.lanes])
    for first, last in runs((path.speeds_mps < limits.standing_mps) & on_lane):
        seconds = path.seconds(first, last)
        middle = (first + last) // 2
        queues = any(_queues(path, other, middle, limits) for other in vehicles)
        if seconds >= limits.stopped_s and not queues:
            yield _incident("stopped_vehicle", path, first, last, {"seconds": seconds})


def cut_ins(path: ActorPath, other: ActorPath, limits: Thresholds) -> Iterator[Incident]:
    """Find where ``path`` enters the lane of ``other`` shortly before it."""
    for index in range(1, len(path.stamps_ns)):
        before, lane = path.lanes[index - 1], path.lanes[index]
        if before is None or lane is None or before.key == lane.key or lane.in_junction:
            continue
        k = other.index_at(int(path.stamps_ns[index]))
        if before.key[:2] != lane.key[:2] or k is None:
            continue
        behind = other.lanes[k]
        speed_mps = float(other.speeds_mps[k])
        if behind is None or behind.key != lane.key or speed_mps < limits.moving_mps:
            continue
        forward = other.poses[k, :2, 0]
        distance = float((path.positions[index, :2] - other.positions[k, :2]) @ forward)
        gap_m = distance - 0.5 * (path.actor.size_m[0] + other.actor.size_m[0])
        along = np.cos(path.headings[index] - lane.heading_rad)
        if not (0.0 < gap_m < limits.cut_in_gap_m and along > 0.5):
            continue
        begin_ns = path.stamps_ns[index] - seconds_to_ns(limits.cut_in_before_s)
        start = int(np.searchsorted(path.stamps_ns, begin_ns))
        centred = (i for i in range(index, len(path.stamps_ns)) if _centred(path, i))
        end = next(centred, len(path.stamps_ns) - 1)
        yield Incident(
            "cut_in",
            int(path.stamps_ns[start]),
            int(path.stamps_ns[end]),
            (path.actor.id, other.actor.id),
            path.positions[index],
            {
                "gap_m": gap_m,
                "crosses_after_s": path.seconds(start, index),
                "headway_s": gap_m / speed_mps,
                "other_mps": speed_mps,
            },
        )


def _incident(
    kind: IncidentKind, path: ActorPath, first: int, last: int, evidence: dict[str, float]
) -> Incident:
    start_ns, end_ns = int(path.stamps_ns[first]), int(path.stamps_ns[last])
    return Incident(kind, start_ns, end_ns, (path.actor.id,), path.positions[first], evidence)


def _queues(path: ActorPath, other: ActorPath, index: int, limits: Thresholds) -> bool:
    """Say whether a vehicle stands behind another that stands too."""
    k = other.index_at(int(path.stamps_ns[index]))
    if other is path or k is None:
        return False
    away = path.poses[index, :2, :2].T @ (other.positions[k, :2] - path.positions[index, :2])
    near = 0.0 < away[0] < limits.queue_m and abs(away[1]) < _BESIDE_M
    return bool(near and other.speeds_mps[k] < limits.standing_mps)


def _centred(path: ActorPath, index: int) -> bool:
    lane = path.lanes[index]
    return lane is not None and abs(lane.offset_m) < _CENTRED_M
