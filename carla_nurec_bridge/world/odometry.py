"""Odometry that drifts: where a vehicle believes it is, of where it truly is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from statistics import NormalDist
from typing import final

import numpy as np

from ..core.frames import Matrix, invert, matrix_from_xyz_rpy
from ..core.run_contract.timebase import NS_PER_S
from .states import EgoState, Vector

_LEG_M = 10.0
_PER_M = 100.0
_MEAN_SQUARE_SLOPE = 1.2
"""Of the step 3 u^2 - 2 u^3 for u from 0 to 1."""
_KNOWN = 1e-6
"""Variance of what the simulator knows exactly: filters refuse zeros."""
TRUTH: Matrix = np.eye(6) * _KNOWN
TRUTH.flags.writeable = False


@dataclass(frozen=True)
class OdometryDrift:
    """Standard deviations after 100 m driven, of x and y each and of yaw; the seed draws."""

    xy_m: float = 0.0
    yaw_rad: float = 0.0
    seed: int = 0

    @property
    def sigmas(self) -> Vector:
        """Standard deviations (3,) of x (m), y (m) and yaw (rad) after one metre."""
        sigmas: Vector = np.array([self.xy_m, self.xy_m, self.yaw_rad]) / _PER_M**0.5
        return sigmas

    def at(self, driven_m: float) -> tuple[Vector, Vector]:
        """Return drift and slope after a distance, always the same for a seed.

        * drift (3,): x forward and y left (m), and yaw (rad), summed up in base_link's own axes.
        * slope (3,): the same by metre.

        It is a random walk with a normal step for each 10 m, eased in, so that neither pose nor
        velocity jumps.
        """
        leg = int(driven_m // _LEG_M)
        u = driven_m / _LEG_M - leg
        before, step = _walked(self.seed, leg), _step(self.seed, leg)
        scale = self.sigmas * _LEG_M**0.5
        drift = before + step * (u * u * (3.0 - 2.0 * u))
        return scale * drift, scale * step * (6.0 * u * (1.0 - u) / _LEG_M)


@cache
def _step(seed: int, leg: int) -> Vector:
    """Return the step (3,) of a leg, of standard deviation 1."""
    digest = hashlib.blake2b(f"{seed}/odometry/{leg}".encode(), digest_size=24).digest()
    drawn = np.frombuffer(digest, "<u8") >> 12
    return np.array([NormalDist().inv_cdf((int(n) + 0.5) / 2.0**52) for n in drawn])


@lru_cache(maxsize=4096)
def _walked(seed: int, leg: int) -> Vector:
    """Return the sum (3,) of all steps before a leg."""
    total = np.zeros(3)
    for earlier in range(leg):
        total = total + _step(seed, earlier)
    return total


@dataclass(frozen=True, eq=False)
class EgoEstimate:
    """What odometry tells: the ego with its estimated pose and twist, and their covariances.

    These are (6, 6) as in nav_msgs/Odometry: x, y, z (m) and rotations about them (rad), the pose's
    in axes of the map, the twist's in those of base_link (per second). By default both are exact.
    """

    ego: EgoState
    pose_covariance: Matrix = field(default_factory=lambda: TRUTH)
    twist_covariance: Matrix = field(default_factory=lambda: TRUTH)


@final
class DriftingOdometry:
    """Adds up how the ego moves, each step a little off: one vehicle's, frame by frame.

    It begins at the truth. Who stands does not drift; a jump of the truth is one of the estimate.
    """

    def __init__(self, drift: OdometryDrift) -> None:
        self._drift = drift
        self._last: tuple[int, Matrix] | None = None
        self._map_from_base: Matrix = np.eye(4)
        self._planar = np.zeros((3, 3))
        self._driven_m = 0.0

    def estimate(self, stamp_ns: int, ego: EgoState) -> EgoEstimate:
        """Return the estimate at the next frame of the ego's true state."""
        speed_mps = float(np.linalg.norm(ego.linear_base_mps))
        before, _ = self._drift.at(self._driven_m)
        if self._last is None:
            self._map_from_base = ego.map_from_base
        else:
            last_ns, map_from_last = self._last
            step_m = speed_mps * (stamp_ns - last_ns) / NS_PER_S
            self._driven_m += step_m
            x, y, yaw = self._drift.at(self._driven_m)[0] - before
            off = matrix_from_xyz_rpy((x, y, 0.0), (0.0, 0.0, yaw))
            moved = self._map_from_base @ invert(map_from_last) @ ego.map_from_base @ off
            self._spread(moved, step_m)
            self._map_from_base = moved
        self._last = stamp_ns, ego.map_from_base
        x, y, yaw = self._drift.at(self._driven_m)[1] * speed_mps
        return EgoEstimate(
            replace(
                ego,
                map_from_base=self._map_from_base,
                linear_base_mps=ego.linear_base_mps + (x, y, 0.0),
                angular_base_radps=ego.angular_base_radps + (0.0, 0.0, yaw),
            ),
            _spatial(self._planar),
            _spatial(np.diag(_MEAN_SQUARE_SLOPE * (self._drift.sigmas * speed_mps) ** 2 / _LEG_M)),
        )

    def _spread(self, map_from_base: Matrix, step_m: float) -> None:
        """Let the covariance of x, y and yaw in the map grow by a step to a pose."""
        x, y = map_from_base[:2, 3] - self._map_from_base[:2, 3]
        carried = np.array([[1.0, 0.0, -y], [0.0, 1.0, x], [0.0, 0.0, 1.0]])
        added = np.diag(step_m * self._drift.sigmas**2)  # x and y alike: turned, it is the same
        self._planar = carried @ self._planar @ carried.T + added


def _spatial(planar: Matrix) -> Matrix:
    """Return the (6, 6) covariance of a (3, 3) one of x, y and yaw; the rest is known."""
    covariance: Matrix = TRUTH.copy()
    covariance[np.ix_((0, 1, 5), (0, 1, 5))] += planar
    return covariance
