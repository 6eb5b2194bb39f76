"""Gaussians of USDZ packages: NuRec's scenes, and what 3DGRUT exports as volumes.

A package with a rig holds a recorded scene: its static layers are in the nre frame as they are,
and its rigid ones belong to the tracks of ``sequence_tracks.json``. Other packages are placed as
their USD layers say.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...core.errors import InputError
from ...core.files.archive import Archive
from ...core.frames import Matrix
from ..cloud import GaussianCloud
from ..harmonics import C0
from ..scene import GaussianScene, NotDrawn, RigidGaussians
from .nurec.container import unpack_volume
from .nurec.layers import joined, scene_of_volume
from .rows import Mask
from .unpacking import most_plain_bytes
from .usd.layers import layers_of, put_together
from .usd.particles import scene_of_layers
from .usd.placing import MOST_FACTOR, MOST_SHIFT, bounded, similarity, world_from_local
from .usd.prims import Prim

RIG, TRACKS = "rig_trajectories.json", "sequence_tracks.json"
_MOST_JSON_BYTES = 64 << 20
MOST_ASSET_BYTES = 64 << 20
_TOLERANCE = 1e-3
_ASSET = re.compile(r"@(?:\./)?([^@]+\.nurec)@")
_CUBOID = re.compile(r"/track_(\d+)_([^/]+)/cuboid$")
_IDENTITY = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))


def volume_members(archive: Archive) -> list[str]:
    """Return the names of a package's volumes, in order."""
    return sorted(name for name in archive.members if name.endswith(".nurec"))


def read_package(archive: Archive) -> GaussianScene:
    """Read the volumes of a USDZ; InputError when it has none, or one is not understood."""
    members = volume_members(archive)
    recorded = RIG in archive.members
    layers = layers_of(archive, text_only=recorded)
    if not members:
        fields = scene_of_layers(layers, partial(_asset, archive), str(archive.path))
        if fields is None:
            raise InputError(f"{archive.path} holds no volume of Gaussians: {_held(archive)}")
        return fields
    prims = put_together(layers)
    scenes = []
    for member in members:
        what = f"{archive.path}: {member}"
        most = most_plain_bytes(archive.members[member].compress_size)
        scene = scene_of_volume(unpack_volume(archive.read(member), what, most))
        scenes.append(_placed(scene, member, prims, what, recorded=recorded))
    scene = joined(scenes, str(archive.path))
    if recorded:
        scene = replace(scene, nre_from_world=_nre_from_world(archive))
    if TRACKS in archive.members and scene.rigid is not None:
        scene = _bound(scene, scene.rigid, _track_spans(archive), prims)
    return scene


def _asset(archive: Archive, name: str) -> bytes:
    if name not in archive.members:
        raise InputError(f"the package has no {name}")
    return archive.read(name, MOST_ASSET_BYTES)


def _held(archive: Archive) -> str:
    if "checkpoint.ckpt" in archive.members or "nerf.ingp" in archive.members:
        return "its checkpoint is not read, for reading it runs what it says"
    if any(name.endswith((".usdc", ".usda", ".usd")) for name in archive.members):
        return "its USD layers have neither a volume nor a ParticleField3DGaussianSplat"
    return f"it has {', '.join(list(archive.members)[:6]) or 'nothing'}"


