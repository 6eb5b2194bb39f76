"""Time a tick of all scores together, with 0 to 200 others around, beside a floor of the same run.

Run: ``python benchmarks/scores.py [SECONDS]``. The ego follows lanes of the demo town at 20 Hz,
half of the others stand and half drive within 100 m of its way, and nobody tells velocities, as in
bags. The floor makes the same boxes into arrays and measures all distances from the ego, which any
score needs. Figures are processor time of one thread, each tick's least of three drives, so that
other work on the machine changes them little. The goal is 2 ms a tick with 100 others.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from _figures import Figure, quick, tell
from _help import show_help
from numpy.typing import NDArray

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.resources import map_file
from carla_nurec_bridge.evaluation.scores.context import ScoreContext
from carla_nurec_bridge.evaluation.scores.moment import MomentReader
from carla_nurec_bridge.evaluation.scores.scorer import SCORES, DriveScorer
from carla_nurec_bridge.opendrive import OpenDriveMap, parse, read_opendrive
from carla_nurec_bridge.opendrive.model import DRIVABLE
from carla_nurec_bridge.opendrive.surface import pavement
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState, EgoBox, EgoState, WorldState

Array = NDArray[np.float64]

HERTZ, SPEED_MPS, AROUND_M, BESIDE_M = 20, 9.0, 100.0, 3.5
ROUNDS = 1 if quick() else 3
SECONDS = 5.0 if quick() else 20.0
BODY = EgoBox((4.9, 2.1, 1.5), (1.4, 0.0, 0.75))
SIZES = {
    ObjectClass.CAR: (4.5, 2.0, 1.5),
    ObjectClass.PEDESTRIAN: (0.5, 0.5, 1.8),
    ObjectClass.PROP: (0.6, 0.6, 1.0),
}


def along(line: Array) -> Array:
    """Return the arc length (N,) at each point of a line."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def way(opendrive: OpenDriveMap, length_m: float) -> Array:
    """Return the longest way (N, 3) along lanes that follow each other, up to a length."""
    lines = []
    for strip in pavement(opendrive).strips:
        if strip.lane.type in DRIVABLE:
            middle = 0.5 * (strip.inner + strip.outer)
            lines.append(middle if strip.road.forward(strip.lane.id) else middle[::-1])
    best = np.zeros((1, 3))
    for first in lines:
        line, left = first, [other for other in lines if other is not first]
        while along(line)[-1] < length_m:
            following = [k for k in left if np.linalg.norm(k[0] - line[-1]) < 0.2]
            if not following:
                break
            line = np.concatenate([line, following[0][1:]])
            left = [other for other in left if other is not following[0]]
        best = max(best, line, key=lambda x: float(along(x)[-1]))
    return best


def states(line: Array, others: int, seconds: float) -> list[WorldState]:
    """Return a drive along a line."""
    draw = np.random.default_rng(1)
    arc = along(line)
    placed: list[tuple[Actor, Array, float, float]] = []
    kinds = itertools.cycle(SIZES)
    while len(placed) < others:
        at = line[draw.integers(len(line)), :2] + draw.uniform(-AROUND_M, AROUND_M, 2)
        if np.linalg.norm(line[:, :2] - at, axis=1).min() > BESIDE_M:
            kind = next(kinds)
            drives = len(placed) % 2 and kind is not ObjectClass.PROP
            speed, yaw = draw.uniform(1.0, 8.0) if drives else 0.0, draw.uniform(-np.pi, np.pi)
            placed.append((Actor(len(placed) + 1, "", kind, SIZES[kind]), at, yaw, speed))
    untold, drive = np.full(3, np.nan), []
    for tick in range(round(seconds * HERTZ)):
        t = tick / HERTZ
        x, y, z = (np.interp(t * SPEED_MPS, arc, line[:, k]) for k in range(3))
        ahead = [np.interp(t * SPEED_MPS + 0.5, arc, line[:, k]) for k in range(2)]
        heading = np.arctan2(ahead[1] - y, ahead[0] - x)
        ego = EgoState(
            matrix_from_xyz_rpy((x, y, z), (0, 0, heading)),
            np.array([SPEED_MPS, 0, 0]),
            np.zeros(3),
            untold,
            BODY,
        )
        there = []
        for actor, at, yaw, speed in placed:
            step = speed * t * np.array([np.cos(yaw), np.sin(yaw)])
            place = (*(at + step), z + 0.5 * actor.size_m[2])
            pose = matrix_from_xyz_rpy(place, (0, 0, yaw))
            there.append(ActorState(actor, pose, untold, untold, untold))
        drive.append(WorldState(1_000_000_000 + tick * 1_000_000_000 // HERTZ, ego, tuple(there)))
    return drive


def timed(drive: list[WorldState], begin: Callable[[], Callable[[WorldState], object]]) -> Array:
    """Return the processor time (N,) of each tick in ms, the least of a few drives."""
    taken = np.empty((ROUNDS, len(drive)))
    for row in taken:
        update = begin()
        for tick, state in enumerate(drive):
            started = time.thread_time()
            update(state)
            row[tick] = 1e3 * (time.thread_time() - started)
    return taken.min(axis=0)


def distances() -> Callable[[WorldState], object]:
    """Return the floor: boxes as arrays, and how far everybody is."""
    reader = MomentReader(None)
    return lambda state: reader.read(state).apart_m


def scorer(context: ScoreContext, names: Sequence[str] = ()) -> Callable[[WorldState], object]:
    """Return what takes the ticks of a new drive, for the scores of some names or for all."""
    return DriveScorer(context, names).update


def main() -> None:
    """Print the tables."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    file = map_file("demo_town")
    opendrive = parse(read_opendrive(file), "demo_town")
    line = way(opendrive, seconds * SPEED_MPS + 20.0)
    context = ScoreContext(opendrive, line)
    print(f"{'others':>7} {'floor ms':>9} {'all ms':>7} {'p99 ms':>7} {'over floor ms':>14}")
    for count in (0, 10, 50, 100, 200):
        drive = states(line, count, seconds)
        floor = timed(drive, distances)
        whole = timed(drive, partial(scorer, context))
        mean = whole.mean()
        named = f"a tick of all scores, {count} others"
        tell(Figure("scores", named, mean, "CPU ms", "boxes and distances", floor.mean()))
        print(
            f"{count:7d} {floor.mean():9.2f} {mean:7.2f} {np.percentile(whole, 99):7.2f} "
            f"{mean - floor.mean():14.2f}"
        )
    print(f"\n{'one score':>16} {'ms with 100 others':>19}")
    drive = states(line, 100, seconds)
    for name in SCORES:
        alone = timed(drive, partial(scorer, context, [name]))
        print(f"{name:>16} {alone.mean():19.2f}")


if __name__ == "__main__":
    show_help(__doc__)
    main()
