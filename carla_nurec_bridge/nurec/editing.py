"""Editing who is in a scene: actors replaced by other assets, actors put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix
from .client.conversion import pose_matrices, pose_message
from .stubs import common_pb2 as common
from .stubs import sensorsim_pb2 as sensorsim

Size = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class EditableTrack:
    """A movable actor: stamps (N,) in us, ``world_from_box`` (N, 4, 4) of its box's centre.

    ``size_m`` is (length, width, height). ``asset_id`` is what it is drawn as, empty for what was
    recorded. Inserted ones may have no poses; requests then say where they are.
    """

    track_id: str
    label_class: str
    size_m: Size | None
    asset_id: str
    stamps_us: NDArray[np.int64]
    world_from_box: Matrix


@dataclass(frozen=True)
class Replacement:
    """Draw a track as an asset (or as another track); its size unless ``size_m`` is given."""

    track_id: str
    asset_id: str
    size_m: Size | None = None


def inserted(
    track_id: str, asset_id: str, label_class: str = "", size_m: Size | None = None
) -> EditableTrack:
    """Return a track to insert that is moved by requests alone.

    It is drawn as ``asset_id``, in that asset's class and size (length, width, height) unless
    ``label_class`` and ``size_m`` say otherwise.
    """
    nowhere = np.zeros((0, 4, 4))
    return EditableTrack(track_id, label_class, size_m, asset_id, np.zeros(0, np.int64), nowhere)


def edit_request(
    scene_id: str, replace: Sequence[Replacement], insert: Sequence[EditableTrack]
) -> sensorsim.EditAssetsRequest:
    """Return the message of an edit."""
    return sensorsim.EditAssetsRequest(
        scene_id=scene_id,
        replace=[
            sensorsim.ReplaceAssetAction(
                original_id=action.track_id,
                replacement_id=action.asset_id,
                object_size=_box(action.size_m),
            )
            for action in replace
        ],
        insert=[
            sensorsim.DynamicObjectTrack(
                id=track.track_id,
                semantic_class=track.label_class,
                object_size=_box(track.size_m),
                asset_id=track.asset_id,
                trajectory=common.Trajectory(
                    poses=[
                        common.PoseAtTime(pose=pose_message(pose), timestamp_us=int(stamp))
                        for stamp, pose in zip(track.stamps_us, track.world_from_box, strict=True)
                    ]
                ),
            )
            for track in insert
        ],
    )


def editable_track(message: sensorsim.DynamicObjectTrack) -> EditableTrack:
    """Return an actor as a server describes it."""
    box = message.object_size
    poses = message.trajectory.poses
    return EditableTrack(
        message.id,
        message.semantic_class,
        (box.size_x, box.size_y, box.size_z) if message.HasField("object_size") else None,
        message.asset_id,
        np.array([pose.timestamp_us for pose in poses], np.int64),
        pose_matrices([pose.pose for pose in poses]),
    )


def _box(size_m: Size | None) -> common.AABB | None:
    if size_m is None:
        return None
    length, width, height = size_m
    return common.AABB(size_x=length, size_y=width, size_z=height)
