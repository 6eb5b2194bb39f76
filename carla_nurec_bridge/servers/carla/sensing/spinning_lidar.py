"""Spinning lidars: the part of a turn that one tick covers, as CARLA's ray-cast lidars send it."""

from __future__ import annotations

import math
import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.buffers import flat_bytes
from ....core.errors import InputError
from ....rendering.lidar import LidarFrame, render_lidar
from ..attributes import real, whole
from ..world.actors import EpisodeActor
from ..world.episode import Episode
from .kind import Moment, Payload
from .point_budget import MOST_OF_LIDAR, PointBudget

MOST_CHANNELS = 16384


@dataclass(frozen=True)
class LidarSpec:
    """A lidar's attributes: degrees, metres, hertz."""

    channels: int
    range_m: float
    points_per_second: int
    rotation_hz: float
    upper_deg: float
    lower_deg: float
    horizontal_deg: float

    @staticmethod
    def of(actor: EpisodeActor) -> LidarSpec:
        """Read a lidar's attributes; InputError when they measure nothing."""
        values = actor.attributes
        spec = LidarSpec(
            whole(values, "channels"),
            real(values, "range"),
            whole(values, "points_per_second"),
            real(values, "rotation_frequency"),
            real(values, "upper_fov"),
            real(values, "lower_fov"),
            real(values, "horizontal_fov", "360"),
        )
        if not (0 < spec.channels <= MOST_CHANNELS and spec.range_m > 0.0):
            raise InputError(f"a lidar needs 1 to {MOST_CHANNELS} channels and a range above 0")
        if not (spec.points_per_second >= 0 and 0.0 < spec.horizontal_deg <= 360.0):
            raise InputError(
                "a lidar needs a horizontal_fov within 0..360 degrees and no negative "
                "points_per_second"
            )
        return spec


class SpinningLidar(ABC):
    """One lidar, and where its turn stands from tick to tick."""

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        """Read what is common to lidars; InputError when the attributes measure nothing."""
        self._spec = LidarSpec.of(actor)
        self._angle_deg = 0.0
        self._budget = PointBudget(actor, MOST_OF_LIDAR)

    @abstractmethod
    def points(
        self, frame: LidarFrame, directions: NDArray[np.float32], keep: NDArray[np.bool_]
    ) -> NDArray[Any]:
        """Return the rows (N,) or (N, k) of the rays that ``keep`` (channels, count) marks.

        Returns that are not to be sent are taken off ``keep``. ``directions`` are unit vectors
        (channels, count, 3) in the body frame (FLU).
        """

    def thinned(self, directions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the rays (channels, count, 3) to trace; one of zero length hits nothing."""
        return directions

    def measure(self, moment: Moment) -> list[Payload]:
        """Return the part of a turn that the measurement covers."""
        spec = self._spec
        # CARLA rounds half a point away from zero, Python to the even number.
        per_channel = math.floor(spec.points_per_second * moment.tick_s / spec.channels + 0.5)
        per_channel = self._budget.within(per_channel * spec.channels) // spec.channels
        turned = spec.rotation_hz * spec.horizontal_deg * moment.tick_s
        directions = _directions(spec, self._angle_deg, turned, per_channel)
        self._angle_deg = (self._angle_deg + turned) % spec.horizontal_deg
        directions = self.thinned(directions)
        frame = render_lidar(
            moment.surroundings().scene,
            directions,
            np.ones(directions.shape[1]),
            moment.map_from_sensor,
            moment.map_from_sensor,
            spec.range_m,
        )
        keep = np.isfinite(frame.range_m)
        points = self.points(frame, directions, keep)
        counts = keep.sum(axis=1).astype("<u4")
        header = struct.pack("<fI", math.radians(self._angle_deg), spec.channels)
        return [(header + counts.tobytes(), flat_bytes(np.ascontiguousarray(points)))]


def _directions(
    spec: LidarSpec, start_deg: float, turned_deg: float, count: int
) -> NDArray[np.float32]:
    """Return float32 (channels, count, 3) in the body frame (FLU); channel 0 is the highest."""
    elevation = np.radians(np.linspace(spec.upper_deg, spec.lower_deg, spec.channels))
    steps = np.arange(count) / max(count, 1)
    clockwise = np.radians(
        (start_deg + turned_deg * steps) % spec.horizontal_deg - 0.5 * spec.horizontal_deg
    )
    level = np.cos(elevation)[:, None]
    return np.stack(
        [
            level * np.cos(clockwise),
            -level * np.sin(clockwise),
            np.broadcast_to(np.sin(elevation)[:, None], (spec.channels, count)),
        ],
        axis=-1,
    ).astype(np.float32)


def carla_points(
    directions: NDArray[np.float32], ranges: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return hits in the sensor's frame with CARLA's handedness (y to the right)."""
    points: NDArray[np.float32] = directions * ranges[:, None]
    points[:, 1] *= -1.0
    return points
