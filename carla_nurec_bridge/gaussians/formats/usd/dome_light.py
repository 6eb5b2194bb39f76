"""The picture of a dome light as the sky behind a layer's Gaussians.

UsdLux has it as a map of longitude and latitude: the top row is along +y of the light, its middle
column along +z, and +x a quarter of the width before that.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from ....core.files.images import ImageError, decoded_image
from ....core.frames import Matrix
from ...cloud import Floats
from ...scene import NotDrawn
from ...sky import directions_of_texels
from .layers import Layer
from .placing import matrices_of, similarity
from .prims import Prim

_KINDS = ("DomeLight", "DomeLight_1")
_ASSET = re.compile(r"@([^@]+)@")
_FORMATS = ("automatic", "latlong")
_LEAST_SIDE, _MOST_SIDE = 4, 1024
_MOST_GAIN = 16.0
_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])

LoadAsset = Callable[[str], bytes]
"""Returns the bytes of an asset by its path from the package; InputError where it is not there."""


@dataclass(frozen=True, eq=False)
class DomeSky:
    """The sky (6, S, S, 3) of a file's dome light, or why it is not drawn."""

    sky: Floats | None = None
    not_drawn: tuple[NotDrawn, ...] = ()
    notes: tuple[str, ...] = ()


def dome_sky(layers: Mapping[str, Layer], load: LoadAsset, what: str) -> DomeSky:
    """Return the sky of the only dome light in a package's layers; others are told."""
    domes = [
        (name, p) for name, layer in layers.items() for p in layer.values() if p.kind in _KINDS
    ]
    if not domes:
        return DomeSky()
    try:
        if len(domes) > 1:
            raise InputError("which of them is the sky is not known")
        ((name, prim),) = domes
        where = f"{what}: {prim.path}"
        asset, image = _picture(name, prim, load)
        gain = _gain(prim, where)
        rotation = _rotation(name, prim, layers, where)
    except InputError as error:
        return DomeSky(not_drawn=(NotDrawn("dome lights", len(domes), str(error)),))
    sky = np.clip(_cube(image, rotation) * gain, 0.0, 1.0)
    return DomeSky(sky, notes=(f"the sky is {asset} of {prim.path}",))


def _picture(name: str, prim: Prim, load: LoadAsset) -> tuple[str, NDArray[np.uint8]]:
    """Return the name and the pixels (H, W, 3) of a dome light's picture."""
    if prim.word("visibility") == "invisible":
        raise InputError("it is invisible")
    form = prim.word("inputs:texture:format") or _FORMATS[0]
    if form not in _FORMATS:
        raise InputError(f"its picture has the form {form[:40]!r}; {_FORMATS[1]} is read")
    found = _ASSET.fullmatch(prim.attributes.get("inputs:texture:file", ""))
    if found is None:
        raise InputError("it has no picture")
    asset = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1]))
    try:
        pixels = decoded_image(load(asset))
    except ImageError as error:
        raise InputError(f"{asset} {error}; PNG and JPEG are read") from error
    return asset, np.ascontiguousarray(pixels[:, :, ::-1])


def _gain(prim: Prim, where: str) -> NDArray[np.float32]:
    """Return what a dome light's picture is multiplied by (3,)."""
    (intensity,) = prim.told("inputs:intensity", 1, where) or (1.0,)
    (exposure,) = prim.told("inputs:exposure", 1, where) or (0.0,)
    colour = prim.told("inputs:color", 3, where) or (1.0, 1.0, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        gain = np.array(colour) * intensity * np.exp2(exposure)
    if not ((gain >= 0.0) & (gain <= _MOST_GAIN)).all():
        raise InputError(f"its picture is {gain.max():.3g} times as bright as stored")
    return gain.astype(np.float32)


def _rotation(name: str, prim: Prim, layers: Mapping[str, Layer], where: str) -> Matrix:
    """Return the rotation (3, 3) from a dome light's axes to the package's."""
    placed = matrices_of(name, prim, layers, where)
    if len(placed) != 1:
        raise InputError(f"it stands at {len(placed)} places")
    rotation, _ = similarity(placed[0], where)
    pole = (prim.word("poleAxis") or "scene") if prim.kind == _KINDS[1] else "Y"
    if pole == "scene":
        pole = next(iter(layers.values())).get("/", Prim("/", "")).word("upAxis") or "Y"
    return rotation @ _Z_UP if pole == "Z" else rotation


def _cube(image: NDArray[np.uint8], rotation: Matrix) -> Floats:
    """Return the cube map, 0 to 1, of a map of longitude and latitude (H, W, 3) that is turned."""
    side = min(max(image.shape[0] // 2, _LEAST_SIDE), _MOST_SIDE)
    if image.shape[0] > 2 * side or image.shape[1] > 4 * side:
        smaller = cv2.resize(image, (4 * side, 2 * side), interpolation=cv2.INTER_AREA)
        image = np.asarray(smaller, np.uint8)
    height, width = image.shape[:2]
    x, y, z = np.moveaxis(directions_of_texels(side) @ rotation, -1, 0)
    across = (0.5 - np.arctan2(x, z) / (2.0 * np.pi)) * width - 0.5
    down = (0.5 - np.arcsin(np.clip(y, -1.0, 1.0)) / np.pi) * height - 0.5
    # Around the seam and over the poles it goes on: a column to either side, a row up and down.
    over_poles = np.pad(image, ((1, 1), (0, 0), (0, 0)), "edge")
    around = np.pad(over_poles, ((0, 0), (1, 1), (0, 0)), "wrap").astype(np.float32)
    u, v = ((part + 1.0).reshape(6 * side, side).astype(np.float32) for part in (across, down))
    sky = np.asarray(cv2.remap(around, u, v, cv2.INTER_LINEAR), np.float32)
    return sky.reshape(6, side, side, 3) / np.float32(255)
