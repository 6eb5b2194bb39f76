"""Reading any file of Gaussians: its content says what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from ...core.files.archive import open_archive
from ..scene import GaussianScene
from . import sog, spz
from .instant_sky import with_sky_beside
from .nurec.container import unpack_volume
from .nurec.layers import scene_of_volume
from .package import MOST_ASSET_BYTES, read_package
from .ply import decode_ply
from .splat import decode_splat
from .unpacking import gunzip_head
from .usd.layers import layer_of
from .usd.particles import scene_of_layers

MOST_FILE_BYTES = 8 << 30
_HEAD_BYTES = 64
KINDS = (
    "a PLY of 3D Gaussian splatting, plain or compressed, SPZ, SOG, .splat, a .nurec volume, "
    "a USD layer with a field of Gaussians, or a USDZ with one of these"
)


def read_gaussians(path: Path | str) -> GaussianScene:
    """Read a file of Gaussians, or a folder of a SOG's images.

    Its content says what it is. Plain files keep their own axes, mostly x right, y down, z forward.
    InputError names the file and what is wrong with it.
    """
    path = Path(path)
    if path.is_dir():
        path = path / sog.META
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            size = path.stat().st_size
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if size > MOST_FILE_BYTES:
        raise InputError(f"{path} has {size} bytes; {MOST_FILE_BYTES} are the most read")
    if not head and path.suffix.lower() != ".splat":
        raise InputError(f"{path} is empty")
    what = str(path)
    if head.startswith(b"PK"):
        return _read_zip(path)
    if head.lstrip().startswith(b"{"):
        return _read_sog_folder(path)
    data = path.read_bytes()
    if head.startswith((b"#usda", b"PXR-USDC")):
        return _of_layer(data, path)
    if head.startswith(b"ply"):
        return with_sky_beside(decode_ply(data, what), path)
    if head.startswith(spz.MAGIC):
        return spz.decode_spz(data, what)
    if head.startswith(b"\x1f\x8b"):
        if gunzip_head(data, 4) == spz.MAGIC:
            return spz.decode_spz(data, what)
        return scene_of_volume(unpack_volume(data, what))
    if path.suffix.lower() == ".splat":
        return decode_splat(data, what)
    raise InputError(
        f"{path} is not a scene package, nor another file of Gaussians that is known: "
        f"{KINDS} is read"
    )


def _of_layer(data: bytes, path: Path) -> GaussianScene:
    def load(name: str) -> bytes:
        # Beside the layer or below: what a file names elsewhere is not looked at.
        beside = path.parent / name
        inside = not Path(name).is_absolute() and ".." not in Path(name).parts
        try:
            if inside and beside.is_file() and beside.stat().st_size <= MOST_ASSET_BYTES:
                return beside.read_bytes()
        except OSError as error:
            raise InputError(f"{name[:40]} cannot be read: {error.strerror}") from error
        raise InputError(f"{name[:40]} is not beside the layer, or over {MOST_ASSET_BYTES} bytes")

    scene = scene_of_layers({path.name: layer_of(data, str(path))}, load, str(path))
    if scene is None:
        raise InputError(f"{path} is a bare USD layer without Gaussians; give the USDZ package")
    return scene


def _read_zip(path: Path) -> GaussianScene:
    archive = open_archive(path)
    metas = [name for name in archive.members if name.rpartition("/")[2] == sog.META]
    if len(metas) == 1 and not any(name.endswith(".nurec") for name in archive.members):
        folder = metas[0][: -len(sog.META)]
        meta = _json(archive.read(metas[0], sog.MOST_META_BYTES), f"{path}: {metas[0]}")

        def load(name: str) -> bytes:
            return archive.read(folder + name, sog.MOST_IMAGE_BYTES)

        return sog.decode_sog(meta, load, str(path), path.stat().st_size)
    if not archive.members:
        raise InputError(f"{path} is empty")
    return read_package(archive)


def _read_sog_folder(path: Path) -> GaussianScene:
    if path.stat().st_size > sog.MOST_META_BYTES:
        raise InputError(f"{path} is no {sog.META}: {sog.MOST_META_BYTES} bytes are the most read")
    meta = _json(path.read_bytes(), str(path))
    if isinstance(meta, dict) and "lodLevels" in meta:
        raise InputError(f"{path} lists levels of detail; give the {sog.META} of one of them")

    def load(name: str) -> bytes:
        member = path.parent / name
        try:
            if member.stat().st_size > sog.MOST_IMAGE_BYTES:
                raise InputError(f"{member} has over {sog.MOST_IMAGE_BYTES} bytes; it is not read")
            return member.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {member}: {error.strerror}") from error

    return sog.decode_sog(meta, load, str(path))


def _json(data: bytes, what: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what} is no JSON: {error}") from error
