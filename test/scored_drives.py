"""Drives for the tests of scores: an ego and others on a straight road with two lanes ahead.

The road goes along x from 0 to 400 m: lane -1 at y -1.75 and lane -2 at y -5.25 ahead, lane 1 at
y 1.75 against it, each 3.5 m wide, without anything paved beside them; 15 m/s are allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.evaluation.scores.context import ScoreContext
from carla_nurec_bridge.evaluation.scores.records import ScoreResult
from carla_nurec_bridge.evaluation.scores.scorer import score_drive
from carla_nurec_bridge.opendrive import OpenDriveMap, parse
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import (
    Actor,
    ActorState,
    EgoBox,
    EgoState,
    TrafficLight,
    WorldState,
)

T0_NS = 3_000_000_000
LANE_M = 3.5
RIGHT_Y, OUTER_Y, LEFT_Y = -1.75, -5.25, 1.75
LIMIT_MPS = 15.0
EGO_M, CENTRE_M = (4.0, 2.0, 1.5), (1.25, 0.0, 0.75)
SIZES = {
    ObjectClass.CAR: (4.0, 2.0, 1.5),
    ObjectClass.PEDESTRIAN: (0.5, 0.5, 1.8),
    ObjectClass.BICYCLE: (1.8, 0.6, 1.6),
    ObjectClass.PROP: (0.5, 0.5, 1.0),
}
Pose = tuple[float, float, float]
Drive = Callable[[float], Pose]
"""x, y of the middle of a box in the map in metres, and heading in rad, at a time in s."""
Other = tuple[ObjectClass, Drive]

_STILL = np.zeros(3)
_UNTOLD = np.full(3, np.nan)
_LANE = (
    '<lane id="{id}" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>'
    '<roadMark sOffset="0" type="solid" color="white" width="0.1"/></lane>'
)
_STOP = (
    '<signals><signal id="90" name="stop" s="{s}" t="-8" zOffset="2" hOffset="0" orientation="+" '
    'dynamic="no" country="OpenDRIVE" type="206" subtype="-1" value="0" height="0.7" width="0.7">'
    '<validity fromLane="-2" toLane="-1"/></signal></signals>'
)


@cache
def straight_map(stop_at_m: float | None = None, junction: bool = False) -> OpenDriveMap:
    """Return the road, with a stop sign for both lanes ahead, or as a road of a junction."""
    return parse(straight_text(stop_at_m, junction), "straight")


def straight_text(stop_at_m: float | None = None, junction: bool = False) -> str:
    """Return the same as OpenDRIVE."""
    signals = "" if stop_at_m is None else _STOP.format(s=stop_at_m)
    belongs = "7" if junction else "-1"
    return (
        '<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4" name="straight" '
        'version="1" north="0" south="0" east="0" west="0"/>'
        f'<road name="" length="400" id="1" junction="{belongs}">'
        '<type s="0" type="town"><speed max="15" unit="m/s"/></type>'
        '<planView><geometry s="0" x="0" y="0" hdg="0" length="400"><line/></geometry></planView>'
        '<elevationProfile/><lateralProfile/><lanes><laneSection s="0">'
        f"<left>{_LANE.format(id=1)}</left>"
        '<center><lane id="0" type="none" level="false"/></center>'
        f"<right>{_LANE.format(id=-1)}{_LANE.format(id=-2)}</right>"
        f"</laneSection></lanes>{signals}</road>"
        + ('<junction id="7" name="" type="default"/>' if junction else "")
        + "</OpenDRIVE>"
    )


def straight_context(
    length_m: float = 300.0, stop_at_m: float | None = None, junction: bool = False, **told: object
) -> ScoreContext:
    """Return the road with a route along lane -1 from x = 10 m on."""
    route = np.array([(10.0, RIGHT_Y), (10.0 + length_m, RIGHT_Y)])
    return ScoreContext(straight_map(stop_at_m, junction), route, **told)  # type: ignore[arg-type]


def steady(x: float, speed: float, y: float = RIGHT_Y, heading: float = 0.0) -> Drive:
    """Drive along x."""
    return lambda t: (x + speed * t, y, heading)


def still(x: float, y: float = RIGHT_Y, heading: float = 0.0) -> Drive:
    """Stand."""
    return steady(x, 0.0, y, heading)


def scored_states(
    ego: Drive,
    seconds: float,
    others: Mapping[int, Other] | None = None,
    lights: Callable[[float], Sequence[TrafficLight]] = lambda _: (),
    hertz: int = 20,
    velocities: bool = False,
    height_m: Mapping[int, float] | None = None,
) -> list[WorldState]:
    """Return the states of a drive at a rate; others' velocities as a bag has them: not at all."""
    states = []
    for tick in range(round(seconds * hertz) + 1):
        t = tick / hertz
        there = []
        for number, (kind, drive) in (others or {}).items():
            size_m = SIZES[kind]
            x, y, heading = drive(t)
            z = 0.5 * size_m[2] + (height_m or {}).get(number, 0.0)
            pose = matrix_from_xyz_rpy((x, y, z), (0, 0, heading))
            linear = np.append(_velocity(drive, t), 0.0) if velocities else _UNTOLD
            actor = Actor(number, "", kind, size_m)
            there.append(ActorState(actor, pose, linear, _UNTOLD, _UNTOLD))
        stamp_ns = T0_NS + tick * 1_000_000_000 // hertz
        states.append(WorldState(stamp_ns, _ego(ego, t), tuple(there), tuple(lights(t))))
    return states


def light(shows: str, stop_x: float = 50.0, y: float = RIGHT_Y, signal: str = "5") -> TrafficLight:
    """Return a light of a lane ahead."""
    area = matrix_from_xyz_rpy((stop_x - 2.0, y, 0.0), (0, 0, 0))
    return TrafficLight(signal, "1/-1", area, (4.0, LANE_M, 0.2), shows)  # type: ignore[arg-type]


def drive(ego: Drive, seconds: float, hertz: int = 10, **told: object) -> list[WorldState]:
    """Return the states of a drive at 10 Hz in which the others' velocities are known."""
    return scored_states(ego, seconds, hertz=hertz, velocities=True, **told)  # type: ignore[arg-type]


def score(name: str, states: list[WorldState], **told: object) -> ScoreResult:
    """Return one score of a drive along the straight road."""
    return score_drive(states, straight_context(**told), [name]).score(name)  # type: ignore[arg-type]


def kinds(result: ScoreResult) -> list[str]:
    """Return what counts against a drive, in order of time."""
    return [each.kind for each in result.infractions]


def _ego(drive: Drive, t: float) -> EgoState:
    x, y, heading = drive(t)
    cos, sin = np.cos(heading), np.sin(heading)
    base = (x - CENTRE_M[0] * cos, y - CENTRE_M[0] * sin, 0.0)
    velocity = _velocity(drive, t)
    ahead = cos * velocity[0] + sin * velocity[1]
    along = np.array([ahead, cos * velocity[1] - sin * velocity[0], 0.0])
    return EgoState(
        matrix_from_xyz_rpy(base, (0, 0, heading)), along, _STILL, _UNTOLD, EgoBox(EGO_M, CENTRE_M)
    )


def _velocity(drive: Drive, t: float) -> np.ndarray:
    """Return the speed over a millisecond before and after, exact for steady and smooth drives."""
    before, after = drive(t - 5e-4), drive(t + 5e-4)
    return np.round((np.array(after[:2]) - before[:2]) / 1e-3, 9)