def _placed(
    scene: GaussianScene, member: str, prims: dict[str, Prim], what: str, *, recorded: bool
) -> GaussianScene:
    """Return a volume's scene where its prim lies, with the prim's colour matrix."""
    name = member.rpartition("/")[2]
    fields = [
        prim
        for prim in prims.values()
        for asset in _ASSET.findall(" ".join(prim.attributes.values()))
        if asset.rpartition("/")[2] == name
    ]
    if not fields:
        return scene
    field = fields[0]
    path = field.path if field.kind == "Volume" else field.path.rpartition("/")[0]
    holder = prims.get(path, field)
    matrix, unknown = world_from_local(prims, path)
    notes: list[str] = []
    offset = holder.told("omni:nurec:offset", 3, what) or (0.0, 0.0, 0.0)
    bounded(np.array(offset), MOST_SHIFT, f"{what}: omni:nurec:offset")
    scene = _cropped(scene, holder, what, shifted=any(offset))
    moved = bool(unknown) or not np.allclose(matrix, np.eye(4), atol=1e-9)
    if recorded and moved:
        notes.append(f"{path} is moved in its USD layer, which does not count beside a rig")
    elif unknown:
        raise InputError(
            f"{what}: its USD layer places it by {unknown[0]}, which is not understood; "
            "put all into one xformOp:transform"
        )
    elif moved:
        rotation, scale = similarity(matrix, what)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = rotation, matrix[:3, 3]
        scene = _each_layer(scene, lambda cloud: cloud.transformed(pose, scale))
    if any(offset):
        shift = np.eye(4)
        shift[:3, 3] = offset
        scene = _each_layer(scene, lambda cloud: cloud.transformed(shift))
        notes.append(f"static layers are shifted by omni:nurec:offset {offset} m")
    rows = _colour_rows([holder, *fields], what)
    if rows is not None:
        bounded(rows, MOST_FACTOR, f"{what}: omni:nurec:ccm")
        scene = _each_layer(scene, lambda cloud: _coloured(cloud, rows))
        notes.append("colours of static layers go through the package's colour matrix")
    return replace(scene, notes=(*scene.notes, *notes))


def _cropped(scene: GaussianScene, holder: Prim, what: str, *, shifted: bool) -> GaussianScene:
    """Return a scene whose static Gaussians lie within the crop bounds of its prim, if it has any.

    InputError when it is shifted too, for which of the two comes first is not known.
    """
    low, high = (
        holder.told(f"omni:nurec:crop:{end}Bounds", 3, what) or (far,) * 3
        for end, far in (("min", -np.inf), ("max", np.inf))
    )
    inside: dict[str, Mask] = {
        name: np.logical_and.reduce((cloud.means_m >= low) & (cloud.means_m <= high), axis=1)
        for name, cloud in scene.layers.items()
    }
    outside = sum(int((~mask).sum()) for mask in inside.values())
    if not outside:
        return scene
    if shifted:
        raise InputError(f"{what}: it is cropped and shifted; in which order is not known")
    layers = {name: cloud.select(inside[name]) for name, cloud in scene.layers.items()}
    left_out = NotDrawn("Gaussians", outside, "they lie outside the crop bounds of the USD layer")
    return replace(scene, layers=layers, not_drawn=(*scene.not_drawn, left_out))


def _each_layer(scene: GaussianScene, change: Any) -> GaussianScene:
    return replace(scene, layers={name: change(cloud) for name, cloud in scene.layers.items()})


def _colour_rows(prims: list[Prim], what: str) -> Matrix | None:
    """Return the affine matrix (3, 4) of colours, None for the identity."""
    for prim in prims:
        rows = [prim.told(f"omni:nurec:ccm{channel}", 4, what) for channel in "RGB"]
        if None not in rows and not np.allclose(matrix := np.array(rows), _IDENTITY, atol=1e-6):
            return matrix
    return None


def _coloured(cloud: GaussianCloud, rows: Matrix) -> GaussianCloud:
    """Return a cloud whose colours c are A c + b."""
    sh = cloud.sh.astype(np.float64) @ rows[:, :3].T
    sh[:, 0] += (rows[:, :3] @ np.full(3, 0.5) + rows[:, 3] - 0.5) / C0
    return replace(cloud, sh=sh.astype(np.float32))


