"""Building a scene package from a trajectory, with or without a map of the place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...core.errors import InputError
from ...core.frames import Matrix, rigid, rotation_from_rpy
from ...core.rig.rig import Rig
from ...opendrive import parse
from ..geodesy import GeoReference, geo_reference, with_geo_reference
from ..package.model import Scene, Stamps
from ..package.reading import MAP
from .alignment import map_place, move_to, own_place
from .assembling import (
    GaussianSource,
    Journey,
    RoadUser,
    assemble,
    rig_cameras,
    rig_lidars,
)
from .ground_snapping import ON_LANES, SnappingGround, share_on_lanes
from .own_road import road_along
from .road_user_csv import UserSamples
from .samples import Samples
from .trajectory import (
    Evenness,
    Trajectory,
    even_trajectory,
    in_map,
)

_US_PER_S = 1_000_000


@dataclass(frozen=True)
class TrajectoryOptions:
    """How a trajectory becomes a scene.

    * name: begins the scene's id.
    * even: the rate and smoothing of all trajectories.
    * origin: (latitude, longitude in deg, altitude in m) of the map's origin, in place of what the
      map says.
    * start_at: (x, y in m, yaw in rad of the map), moves the whole so that the rig begins there.
    * tracked_point_m: in base_link, the point whose path the file has.
    * follow_ground: takes height, pitch and roll from the map's ground.
    * start_us: the first stamp, in place of the file's.
    """

    name: str
    even: Evenness
    origin: tuple[float, float, float] | None = None
    start_at: tuple[float, float, float] | None = None
    tracked_point_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    follow_ground: bool = True
    start_us: int | None = None


def build_from_trajectory(
    ego: Samples,
    users: Sequence[UserSamples],
    rig: Rig,
    out: Path | str,
    wish: TrajectoryOptions,
    *,
    xodr: str | None = None,
    with_map: bool = True,
    gaussians: GaussianSource | None = None,
) -> Scene:
    """Write the scene package of a drive and return its scene; ``Scene.notes`` say what was chosen.

    ``ego`` and ``users`` are the drives as their files have them; ``wish`` says how they are read.
    Without ``xodr`` a road is laid along the drive; ``with_map`` puts the map into
    the package, ``gaussians`` gives those that go there too.
    InputError: the files do not belong together, the drive is too short or leaves the map's
    ground, or has no heights where none are to be taken from the ground.
    """
    place, notes = map_place(ego, xodr, wish.origin, wish.start_at)
    if xodr is not None and wish.origin is not None:
        xodr = with_geo_reference(xodr, place)
    # What is moved to another place keeps its shape only in the plane of its own place on earth.
    plane = place if wish.start_at is None else own_place(ego) or place
    trajectory, gaps = _in_map(ego, plane, wish)
    map_from_rig = trajectory.map_from_body @ rigid(np.eye(3), -np.array(wish.tracked_point_m))
    move = np.eye(4) if wish.start_at is None else move_to(wish.start_at, map_from_rig[0])
    map_from_rig = move @ map_from_rig
    if xodr is None:
        xodr = road_along(map_from_rig, place, wish.name)
        notes.append("no map was given: a road was laid along the drive")
    place = replace(geo_reference(xodr, MAP), why=place.why)
    road = parse(xodr, MAP)
    share = share_on_lanes(road, map_from_rig[:, :3, 3])
    if share < ON_LANES:
        notes.append(
            f"only {share:.0%} of the drive lies on lanes; do map and drive belong "
            "together (--origin, --start-at)?"
        )
    ground = SnappingGround(road, map_from_rig[:, :3, 3] if ego.heights else None)
    if wish.follow_ground:
        map_from_rig = ground.settle(map_from_rig, ego.source, known=ego.heights)
    elif not ego.heights:
        raise InputError(f"{ego.source} has no heights; leave out --keep-height")
    start_us, end_us = _times(ego, trajectory.stamps_us, wish)
    shift_us = start_us - int(trajectory.stamps_us[0])
    road_users = tuple(
        _road_user(
            user, plane, wish, move if _alike(user.samples, ego) else np.eye(4), ground, shift_us
        )
        for user in users
    )
    journey = Journey(
        _scene_id(wish.name, xodr, map_from_rig, road_users, rig, start_us),
        (start_us, end_us + 1),
        trajectory.stamps_us + shift_us,
        map_from_rig,
        road_users,
        rig_cameras(rig, start_us, end_us),
        rig_lidars(rig),
        xodr,
        place,
        (*notes, *gaps),
    )
    return assemble(journey, Path(out), with_map=with_map, gaussians=gaussians)


def _times(ego: Samples, stamps_us: Stamps, wish: TrajectoryOptions) -> tuple[int, int]:
    """Return the first and the last stamp of the scene."""
    if len(stamps_us) < 2:
        raise InputError(f"{ego.source} has one pose; a drive needs two or more")
    start_us = int(stamps_us[0]) if wish.start_us is None else wish.start_us
    if start_us <= 0:
        raise InputError(
            f"{ego.where(0)}: the first time is {start_us / 1e6:g} s, and times must be above 0; "
            "give the absolute time of the begin with --start-us"
        )
    return start_us, start_us + int(stamps_us[-1] - stamps_us[0])


def _in_map(
    samples: Samples, plane: GeoReference, wish: TrajectoryOptions
) -> tuple[Trajectory, list[str]]:
    points, rotations = in_map(samples, plane)
    return even_trajectory(samples, points, rotations, wish.even)


def _road_user(
    user: UserSamples,
    plane: GeoReference,
    wish: TrajectoryOptions,
    move: Matrix,
    ground: SnappingGround,
    shift_us: int,
) -> RoadUser:
    trajectory, _ = _in_map(user.samples, plane, wish)
    poses = move @ trajectory.map_from_body
    length_m, width_m, height_m = user.size_m
    what = f"{user.samples.source}: {user.track_id}"
    if wish.follow_ground or not user.samples.heights:
        # Its wheels stand about a sixth of the length from either end.
        reach_m = max(length_m / 3.0, 0.1)
        poses = ground.settle(
            poses,
            what,
            known=user.samples.heights,
            behind_m=reach_m,
            ahead_m=reach_m,
            width_m=max(0.8 * width_m, 0.1),
        )
        if user.label_class == "person":
            poses[:, :3, :3] = [_upright(pose) for pose in poses]
        poses = poses @ rigid(np.eye(3), (0.0, 0.0, 0.5 * height_m))
    return RoadUser(
        user.track_id,
        user.label_class,
        user.size_m,
        trajectory.stamps_us + shift_us,
        poses,
        user.flags,
        user.appearance,
    )


def _alike(one: Samples, other: Samples) -> bool:
    """Return whether both are on earth, or both in the map."""
    return (one.frame == "map") == (other.frame == "map")


def _upright(pose: Matrix) -> Matrix:
    return rotation_from_rpy((0.0, 0.0, np.arctan2(pose[1, 0], pose[0, 0])))


def _scene_id(
    name: str, xodr: str, map_from_rig: Matrix, users: Sequence[RoadUser], rig: Rig, start_us: int
) -> str:
    """Return a name that equal input gives again: the given one, and a hash of all that counts."""
    digest = hashlib.sha256(f"{rig.name} {start_us}".encode() + xodr.encode())
    digest.update(map_from_rig.tobytes())
    for user in users:
        digest.update(user.track_id.encode() + user.map_from_box.tobytes())
    return f"{name}-{digest.hexdigest()[:12]}"
