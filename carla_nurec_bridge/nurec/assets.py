"""Listing and editing who is in a scene, on servers that can: what users' commands do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.errors import InputError
from ..core.frames import Matrix
from .client.client import NurecClient
from .editing import EditableTrack, Replacement, inserted


@dataclass(frozen=True)
class WantedAsset:
    """One edit: track ``track_id`` drawn as ``asset_id``.

    ``size_m`` is (length, width, height), None for the asset's own; ``label_class`` an inserted
    one's class, empty for the asset's own.
    """

    track_id: str
    asset_id: str
    size_m: tuple[float, float, float] | None = None
    label_class: str = ""


def movable(client: NurecClient, scene_id: str) -> tuple[EditableTrack, ...]:
    """Return the dynamic objects of a scene; InputError for a server that cannot list them."""
    _check_generation(client)
    return client.dynamic_objects(scene_id)


def external(client: NurecClient, scene_id: str) -> tuple[str, ...]:
    """Return the assets that may be put in; InputError for a server that cannot list them."""
    _check_generation(client)
    return client.external_assets(scene_id)


def replace_assets(client: NurecClient, scene_id: str, edits: Sequence[WantedAsset]) -> str:
    """Draw tracks as other assets, all of them or none; return the server's words.

    InputError for a server that cannot edit, ProtocolError when it refuses.
    """
    _check_editing(client)
    return client.edit(
        scene_id, replace=[Replacement(e.track_id, e.asset_id, e.size_m) for e in edits]
    )


def insert_assets(
    client: NurecClient,
    scene_id: str,
    edits: Sequence[WantedAsset],
    world_from_box: Matrix | None = None,
) -> str:
    """Put actors in, all of them or none; return the server's words; errors as above.

    They have no path unless ``world_from_box`` (4, 4) says where they stand all the time; requests
    say where they are drawn in any case.
    """
    _check_editing(client)
    tracks = [inserted(e.track_id, e.asset_id, e.label_class, e.size_m) for e in edits]
    if world_from_box is not None:
        stamps = _first_and_last(client, scene_id)
        poses = np.stack([world_from_box] * len(stamps))
        tracks = [replace(track, stamps_us=stamps, world_from_box=poses) for track in tracks]
    return client.edit(scene_id, insert=tracks)


def ensure_inserted(client: NurecClient, scene_id: str, edits: Sequence[WantedAsset]) -> str:
    """Put in what is not there yet, and draw as asked what is; return the server's words.

    InputError names an asset that the server does not offer.
    """
    _check_editing(client)
    present = {track.track_id: track for track in client.dynamic_objects(scene_id)}
    offered = {*client.external_assets(scene_id), *present}
    lacking = [edit for edit in edits if edit.asset_id not in offered]
    if lacking:
        raise InputError(
            f"the NuRec server {client.connection.target} offers no asset {lacking[0].asset_id!r} "
            f"to draw {lacking[0].track_id!r} as; carla-nurec nurec assets list shows what it has"
        )
    other = [e for e in edits if e.track_id in present and not _is(present[e.track_id], e)]
    new = [e for e in edits if e.track_id not in present]
    words = []
    if other:
        words.append(replace_assets(client, scene_id, other))
    if new:
        words.append(insert_assets(client, scene_id, new))
    return "; ".join(words) or "all there"


def restore_assets(client: NurecClient, scene_id: str) -> None:
    """Undo all edits of a scene, everybody's; errors as above."""
    _check_editing(client)
    client.restore(scene_id)


def added_ids(tracks: Iterable[EditableTrack], recorded: Iterable[str]) -> frozenset[str]:
    """Return the ids of the tracks that edits put in: those that the package does not have."""
    return frozenset(track.track_id for track in tracks) - frozenset(recorded)


def _is(track: EditableTrack, wanted: WantedAsset) -> bool:
    if track.asset_id != wanted.asset_id:
        return False
    if wanted.size_m is None or track.size_m is None:
        return wanted.size_m is None
    return bool(np.allclose(track.size_m, wanted.size_m, rtol=1e-4))


def _first_and_last(client: NurecClient, scene_id: str) -> np.ndarray:
    stamps = [
        p.timestamp_us for trajectory in client.trajectories(scene_id) for p in trajectory.poses
    ]
    if not stamps:
        raise InputError(f"the scene {scene_id} has no trajectory that says when it plays")
    return np.array(sorted({min(stamps), max(stamps)}), np.int64)


def _check_generation(client: NurecClient) -> None:
    found = client.capabilities
    if not found.knows_assets:
        raise InputError(
            f"the NuRec server {client.connection.target} is of generation "
            f"{found.generation}, which knows no assets; NuRec of 25.11 and later does, and "
            "carla-nurec nurec serve"
        )


def _check_editing(client: NurecClient) -> None:
    _check_generation(client)
    if client.capabilities.editing is False:
        raise InputError(
            f"the NuRec server {client.connection.target} lets nobody edit; start it with "
            "--enable-editing-actors"
        )
