"""Who plays in a scene: the recorded tracks, and what edits made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ....core.errors import InputError, RefusalError
from ....nurec.client.conversion import pose_matrices
from ....nurec.stubs import common_pb2 as common
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ....scene import Scene, SceneTrack
from ....scene.drawn.appearances import ActorAppearance, recorded_appearance
from ....scene.drawn.own_assets import own_asset, own_asset_ids
from ....world.blueprint_catalogue import load_catalogue
from ..refusal import Code, as_invalid_argument

_MOST_EDITS = 500
_LARGEST_M = 50.0
Size = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class DrawnActors:
    """The actors of a scene by track id; never changed, only replaced by an edited one."""

    tracks: Mapping[str, SceneTrack]
    appearances: Mapping[str, ActorAppearance]
    edits: int = 0


def recorded_actors(scene: Scene) -> DrawnActors:
    """Return the actors as they were recorded."""
    tracks = {track.track_id: track for track in scene.tracks}
    return DrawnActors(tracks, {name: recorded_appearance(track) for name, track in tracks.items()})


def external_assets(scene: Scene) -> tuple[str, ...]:
    """Return what an edit may put into a scene: its package's, the server's, CARLA's blueprints."""
    own = own_asset_ids(scene)
    return (*own, *(name for name in load_catalogue() if name not in own))


def edited(scene: Scene, actors: DrawnActors, request: sensorsim.EditAssetsRequest) -> DrawnActors:
    """Return the actors after an edit, all of it or, with a RefusalError, nothing."""
    edits = actors.edits + len(request.replace) + len(request.insert)
    if edits > _MOST_EDITS:
        raise RefusalError(
            Code.RESOURCE_EXHAUSTED,
            f"scene {scene.scene_id} has {actors.edits} edits and may have {_MOST_EDITS}; "
            "call restore_model_parameters first",
        )
    tracks, appearances = dict(actors.tracks), dict(actors.appearances)
    for action in request.replace:
        track = tracks.get(action.original_id)
        if track is None:
            raise RefusalError(
                Code.NOT_FOUND, f"cannot replace: the scene has no track {action.original_id!r}"
            )
        appearance = _appearance_of(scene, actors, action.replacement_id, action.original_id)
        size_m = _size(action.object_size) or appearance.size_m
        appearances[track.track_id] = replace(appearance, size_m=size_m)
        tracks[track.track_id] = replace(track, size_m=size_m)
    for added in request.insert:
        if not added.id or added.id in tracks:
            raise RefusalError(
                Code.INVALID_ARGUMENT,
                f"cannot insert track {added.id!r}: an id that is not in the scene is needed",
            )
        tracks[added.id], appearances[added.id] = _inserted(scene, actors, added)
    return DrawnActors(tracks, appearances, edits)


def _inserted(
    scene: Scene, actors: DrawnActors, added: sensorsim.DynamicObjectTrack
) -> tuple[SceneTrack, ActorAppearance]:
    size_m = _size(added.object_size)
    if added.asset_id:
        appearance = _appearance_of(scene, actors, added.asset_id, added.id)
    elif added.semantic_class and size_m:
        appearance = ActorAppearance(added.semantic_class, size_m, added.id)
    else:
        raise RefusalError(
            Code.INVALID_ARGUMENT,
            f"cannot insert track {added.id!r}: give asset_id, or semantic_class and object_size",
        )
    appearance = replace(appearance, size_m=size_m or appearance.size_m)
    stamps = np.array([pose.timestamp_us for pose in added.trajectory.poses], np.int64)
    if np.any(np.diff(stamps) <= 0):
        raise RefusalError(
            Code.INVALID_ARGUMENT, f"track {added.id!r} has stamps that do not increase"
        )
    with as_invalid_argument():
        poses = pose_matrices([pose.pose for pose in added.trajectory.poses])
    track = SceneTrack(
        added.id,
        added.semantic_class or appearance.label,
        appearance.size_m,
        stamps,
        poses,
    )
    return track, appearance


def _appearance_of(scene: Scene, actors: DrawnActors, asset_id: str, seed: str) -> ActorAppearance:
    """Return the appearance of an asset, or of another track of the scene."""
    try:
        own = own_asset(scene, asset_id)
    except InputError as error:
        raise RefusalError(Code.FAILED_PRECONDITION, str(error)) from error
    if own is not None:
        return ActorAppearance(own.label_class, own.size_m, asset_id, asset_id, own=True)
    blueprint = load_catalogue().get(asset_id)
    if blueprint is not None:
        return ActorAppearance(blueprint.base_type, blueprint.size_m, asset_id, asset_id)
    if asset_id in actors.appearances:
        return replace(actors.appearances[asset_id], asset_id=asset_id)
    raise RefusalError(
        Code.NOT_FOUND,
        f"unknown asset {asset_id!r} for {seed!r}; get_external_asset_objects lists them, and "
        f"every track of scene {scene.scene_id} may be used as one",
    )


def _size(box: common.AABB) -> Size | None:
    """Return a box's size, None for one that is not set."""
    size_m = (box.size_x, box.size_y, box.size_z)
    if not any(size_m):
        return None
    if not all(0.0 < side <= _LARGEST_M for side in size_m):
        with as_invalid_argument():
            raise InputError(f"object_size {size_m} is not three lengths up to {_LARGEST_M} m")
    return size_m
