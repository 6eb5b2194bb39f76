"""Calls about walkers' bones."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.errors import InputError
from ..physics.skeleton import (
    ROOT,
    body_offset,
    bone_names,
    component_poses,
    relative_pose,
    transform_of_pose,
)
from ..simulation import Simulation
from ..wire.codecs import (
    FLOAT,
    INT,
    TEXT,
    list_of,
    single,
    struct,
)
from ..wire.structs import TRANSFORM, Transform
from ..world.actors import EpisodeActor, matrix_of
from .registry import serve


@dataclass(frozen=True, slots=True)
class PosedBone:
    """A bone and the pose that a client wants it to have against its parent."""

    name: str
    relative: Transform


@dataclass(frozen=True, slots=True)
class ShownBone:
    """A bone's pose in the world, in the body, and against its parent."""

    name: str
    world: Transform
    component: Transform
    relative: Transform


POSED_BONES = single(list_of(struct(PosedBone, name=TEXT, relative=TRANSFORM)))
SHOWN_BONES = single(
    list_of(struct(ShownBone, name=TEXT, world=TRANSFORM, component=TRANSFORM, relative=TRANSFORM))
)


def _walker(simulation: Simulation, actor_id: int) -> EpisodeActor:
    return simulation.episode.actors.get(actor_id, "walker")


@serve("get_bones_transform", INT, returns=SHOWN_BONES)
def get_bones_transform(simulation: Simulation, actor_id: int) -> list[ShownBone]:
    """Return every bone of a walker as it is now."""
    actor = _walker(simulation, actor_id)
    poses = component_poses(actor)
    map_from_body = simulation.episode.matrix_of(actor) @ body_offset(actor)
    return [
        ShownBone(
            name,
            transform_of_pose(map_from_body @ pose),
            transform_of_pose(pose),
            transform_of_pose(relative_pose(poses, name)),
        )
        for name, pose in poses.items()
    ]


@serve("set_bones_transform", INT, POSED_BONES)
def set_bones_transform(simulation: Simulation, actor_id: int, bones: list[PosedBone]) -> None:
    """Pose bones against their parents; they show as far as ``blend_pose`` lets them."""
    actor = _walker(simulation, actor_id)
    known = set(bone_names()) - {ROOT}
    unknown = sorted({bone.name for bone in bones} - known)
    if unknown:
        raise InputError(f"walkers have no bones {', '.join(unknown)} that can be posed")
    for bone in bones:
        actor.gait.bones[bone.name] = matrix_of(bone.relative)


@serve("blend_pose", INT, FLOAT)
def blend_pose(simulation: Simulation, actor_id: int, share: float) -> None:
    """Show posed bones by a share from 0 (as it walks) to 1 (as posed)."""
    _walker(simulation, actor_id).gait.blend = min(max(share, 0.0), 1.0)


@serve("get_pose_from_animation", INT)
def get_pose_from_animation(simulation: Simulation, actor_id: int) -> None:
    """Pose all bones as the walker stands or strides now."""
    actor = _walker(simulation, actor_id)
    poses = component_poses(actor)
    actor.gait.bones = {name: relative_pose(poses, name) for name in poses if name != ROOT}
