"""Finding events in a recording: what really happened, whatever was planned.

Every detector reads the actors' recorded ways, the map's lanes and CARLA's collision records.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..carla_client.driving.lanes import Lanes
from ..recorder_log import Log
from ..recorder_log.layouts import PacketKind
from ..recorder_log.queries import collision_rows
from ..recorder_log.statistics import actor_words
from .events import ScenarioEvent
from .trajectories import (
    LaneTrajectory,
    runs,
    stretches,
    trajectories_of,
)

SCRIPTED_ROLES = ("hero", "incident")
HARD_BRAKING_MPS2 = 5.0
_BRAKING_AT_LEAST_S = 0.5
_BRAKING_FROM_MPS = 4.0
_AGAINST_COS = -0.5
_AGAINST_AT_LEAST_S = 1.0
_MOVING_MPS = 1.5
_STANDING_MPS = 0.15
_STANDING_AT_LEAST_S = 5.0
_QUEUE_M = 15.0
_CUT_IN_GAP_M = 15.0
_CUT_IN_BEFORE_S = 2.0
_ON_ROAD_AT_LEAST_S = 0.5


def find_events(log: Log, lanes: Lanes) -> list[ScenarioEvent]:
    """Return all events of a recording by rising start."""
    trajectories = trajectories_of(log, lanes)
    vehicles = {i: trajectory for i, trajectory in trajectories.items() if not trajectory.is_walker}
    events = list(_collisions(log, trajectories))
    crashes = [event.start_s for event in events]
    for trajectory in trajectories.values():
        if trajectory.is_walker:
            events += _jaywalking(trajectory, lanes)
        else:
            events += _hard_brakes(trajectory, crashes)
            events += _against_the_lane(trajectory)
            events += _stopped(trajectory, vehicles)
            for other in vehicles.values():
                if other is not trajectory:
                    events += _cut_ins(trajectory, other)
    marked = [
        replace(
            event,
            start_s=round(event.start_s, 6),
            end_s=round(event.end_s, 6),
            scripted=any(actor.role_name in SCRIPTED_ROLES for actor in event.actors),
        )
        for event in events
    ]
    return sorted(marked, key=lambda event: (event.start_s, event.type))


def _collisions(log: Log, trajectories: dict[int, LaneTrajectory]) -> Iterator[ScenarioEvent]:
    """Contacts as CARLA recorded them; each pair once."""
    seen: set[frozenset[int]] = set()
    for row in collision_rows(log, "a", "a"):
        pair = frozenset(row.ids)
        involved = [trajectories[i] for i in row.ids if i in trajectories]
        if pair in seen or not involved:
            continue
        seen.add(pair)
        velocities = [_velocity(trajectory, row.time_s) for trajectory in involved]
        other = velocities[1] if len(velocities) > 1 else np.zeros(2)
        closing = float(np.linalg.norm(velocities[0] - other))
        end_s = min(_last_contact(log, pair), _at_rest(involved, row.time_s))
        names = [trajectory.words for trajectory in involved]
        against = names[1] if len(names) > 1 else actor_words(log, row.ids[1])
        yield ScenarioEvent(
            "collision",
            row.time_s,
            end_s,
            tuple(trajectory.participant(row.time_s, end_s) for trajectory in involved),
            f"{names[0]} and {against} collide at {closing * 3.6:.0f} km/h to each other",
            {"closing_mps": round(closing, 2)},
        )


def _hard_brakes(trajectory: LaneTrajectory, crashes_s: list[float]) -> Iterator[ScenarioEvent]:
    width = max(int(0.25 / max(float(np.median(np.diff(trajectory.times_s))), 1e-3)), 1)
    speeds, times = trajectory.speeds_mps, trajectory.times_s
    slowing = np.zeros(len(speeds))
    slowing[width:] = (speeds[:-width] - speeds[width:]) / (times[width:] - times[:-width])
    for first, last in runs(slowing >= HARD_BRAKING_MPS2):
        start, end = max(first - width, 0), last
        start_s, end_s = float(times[start]), float(times[end])
        if end_s - start_s < _BRAKING_AT_LEAST_S or speeds[start] < _BRAKING_FROM_MPS:
            continue
        if any(start_s - 0.2 <= crash <= end_s for crash in crashes_s):
            continue
        hardest = float(slowing[first : last + 1].max())
        yield ScenarioEvent(
            "hard_brake",
            start_s,
            end_s,
            (trajectory.participant(start_s, end_s),),
            f"{trajectory.words} brakes from {speeds[start] * 3.6:.0f} to "
            f"{speeds[end] * 3.6:.0f} km/h at up to {hardest:.1f} m/s²",
            {
                "deceleration_mps2": round(hardest, 2),
                "from_mps": round(float(speeds[start]), 2),
                "to_mps": round(float(speeds[end]), 2),
            },
        )


def _against_the_lane(trajectory: LaneTrajectory) -> Iterator[ScenarioEvent]:
    """Driving against a lane: an overtaking when it began and ended the right way round."""
    cosine = np.array(
        [
            math.cos(heading - lane.heading_rad) if lane and not lane.in_junction else 0.0
            for heading, lane in zip(trajectory.headings, trajectory.lanes, strict=True)
        ]
    )
    moving = trajectory.speeds_mps > _MOVING_MPS
    for first, last in stretches((cosine < _AGAINST_COS) & moving, trajectory.times_s):
        start_s, end_s = float(trajectory.times_s[first]), float(trajectory.times_s[last])
        if end_s - start_s < _AGAINST_AT_LEAST_S:
            continue
        proper = (cosine > -_AGAINST_COS) & moving
        passing = bool(proper[:first].any() and proper[last:].any())
        steps = np.linalg.norm(np.diff(trajectory.positions[first : last + 1], axis=0), axis=1)
        length_m, speed = float(steps.sum()), float(trajectory.speeds_mps[first : last + 1].mean())
        did = "uses the oncoming lane" if passing else "drives against its lane"
        yield ScenarioEvent(
            "overtaking" if passing else "wrong_way",
            start_s,
            end_s,
            (trajectory.participant(start_s, end_s),),
            f"{trajectory.words} {did} for {length_m:.0f} m at {speed * 3.6:.0f} km/h",
            {
                "length_m": round(length_m, 1),
                "mean_mps": round(speed, 2),
                "lane_cosine": round(float(cosine[first : last + 1].mean()), 3),
            },
        )


def _stopped(
    trajectory: LaneTrajectory, vehicles: dict[int, LaneTrajectory]
) -> Iterator[ScenarioEvent]:
    """Standing on a lane with neither a junction nor a queue ahead."""
    on_lane = np.array([bool(lane and not lane.junction_ahead) for lane in trajectory.lanes])
    for first, last in runs((trajectory.speeds_mps < _STANDING_MPS) & on_lane):
        start_s, end_s = float(trajectory.times_s[first]), float(trajectory.times_s[last])
        if end_s - start_s < _STANDING_AT_LEAST_S:
            continue
        if any(_queues(trajectory, other, 0.5 * (start_s + end_s)) for other in vehicles.values()):
            continue
        yield ScenarioEvent(
            "stopped_car",
            start_s,
            end_s,
            (trajectory.participant(start_s, end_s),),
            f"{trajectory.words} stands on the road for {end_s - start_s:.1f} s",
            {"seconds": round(end_s - start_s, 2)},
        )


def _cut_ins(trajectory: LaneTrajectory, other: LaneTrajectory) -> Iterator[ScenarioEvent]:
    """``trajectory`` enters the lane of ``other`` shortly before it."""
    for index in range(1, len(trajectory.times_s)):
        before, lane = trajectory.lanes[index - 1], trajectory.lanes[index]
        if before is None or lane is None or before.key == lane.key or lane.in_junction:
            continue
        if before.key[:2] != lane.key[:2]:
            continue
        time_s = float(trajectory.times_s[index])
        k = other.index_at(time_s)
        behind = other.lanes[k]
        if behind is None or behind.key != lane.key or other.speeds_mps[k] < _MOVING_MPS:
            continue
        forward = other.poses[k, :2, 0]
        distance = float((trajectory.positions[index, :2] - other.positions[k, :2]) @ forward)
        gap_m = distance - 0.5 * (trajectory.size_m[0] + other.size_m[0])
        along = math.cos(trajectory.headings[index] - lane.heading_rad)
        if not (0.0 < gap_m < _CUT_IN_GAP_M and along > 0.5):
            continue
        start = trajectory.index_at(time_s - _CUT_IN_BEFORE_S)
        centred = [i for i in range(index, len(trajectory.times_s)) if _centred(trajectory, i)]
        start_s = float(trajectory.times_s[start])
        end_s = float(trajectory.times_s[centred[0] if centred else -1])
        yield ScenarioEvent(
            "cut_in",
            start_s,
            end_s,
            (trajectory.participant(start_s, end_s), other.participant(start_s, end_s)),
            f"{trajectory.words} cuts in {gap_m:.1f} m before {other.words}, which drives "
            f"{other.speeds_mps[k] * 3.6:.0f} km/h",
            {
                "gap_m": round(gap_m, 2),
                "crosses_s": round(time_s, 3),
                "headway_s": round(gap_m / float(other.speeds_mps[k]), 2),
            },
        )


def _jaywalking(trajectory: LaneTrajectory, lanes: Lanes) -> Iterator[ScenarioEvent]:
    on_road = np.array(
        [
            lane is not None and not lanes.on_crosswalk(position)
            for lane, position in zip(trajectory.lanes, trajectory.positions, strict=True)
        ]
    )
    for first, last in stretches(on_road, trajectory.times_s):
        start_s, end_s = float(trajectory.times_s[first]), float(trajectory.times_s[last])
        if end_s - start_s >= _ON_ROAD_AT_LEAST_S:
            yield ScenarioEvent(
                "jaywalking",
                start_s,
                end_s,
                (trajectory.participant(start_s, end_s),),
                f"{trajectory.words} is on the road away from any crossing for "
                f"{end_s - start_s:.1f} s",
                {"seconds": round(end_s - start_s, 2)},
            )


def _queues(trajectory: LaneTrajectory, other: LaneTrajectory, time_s: float) -> bool:
    """Say whether a vehicle stands behind another that stands too."""
    if other is trajectory:
        return False
    i, k = trajectory.index_at(time_s), other.index_at(time_s)
    away = trajectory.poses[i, :2, :2].T @ (other.positions[k, :2] - trajectory.positions[i, :2])
    near = 0.0 < away[0] < _QUEUE_M and abs(away[1]) < 2.0
    return bool(near and other.speeds_mps[k] < _STANDING_MPS)


def _centred(trajectory: LaneTrajectory, index: int) -> bool:
    lane = trajectory.lanes[index]
    return lane is not None and abs(lane.offset_m) < 0.4


def _velocity(trajectory: LaneTrajectory, time_s: float) -> np.ndarray:
    """Return the velocity (2,) in the map just before a time; contacts change it."""
    index = max(trajectory.index_at(time_s) - 1, 1)
    step_s = float(trajectory.times_s[index] - trajectory.times_s[index - 1])
    return np.asarray(
        (trajectory.positions[index, :2] - trajectory.positions[index - 1, :2]) / step_s
    )


def _at_rest(trajectories: Sequence[LaneTrajectory], from_s: float) -> float:
    """Return when all of them stand after a contact, the end of the recording if they never do."""
    times = trajectories[0].times_s
    for time_s in times[times > from_s]:
        if all(
            trajectory.speeds_mps[trajectory.index_at(float(time_s))] < _STANDING_MPS
            for trajectory in trajectories
        ):
            return float(time_s)
    return float(times[-1])


def _last_contact(log: Log, pair: frozenset[int]) -> float:
    last_s = 0.0
    for frame in log.frames:
        for _, one, other, *_ in log.records(frame, PacketKind.COLLISION).tolist():
            if frozenset((one, other)) == pair:
                last_s = frame.elapsed_s
    return last_s
