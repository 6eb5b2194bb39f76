"""Assets that a package brings along to be put into its scene: ``external_assets/ID/ID.ply``.

Each has a ``metadata.yaml`` beside it, of which ``label_class`` and ``size_m`` are read. The
frame is that of actors: x forward, y left, z up, metres; wherever its points lie, the middle of
their box becomes the origin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import yaml

from ...core.errors import InputError
from ...core.files.archive import Archive, open_archive
from ...core.files.plain_yaml import load_yaml
from ...gaussians.formats.ply_table import read_header
from .model import Scene
from .splats import decode_splats, holds_triangles
from .surface import Surface, decode_ply

FOLDER = "external_assets"
_MEMBER = re.compile(rf"{FOLDER}/([^/]+)/\1\.ply")
_MAX_BYTES = 256 << 20
_MAX_YAML_BYTES = 1 << 20
_LEAST_M, _MOST_M = 1e-3, 50.0

Size = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class ExternalAsset:
    """One asset: its surface with the middle of its box at the origin, class and size in metres.

    Colours that are ``baked`` hold the light of where it was recorded, as those of Gaussians do.
    """

    asset_id: str
    label_class: str
    size_m: Size
    surface: Surface
    baked: bool = False


def asset_ids(scene: Scene) -> tuple[str, ...]:
    """Return the ids of the assets in a scene's package, by name."""
    if scene.path is None:
        return ()
    found = map(_MEMBER.fullmatch, open_archive(scene.path).members)
    return tuple(sorted(match[1] for match in found if match))


def read_asset(scene: Scene, asset_id: str) -> ExternalAsset | None:
    """Return an asset of a scene's package, None where it has no such asset.

    The PLY holds triangles, or Gaussians, which become small discs. InputError names the member
    and what is wrong with it.
    """
    if asset_id not in asset_ids(scene):
        return None
    assert scene.path is not None
    archive = open_archive(scene.path)
    member = f"{FOLDER}/{asset_id}/{asset_id}.ply"
    what = f"{scene.path}: {member}"
    data = archive.read(member, _MAX_BYTES)
    baked = not holds_triangles(read_header(data, what))
    surface = decode_splats(data, what) if baked else decode_ply(data, what)
    low, high = surface.vertices.min(axis=0), surface.vertices.max(axis=0)
    extent = (high - low).astype(float)
    if extent.max() < _LEAST_M or extent.max() > _MOST_M:
        raise InputError(f"{what} is {extent.max():g} m large; an asset has 1 mm to {_MOST_M:g} m")
    size_m = tuple(float(side) for side in np.maximum(extent, _LEAST_M))
    centred = Surface(surface.vertices - 0.5 * (low + high), surface.triangles, surface.colours)
    label, told = _metadata(archive, asset_id)
    asset = ExternalAsset(asset_id, label, size_m, centred, baked)  # type: ignore[arg-type]
    return asset if told is None else fitted(asset, told)


def fitted(asset: ExternalAsset, size_m: Size) -> ExternalAsset:
    """Return the asset stretched to a box of ``size_m``."""
    scale = np.array(size_m) / np.array(asset.size_m)
    vertices = (asset.surface.vertices * scale).astype(np.float32)
    surface = Surface(vertices, asset.surface.triangles, asset.surface.colours)
    return replace(asset, size_m=size_m, surface=surface)


def _metadata(archive: Archive, asset_id: str) -> tuple[str, Size | None]:
    """Return an asset's class (its id unless told) and its size where that is told."""
    member = f"{FOLDER}/{asset_id}/metadata.yaml"
    if member not in archive.members:
        return asset_id, None
    what = f"{archive.path}: {member}"
    try:
        content = load_yaml(archive.read(member, _MAX_YAML_BYTES))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{what} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError(f"{what} must hold 'field: value' lines")
    label = str(content.get("label_class", asset_id))
    size = content.get("size_m")
    if size is None:
        return label, None
    try:
        sides = np.array(size, float)
    except (TypeError, ValueError):
        sides = np.zeros(0)
    if sides.shape != (3,) or not np.all((sides >= _LEAST_M) & (sides <= _MOST_M)):
        raise InputError(f"{what}: size_m must be three lengths up to {_MOST_M:g} m, found {size}")
    return label, tuple(float(side) for side in sides)  # type: ignore[return-value]
