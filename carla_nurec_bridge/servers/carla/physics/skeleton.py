"""A walker's bones: CARLA's names, in a chain from the ground up, posed by its stride."""

from __future__ import annotations

import numpy as np

from ....core.frames import Matrix, carla_from_matrix, rigid
from ....core.loading.deferred import deferred
from ....town.actors.gait import Point, joints
from ..wire.structs import Transform
from ..world.actors import EpisodeActor

transform = deferred("scipy.spatial.transform")

ROOT = "crl_root"
HEAD_SHARES = {
    "crl_hips__C": (0.0, 0.0, 0.52),
    "crl_spine__C": (0.0, 0.0, 0.60),
    "crl_spine01__C": (0.0, 0.0, 0.70),
    "crl_neck__C": (0.0, 0.0, 0.84),
    "crl_Head__C": (0.01, 0.0, 0.90),
    "crl_eye__L": (0.06, 0.018, 0.935),
    "crl_eye__R": (0.06, -0.018, 0.935),
}
"""Places of the bones that a stride leaves alone, as shares of the height."""
SHOULDER_SHARE = 0.4
TOE_M = (0.10, 0.0, -0.02)
TOE_END_M = (0.06, 0.0, 0.0)
PARENTS = {
    "crl_hips__C": ROOT,
    "crl_spine__C": "crl_hips__C",
    "crl_spine01__C": "crl_spine__C",
    "crl_neck__C": "crl_spine01__C",
    "crl_Head__C": "crl_neck__C",
    "crl_eye__L": "crl_Head__C",
    "crl_eye__R": "crl_Head__C",
} | {
    f"crl_{bone}__{side}": f"crl_{parent}__{side if parent not in ('spine01', 'hips') else 'C'}"
    for side in "LR"
    for bone, parent in (
        ("shoulder", "spine01"),
        ("arm", "shoulder"),
        ("foreArm", "arm"),
        ("hand", "foreArm"),
        ("thigh", "hips"),
        ("leg", "thigh"),
        ("foot", "leg"),
        ("toe", "foot"),
        ("toeEnd", "toe"),
    )
}
"""The bone that each hangs on; parents come before children."""


def bone_names() -> tuple[str, ...]:
    """Return all bones, parents first."""
    return (ROOT, *PARENTS)


def component_poses(actor: EpisodeActor) -> dict[str, Matrix]:
    """Return body_from_bone (4, 4), right-handed, of every bone; the body stands on the ground.

    Bones that clients posed are blended in by the walker's ``blend``; their children follow.
    """
    animated = _animated(2.0 * actor.box.extent[2], actor.gait.phase)
    posed = {ROOT: animated[ROOT]}
    for name, parent in PARENTS.items():
        parent_from_bone = relative_pose(animated, name)
        wanted = actor.gait.bones.get(name)
        if wanted is not None and actor.gait.blend > 0.0:
            parent_from_bone = _blended(parent_from_bone, wanted, actor.gait.blend)
        posed[name] = posed[parent] @ parent_from_bone
    return posed


def relative_pose(poses: dict[str, Matrix], name: str) -> Matrix:
    """Return parent_from_bone (4, 4) of one bone; the root hangs on the body."""
    if name == ROOT:
        return poses[ROOT]
    return np.asarray(np.linalg.inv(poses[PARENTS[name]]) @ poses[name])


def body_offset(actor: EpisodeActor) -> Matrix:
    """Return actor_from_body (4, 4): the actor's origin is the middle of its box."""
    return rigid(np.eye(3), np.array([0.0, 0.0, -actor.box.extent[2]]))


def transform_of_pose(pose: Matrix) -> Transform:
    """Return a pose in CARLA's axes."""
    location, rotation = carla_from_matrix(pose)
    return Transform(tuple(location.tolist()), tuple(rotation.tolist()))


def _animated(tall_m: float, phase: float | None) -> dict[str, Matrix]:
    at = joints(tall_m, phase)
    places = {ROOT: (0.0, 0.0, 0.0)}
    for name, share in HEAD_SHARES.items():
        places[name] = (share[0] * tall_m, share[1] * tall_m, share[2] * tall_m)
    for mark, side in (("L", "left"), ("R", "right")):
        x, y, z = at[f"shoulder_{side}"]
        foot = at[f"foot_{side}"]
        toe = _beyond(foot, TOE_M)
        limbs = {
            "shoulder": (x, SHOULDER_SHARE * y, z),
            "arm": (x, y, z),
            "foreArm": at[f"elbow_{side}"],
            "hand": at[f"hand_{side}"],
            "thigh": at[f"hip_{side}"],
            "leg": at[f"knee_{side}"],
            "foot": foot,
            "toe": toe,
            "toeEnd": _beyond(toe, TOE_END_M),
        }
        places |= {f"crl_{bone}__{mark}": place for bone, place in limbs.items()}
    return {name: rigid(np.eye(3), np.array(place)) for name, place in places.items()}


def _beyond(place: Point, step: Point) -> Point:
    return place[0] + step[0], place[1] + step[1], place[2] + step[2]


def _blended(one: Matrix, other: Matrix, share: float) -> Matrix:
    if share >= 1.0:
        return other
    turn = transform.Slerp(
        [0.0, 1.0], transform.Rotation.from_matrix(np.stack([one[:3, :3], other[:3, :3]]))
    )
    place = one[:3, 3] + share * (other[:3, 3] - one[:3, 3])
    return rigid(turn(share).as_matrix(), place)
