"""From samples to an even way in the map: moved there, resampled, smoothed, turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import Akima1DInterpolator
from scipy.signal import savgol_filter
from scipy.spatial.transform import Rotation, Slerp

from ...core.errors import InputError
from ...core.frames import Matrix, invert, rotation_from_rpy
from ...opendrive.geo_reference import north_of, to_map
from ..geodesy import (
    GeoReference,
    ecef_from_enu,
    ecef_from_geodetic,
    geodetic_from_ecef,
)
from ..package.model import Stamps
from .samples import Samples, Vectors, check_speed

_GAP_US = 1_000_000
_STEP_M = 0.5
_CHORD_M = 1.5
"""Half of the chord whose direction is the heading: about half a wheelbase."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A body's even way: ``stamps_us`` (N,) and ``map_from_body`` (N, 4, 4)."""

    stamps_us: Stamps
    map_from_body: Matrix


@dataclass(frozen=True)
class Evenness:
    """How a way is made even: poses a second, and seconds over which they are smoothed."""

    rate_hz: float = 20.0
    smooth_s: float = 0.0


def in_map(samples: Samples, place: GeoReference) -> tuple[Vectors, Matrix | None]:
    """Return points (N, 3) and rotations (N, 3, 3) of samples in the map whose origin is at place.

    A map with a projection is flat in that; a place that was only given is the plane that touches
    the earth there. InputError where points are further apart than a car drives.
    """
    points, rotations = samples.positions, samples.rotations
    if samples.frame != "map":
        points, rotations = (_projected if place.crs else _tangent)(samples, place)
    check_speed(samples, points)
    return points, rotations


def _projected(samples: Samples, place: GeoReference) -> tuple[Vectors, Matrix | None]:
    positions, rotations = samples.positions, samples.rotations
    if samples.frame == "ecef":
        positions = np.array([geodetic_from_ecef(point) for point in positions])
    points = to_map(place, positions)
    if rotations is None:
        return points, None
    if samples.axes != "enu":
        rotations = np.array([_local_axes(p).T for p in ecef_from_geodetic(positions)]) @ rotations
    turn_rad = north_of(place, positions) - 0.5 * np.pi
    map_from_enu = np.array([rotation_from_rpy((0.0, 0.0, turn)) for turn in turn_rad])
    return points, map_from_enu @ rotations


def _tangent(samples: Samples, place: GeoReference) -> tuple[Vectors, Matrix | None]:
    positions, rotations = samples.positions, samples.rotations
    map_from_ecef = invert(ecef_from_enu(place))
    turn, shift = map_from_ecef[:3, :3], map_from_ecef[:3, 3]
    ecef = ecef_from_geodetic(positions) if samples.frame == "wgs84" else positions
    if rotations is not None and samples.axes == "enu":
        rotations = np.array([_local_axes(p) for p in ecef]) @ rotations
    return ecef @ turn.T + shift, None if rotations is None else turn @ rotations


def even_trajectory(
    samples: Samples, points: Vectors, rotations: Matrix | None, wish: Evenness
) -> tuple[Trajectory, list[str]]:
    """Return the trajectory at an even rate, and sentences about its gaps.

    Positions are interpolated smoothly (Akima), rotations by slerp; without rotations the body
    looks along its path. One sample stays one. InputError when a body without rotations stands
    still.
    """
    stamps = samples.stamps_us
    if len(stamps) == 1:
        if rotations is None:
            raise _no_heading(samples)
        return Trajectory(stamps, _poses(rotations, points)), []
    gaps = np.flatnonzero(np.diff(stamps) > _GAP_US)
    notes = [
        f"{samples.where(int(k))}: the next pose is {(stamps[k + 1] - stamps[k]) / 1e6:.1f} s "
        "later; the way between is interpolated"
        for k in gaps[:3]
    ]
    if len(gaps) > 3:
        notes.append(f"{samples.source}: {len(gaps) - 3} more such gaps")
    count = int((stamps[-1] - stamps[0]) * wish.rate_hz / 1e6) + 1
    grid = stamps[0] + np.round(np.arange(count) * (1e6 / wish.rate_hz)).astype(np.int64)
    if grid[-1] < stamps[-1]:
        grid = np.append(grid, stamps[-1])
    known_s, wanted_s = (stamps - stamps[0]) / 1e6, (grid - stamps[0]) / 1e6
    xyz = _smoothed(_between(known_s, points, wanted_s), wish)
    if rotations is not None:
        xyzw = Slerp(known_s, Rotation.from_matrix(rotations))(wanted_s).as_quat()
        return Trajectory(
            grid, _poses(Rotation.from_quat(_smoothed(_steady(xyzw), wish)), xyz)
        ), notes
    heading = along_path(xyz)
    if heading is None:
        raise _no_heading(samples)
    return Trajectory(grid, _poses(heading, xyz)), notes