def _json(archive: Archive, name: str) -> Any:
    try:
        return json.loads(archive.read(name, _MOST_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{archive.path}: {name} is no JSON: {error}") from error


def _nre_from_world(archive: Archive) -> Matrix:
    content = _json(archive, RIG)
    stored = content.get("world_to_nre") if isinstance(content, dict) else None
    if stored is None:
        return np.eye(4)
    try:
        matrix = np.array(stored["matrix"], np.float64)
    except (TypeError, KeyError, ValueError, OverflowError):
        matrix = np.zeros(0)
    if matrix.shape != (4, 4):
        raise InputError(f"{archive.path}: {RIG}: world_to_nre is no matrix of 4 x 4 numbers")
    bounded(matrix, MOST_SHIFT, f"{archive.path}: {RIG}: world_to_nre")
    rotation = matrix[:3, :3]
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > _TOLERANCE or np.linalg.det(rotation) < 0:
        raise InputError(f"{archive.path}: {RIG}: world_to_nre is no rotation and shift")
    return matrix


def _track_spans(archive: Archive) -> dict[str, tuple[int, int] | None]:
    """Return the package's tracks with their first and last stamps (us), None without stamps."""
    content = _json(archive, TRACKS)
    spans: dict[str, tuple[int, int] | None] = {}
    for chunk in content.values() if isinstance(content, dict) else ():
        data = chunk.get("tracks_data") if isinstance(chunk, dict) else None
        ids = data.get("tracks_id", []) if isinstance(data, dict) else []
        stamps = data.get("tracks_timestamps_us", []) if isinstance(data, dict) else []
        if not isinstance(ids, list) or not isinstance(stamps, list):
            continue
        for index, track_id in enumerate(ids):
            own = stamps[index] if index < len(stamps) else []
            times = own if isinstance(own, list) else []
            sound = len(times) > 0 and all(isinstance(one, int) for one in times)
            if isinstance(track_id, str):
                spans[track_id] = (times[0], times[-1]) if sound else None
    return spans


def _bound(
    scene: GaussianScene,
    rigid: RigidGaussians,
    tracks: dict[str, tuple[int, int] | None],
    prims: dict[str, Prim],
) -> GaussianScene:
    """Return the scene with its cuboids called as the tracks are.

    By the volume's own list, with or without ``@SEQUENCE``; else by the order of the cuboids in
    the USD layers; else by the track of the same first and last stamp. Gaussians of cuboids without
    a track stay, and are told, as are tracks whose stamps are others than the volume's.
    """
    by_order, known = _cuboids_of(prims), list(tracks)
    spans = rigid.spans_us or (None,) * len(rigid.track_ids)
    named, others = [], 0
    for index, (own, span) in enumerate(zip(rigid.track_ids, spans, strict=True)):
        fallback = by_order.get(index, "") if own == f"#{index}" else own
        found = _matching(fallback, known)
        if found is None and span is not None:
            alike = [track_id for track_id, stamps in tracks.items() if stamps == span]
            found = alike[0] if len(alike) == 1 else None
        elif found is not None and span is not None and tracks[found] not in (None, span):
            others += 1
        named.append(found or own)
    lost = np.array([name not in tracks for name in named], bool)
    homeless = int(lost[rigid.cuboid_ids].sum()) if len(rigid.cloud) else 0
    not_drawn, notes = scene.not_drawn, scene.notes
    if homeless:
        why = f"{TRACKS} has no track of their cuboid"
        not_drawn = (*not_drawn, NotDrawn("Gaussians of dynamic_rigids", homeless, why))
    if others:
        notes = (*notes, f"{others} tracks begin or end at other times in the volume")
    bound = replace(rigid, track_ids=tuple(named))
    return replace(scene, rigid=bound, not_drawn=not_drawn, notes=notes)


def _matching(name: str, known: list[str]) -> str | None:
    """Return the track that a name in a volume or in a USD path means."""
    if name in known:
        return name
    forms = (
        lambda text: text.partition("@")[0],
        lambda text: re.sub(r"\W", "_", text),
        lambda text: re.sub(r"\W", "_", text.partition("@")[0]),
    )
    for form in forms:
        found = [track_id for track_id in known if form(track_id) == form(name)]
        if len(found) == 1 and name:
            return found[0]
    return None


def _cuboids_of(prims: dict[str, Prim]) -> dict[int, str]:
    """Return the ids in the paths of cuboids by their number."""
    return {int(match[1]): match[2] for path in prims if (match := _CUBOID.search(path))}
