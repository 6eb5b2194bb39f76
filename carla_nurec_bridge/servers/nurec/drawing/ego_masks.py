"""Images of the car's own hood, laid over rendered images."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ....core.cameras.camera_names import camera_named
from ....core.errors import InputError, RefusalError
from ....core.files.images import ImageError, decoded_image
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ..refusal import Code

_CACHED = 32


@dataclass(frozen=True)
class _MaskFile:
    rig: str
    camera: str
    path: Path


@dataclass(frozen=True, eq=False)
class ScaledMask:
    """A hood at one image size: what it adds (H, W, 3), and what it lets through (H, W, 1)."""

    added: NDArray[np.float32]
    clear: NDArray[np.float32]

    def over(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the image uint8 (H, W, 3) with the hood in front."""
        image: NDArray[np.uint8] = (rgb * self.clear + self.added + 0.5).astype(np.uint8)
        return image


class EgoMasks:
    """The images ``RIG/CAMERA.png`` (RGBA) of a folder; safe from several threads.

    Rig names match without regard to punctuation: ``hyperion8.1`` is ``hyperion_8_1``.
    InputError when the folder holds none.
    """

    def __init__(self, folder: Path | None) -> None:
        found = sorted(folder.glob("*/*.png")) if folder is not None else []
        if folder is not None and not found:
            raise InputError(f"no hood image RIG/CAMERA.png below {folder}")
        self._files = {
            (_plain(path.parent.name), path.stem): _MaskFile(path.parent.name, path.stem, path)
            for path in found
        }
        self._ready: OrderedDict[tuple[Path, int, int], ScaledMask] = OrderedDict()
        self._lock = threading.Lock()

    def ids(self) -> list[sensorsim.EgoMaskId]:
        """Return the camera and rig names of all images."""
        return [
            sensorsim.EgoMaskId(camera_logical_id=file.camera, rig_config_id=file.rig)
            for file in self._files.values()
        ]

    def wanted(
        self, request: sensorsim.RGBRenderRequest, size: tuple[int, int]
    ) -> ScaledMask | None:
        """Return the hood that a request wants at an image size (width, height), or None.

        A mask without a camera is that of the request's camera; NOT_FOUND when there is none.
        """
        if not request.insert_ego_mask:
            return None
        rig = request.ego_mask_id.rig_config_id
        camera = request.ego_mask_id.camera_logical_id or request.camera_intrinsics.logical_id
        of_rig = {p.camera: p for (name, _), p in self._files.items() if name == _plain(rig)}
        file = of_rig.get(camera_named(camera, of_rig) or "")
        if file is None:
            known = ", ".join(f"{p.rig}/{p.camera}" for p in self._files.values())
            raise RefusalError(
                Code.NOT_FOUND,
                f"no ego mask of camera {camera!r} on rig {rig!r}; "
                + (f"there are {known}" if known else "the server has none (--egocar-hood-dir)"),
            )
        key = (file.path, *size)
        with self._lock:
            if key in self._ready:
                self._ready.move_to_end(key)
                return self._ready[key]
        mask = _load(file.path, size)
        with self._lock:
            self._ready[key] = mask
            while len(self._ready) > _CACHED:
                self._ready.popitem(last=False)
        return mask


def _plain(rig: str) -> str:
    return re.sub(r"[^a-z0-9]", "", rig.lower())


def _load(path: Path, size: tuple[int, int]) -> ScaledMask:
    try:
        bgra = decoded_image(path.read_bytes(), cv2.IMREAD_UNCHANGED)
    except (OSError, ImageError) as error:
        raise RefusalError(
            Code.FAILED_PRECONDITION, f"the hood image {path.name}: {error}"
        ) from error
    if bgra.ndim != 3 or bgra.shape[2] != 4 or bgra.dtype != np.uint8:
        raise RefusalError(
            Code.FAILED_PRECONDITION, f"the hood image {path.name} is not 8-bit RGBA"
        )
    alpha = bgra[..., 3:].astype(np.float32) / 255.0
    # Scaled after multiplying: else the colour of clear pixels bleeds into the hood's edge.
    layers = np.concatenate([bgra[..., 2::-1] * alpha, 1.0 - alpha], axis=2)
    scaled = cv2.resize(layers, size, interpolation=cv2.INTER_AREA)
    return ScaledMask(np.ascontiguousarray(scaled[..., :3]), np.ascontiguousarray(scaled[..., 3:]))