def along_path(points: Vectors) -> Matrix | None:
    """Return rotations (N, 3, 3) that look along a path (N, 3), or None when it never moves.

    Where it stands, they look as before and after; roll is zero.
    """
    kept = [0]
    for k in range(1, len(points)):
        if np.linalg.norm(points[k] - points[kept[-1]]) >= _STEP_M:
            kept.append(k)
    if len(kept) < 2:
        return None
    arc_m = np.concatenate(
        [[0.0], np.cumsum(np.linalg.norm(np.diff(points[kept], axis=0), axis=1))]
    )
    at_m = np.interp(np.arange(len(points)), kept, arc_m)

    def places(ahead_m: float) -> Vectors:
        along_m = np.clip(at_m + ahead_m, 0.0, arc_m[-1])
        axes = [np.interp(along_m, arc_m, points[kept, i]) for i in range(3)]
        return np.column_stack(axes)

    x, y, z = (places(_CHORD_M) - places(-_CHORD_M)).T
    rpy = np.column_stack([np.zeros(len(x)), -np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])
    return np.array([rotation_from_rpy(row) for row in rpy])


def _local_axes(ecef: Vectors) -> Matrix:
    """Return the rotation (3, 3) from east, north, up at a point to earth-centred axes."""
    return np.asarray(ecef_from_enu(GeoReference(*geodetic_from_ecef(ecef), ""))[:3, :3])


def _between(known_s: Vectors, values: Vectors, wanted_s: Vectors) -> Vectors:
    if len(known_s) < 3:
        return np.column_stack([np.interp(wanted_s, known_s, column) for column in values.T])
    return np.asarray(Akima1DInterpolator(known_s, values)(wanted_s))


def _smoothed(values: Vectors, wish: Evenness) -> Vectors:
    """Fit parabolas to windows: keeps straight and evenly accelerated motion, also at the ends."""
    window = min(
        2 * round(0.5 * wish.smooth_s * wish.rate_hz) + 1, len(values) - 1 + len(values) % 2
    )
    if window < 5:
        return values
    return np.asarray(savgol_filter(values, window, 2, axis=0, mode="interp"))


def _steady(xyzw: Vectors) -> Vectors:
    """Flip quaternions so that neighbours have no more than half a turn between them."""
    flips = np.where(np.sum(xyzw[1:] * xyzw[:-1], axis=1) < 0.0, -1.0, 1.0)
    return np.asarray(xyzw * np.concatenate([[1.0], np.cumprod(flips)])[:, None])


def _poses(rotations: Matrix | Rotation, points: Vectors) -> Matrix:
    poses = np.tile(np.eye(4), (len(points), 1, 1))
    poses[:, :3, :3] = rotations.as_matrix() if isinstance(rotations, Rotation) else rotations
    poses[:, :3, 3] = points
    return poses


def _no_heading(samples: Samples) -> InputError:
    return InputError(
        f"{samples.where(0)}: it has no orientation and never moves {_STEP_M:g} m, so where it "
        "looks is unknown; add a column yaw_deg"
    )
