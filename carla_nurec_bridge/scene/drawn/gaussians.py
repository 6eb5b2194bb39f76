"""A scene's Gaussians: its package's volumes, and those of its assets that are splats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...core.errors import InputError
from ...core.files.archive import open_archive
from ...core.frames import rigid
from ...gaussians.cloud import GaussianCloud
from ...gaussians.formats.package import read_package, volume_members
from ...gaussians.formats.ply import decode_ply
from ...gaussians.formats.ply_table import read_header
from ...gaussians.scene import GaussianScene
from .. import Scene
from ..package.external_assets import FOLDER, asset_ids
from ..package.splats import holds_splats

_MAX_BYTES = 256 << 20
_STRAY_PERCENT = 1.0
_LEAST_OPACITY = 0.1

Size = tuple[float, float, float]


def holds_gaussians(scene: Scene) -> bool:
    """Say whether the package that a scene was opened from has volumes of Gaussians."""
    return scene.path is not None and bool(volume_members(open_archive(scene.path)))


def gaussians_of(scene: Scene) -> GaussianScene | None:
    """Return the Gaussians of the package that a scene was opened from, None where it has none.

    InputError when they are broken or of a kind that is not understood.
    """
    if scene.path is None or not holds_gaussians(scene):
        return None
    return read_package(open_archive(scene.path))


def asset_gaussians(scene: Scene, asset_id: str, size_m: Size) -> GaussianCloud | None:
    """Return an asset of a scene's package as Gaussians, None where it is none or holds triangles.

    The middle of its box is the origin, and it is scaled alike along all axes, by what takes its
    box to the volume of ``size_m``. InputError when the file is broken.
    """
    if asset_id not in asset_ids(scene):
        return None
    assert scene.path is not None
    archive = open_archive(scene.path)
    member = f"{FOLDER}/{asset_id}/{asset_id}.ply"
    data = archive.read(member, _MAX_BYTES)
    what = f"{scene.path}: {member}"
    if not holds_splats(read_header(data, what)):
        return None
    cloud = decode_ply(data, what).static
    seen = cloud.means_m[cloud.opacities >= _LEAST_OPACITY]
    if not len(seen):
        raise InputError(f"{scene.path}: {member} has no Gaussians that can be seen")
    low, high = np.percentile(seen, (_STRAY_PERCENT, 100.0 - _STRAY_PERCENT), axis=0)
    extent = np.maximum(high - low, 1e-3)
    scale = float(np.prod(np.array(size_m) / extent) ** (1.0 / 3.0))
    middle = rigid(np.eye(3), -0.5 * scale * (low + high))
    return replace(cloud, semantic_logits=None).transformed(middle, scale)
