"""Whether pictures show the same view at the same time: of a rig's cameras, of finished videos."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...core.cameras.models import CameraModel
from ...core.cameras.shutter import Shutter
from ...core.errors import InputError
from ...core.rig.rig import RigCamera
from .manifest import MANIFEST

_TOLERANCE = 1e-6


def differences(camera: RigCamera, other: RigCamera) -> list[str]:
    """Return in what ``other`` sees otherwise than ``camera`` (lens, mount, shutter, rate)."""
    found = []
    if not _same_lens(camera.model, other.model):
        found.append("another lens or size")
    if not np.allclose(camera.rig_from_camera, other.rig_from_camera, atol=_TOLERANCE):
        found.append("another mount")
    if other.shutter is not Shutter.GLOBAL:
        found.append("a rolling shutter")
    if other.rate_hz != camera.rate_hz:
        found.append(f"{other.rate_hz:g} pictures/s instead of {camera.rate_hz:g}")
    if other.source == "nurec" and not other.custom:
        found.append("the recording's calibration instead of `calibration: custom`")
    return found


def twin(camera: RigCamera, cameras: tuple[RigCamera, ...]) -> RigCamera:
    """Return the NuRec camera that sees what a CARLA camera sees.

    InputError tells for each NuRec camera what is different.
    """
    candidates = [c for c in cameras if c.source == "nurec"]
    told = []
    for candidate in candidates:
        found = differences(camera, candidate)
        if not found:
            return candidate
        told.append(f"{candidate.name} has {', '.join(found)}")
    raise InputError(
        f"no NuRec camera of the rig sees what {camera.name} sees: "
        f"{'; '.join(told) or 'it has none'}. Give it one with calibration: custom and the same "
        "model, mount, rate and a GLOBAL shutter"
    )


def _same_lens(model: CameraModel, other: CameraModel) -> bool:
    """Return whether two models have one size and see the same through every pixel."""
    size = (model.width, model.height)
    if size != (other.width, other.height):
        return False
    pixels = np.stack(np.meshgrid(*(np.linspace(0, side, 7) for side in size)), -1).reshape(-1, 2)
    rays, seen = model.unproject(pixels)
    rays_of_other, seen_by_other = other.unproject(pixels)
    return bool(np.array_equal(seen, seen_by_other) and np.allclose(rays, rays_of_other, atol=1e-6))


def refuse_unaligned(videos: Mapping[str, Path]) -> None:
    """Raise InputError unless all videos that have a manifest beside them show one view.

    Compared is what manifests call ``view``: camera, poses and stamps of the frames.
    """
    first: tuple[Path, Mapping[str, str]] | None = None
    for path in videos.values():
        entry = listed(path)
        if entry is None:
            continue
        view: Mapping[str, str] = entry["view"]
        if first is None:
            first = path, view
        unlike = [name for name, value in view.items() if value != first[1].get(name)]
        if unlike:
            raise InputError(
                f"{path} and {first[0]} differ in {', '.join(unlike)}: they show different views. "
                "All videos of a job must be of one camera and one drive"
            )


def listed(path: Path) -> Mapping[str, Any] | None:
    """Return what a manifest beside a video says of it; None without one of this package's."""
    try:
        videos = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8"))["videos"].values()
        return next((dict(v) for v in videos if v["file"] == path.name and "view" in v), None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
