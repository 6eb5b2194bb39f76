"""What the ego of a drive did, whoever recorded it: a bag, CARLA's recorder, a scene package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.errors import InputError
from ..core.run_contract.timebase import NS_PER_US
from ..recorder_log import read_log
from ..recording import BagReader
from ..recording.read_back.drive import read_drive
from ..world.timed_path import TimedPath
from .build.from_recording import ego_of_recording
from .package.reading import open_scene


@dataclass(frozen=True, eq=False)
class RecordedEgo:
    """Where base_link was in the map, and the time at which the recording begins, ns."""

    path: TimedPath
    start_ns: int


def read_recorded_ego(source: Path) -> RecordedEgo:
    """Read the ego's way out of a bag's folder, a scene package (.usdz), or a CARLA recording.

    InputError where the file is none of these, or has no single ego.
    """
    if not source.exists():
        raise InputError(f"there is no recording {source}")
    if source.is_dir():
        return _of_bag(source)
    if source.suffix == ".usdz":
        return _of_scene(source)
    stamps_us, map_from_base = ego_of_recording(read_log(source))
    return RecordedEgo(TimedPath(stamps_us * NS_PER_US, map_from_base), 0)


def _of_bag(folder: Path) -> RecordedEgo:
    with BagReader(folder) as bag:
        states = read_drive(bag).states
    if not states:
        raise InputError(f"{folder} has no odometry: it does not tell what its ego did")
    stamps_ns = np.array([state.stamp_ns for state in states], np.int64)
    path = TimedPath(stamps_ns, np.array([state.ego.map_from_base for state in states]))
    return RecordedEgo(path, path.start_ns)


def _of_scene(package: Path) -> RecordedEgo:
    scene = open_scene(package)
    way = scene.rig_trajectory
    path = TimedPath(way.stamps_us * NS_PER_US, scene.map_from_world @ way.world_from_rig)
    return RecordedEgo(path, scene.time_range_us[0] * NS_PER_US)
