"""Spinning lidars: the part of a turn that one tick covers, as CARLA's ray-cast lidars send it."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....core.buffers import flat_bytes
from ....core.frames import Matrix
from ....rendering.lidar import LidarFrame, render_lidar
from ....rendering.scene import RenderScene
from ..attributes import real, whole
from ..calls.errors import CallFailure
from ..world.actors import EpisodeActor
from .noise import random_of

PLAIN, SEMANTIC = "sensor.lidar.ray_cast", "sensor.lidar.ray_cast_semantic"
INDEX = {PLAIN: 11, SEMANTIC: 10}
NOISE = (
    "atmosphere_attenuation_rate",
    "dropoff_general_rate",
    "dropoff_intensity_limit",
    "dropoff_zero_intensity",
    "noise_stddev",
)
MOST_POINTS_PER_TICK = 20_000_000
MOST_CHANNELS = 16384
_SEMANTIC_POINT = np.dtype(
    [("xyz", "<f4", (3,)), ("cosine", "<f4"), ("object", "<u4"), ("tag", "<u4")]
)


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
        """Read a lidar's attributes; CallFailure when they measure nothing."""
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
            raise CallFailure(f"a lidar needs 1 to {MOST_CHANNELS} channels and a range above 0")
        if not (spec.points_per_second >= 0 and 0.0 < spec.horizontal_deg <= 360.0):
            raise CallFailure(
                "a lidar needs a horizontal_fov within 0..360 degrees and no negative "
                "points_per_second"
            )
        return spec


class Lidar:
    """One lidar's state from tick to tick: where its turn stands, and its noise."""

    def __init__(self, actor: EpisodeActor, seed: int) -> None:
        self._actor = actor
        self._spec = LidarSpec.of(actor)
        self._angle_deg = 0.0
        names = NOISE if actor.description.id == PLAIN else ()
        self._noise = {name: real(actor.attributes, name) for name in names}
        self._random = random_of(actor, seed)

    def measure(
        self, scene: RenderScene, map_from_lidar: Matrix, delta_s: float
    ) -> tuple[int, tuple[bytes, memoryview]]:
        """Return (message type, payload parts) of the part of a turn that ``delta_s`` covers."""
        spec = self._spec
        # CARLA rounds half a point away from zero, Python to the even number.
        per_channel = math.floor(spec.points_per_second * delta_s / spec.channels + 0.5)
        per_channel = min(per_channel, MOST_POINTS_PER_TICK // spec.channels)
        turned = spec.rotation_hz * spec.horizontal_deg * delta_s
        directions = _directions(spec, self._angle_deg, turned, per_channel)
        self._angle_deg = (self._angle_deg + turned) % spec.horizontal_deg
        plain = self._actor.description.id == PLAIN
        if plain:
            directions = self._thinned(directions)
        frame = render_lidar(
            scene,
            directions,
            np.ones(directions.shape[1]),
            map_from_lidar,
            map_from_lidar,
            spec.range_m,
        )
        keep = np.isfinite(frame.range_m)
        points = (
            self._plain(frame, directions, keep) if plain else _semantic(frame, directions, keep)
        )
        counts = keep.sum(axis=1).astype("<u4")
        header = struct.pack("<fI", math.radians(self._angle_deg), spec.channels)
        body = flat_bytes(np.ascontiguousarray(points))
        return INDEX[self._actor.description.id], (header + counts.tobytes(), body)

    def _thinned(self, directions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Drop CARLA's general share of the rays (a ray of zero length hits nothing)."""
        rate = self._noise["dropoff_general_rate"]
        if rate > 0.0:
            directions[self._random.random(directions.shape[:2]) < rate] = 0.0
        return directions

    def _plain(
        self, frame: LidarFrame, directions: NDArray[np.float32], keep: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Return (N, 4) x, y, z, intensity; weak returns are dropped from ``keep`` too."""
        attenuation = self._noise["atmosphere_attenuation_rate"]
        with np.errstate(invalid="ignore"):
            intensity = np.exp(-attenuation * frame.range_m)
        limit = self._noise["dropoff_intensity_limit"]
        zero = self._noise["dropoff_zero_intensity"]
        weak = keep & (intensity <= limit)
        if limit > 0.0 and weak.any():
            chance = zero / limit * intensity[weak] + (1.0 - zero)
            keep[weak] = self._random.random(int(weak.sum())) < chance
        ranges = frame.range_m[keep]
        stddev = self._noise["noise_stddev"]
        if stddev > 0.0:
            ranges = ranges + self._random.normal(0.0, stddev, len(ranges)).astype(np.float32)
        points = np.empty((len(ranges), 4), np.float32)
        points[:, :3] = _carla_points(directions[keep], ranges)
        points[:, 3] = intensity[keep]
        return points


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


def _carla_points(
    directions: NDArray[np.float32], ranges: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return hits in the sensor's frame with CARLA's handedness (y to the right)."""
    points: NDArray[np.float32] = directions * ranges[:, None]
    points[:, 1] *= -1.0
    return points


def _semantic(
    frame: LidarFrame, directions: NDArray[np.float32], keep: NDArray[np.bool_]
) -> NDArray[np.void]:
    points = np.empty(int(keep.sum()), _SEMANTIC_POINT)
    points["xyz"] = _carla_points(directions[keep], frame.range_m[keep])
    points["cosine"] = frame.cos_incidence[keep]
    points["object"] = frame.instance[keep]
    points["tag"] = frame.tag[keep]
    return points
