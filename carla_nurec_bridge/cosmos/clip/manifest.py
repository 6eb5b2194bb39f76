"""The manifest of a clip: what each stream shows, from where, when, and how it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...core.cameras.models import CameraModel, camera_to_json
from ...core.cameras.shutter import Shutter
from ...core.errors import InputError
from ...core.files.whole import write_whole
from ...core.frames import Matrix, quaternion_from_rotation
from ...world.semantic_tags import semantic_tags
from .clip import StreamFile
from .codec import describe
from .streams import ControlOptions

FORMAT_VERSION = 2
MANIFEST = "manifest.json"
MAP_ENGINE = "OpenDRIVE and ground truth"


@dataclass(frozen=True)
class ClipCamera:
    """The camera of a clip.

    ``rig_from_camera`` (4, 4) takes optical points to ``rig_frame``: base_link of ``carrier``, or
    the map for a camera that stands still.
    """

    name: str
    model: CameraModel
    shutter: Shutter
    rig_from_camera: Matrix
    rig_frame: str
    carrier: str
    rate_hz: float

    def to_json(self) -> dict[str, Any]:
        """Return the camera as values that JSON can hold."""
        return {
            "name": self.name,
            "model": camera_to_json(self.model, self.shutter),
            "k": self.k(),
            "width": self.model.width,
            "height": self.model.height,
            "rig_from_camera": self.rig_from_camera.tolist(),
            "rig_frame": self.rig_frame,
            "carrier": self.carrier,
        }

    def k(self) -> list[list[float]] | None:
        """Return the 3x3 camera matrix in pixels, None for a model that has none."""
        focal = getattr(self.model, "focal_length", None)
        if focal is None:
            return None
        cx, cy = self.model.principal_point
        return [[focal[0], 0.0, cx], [0.0, focal[1], cy], [0.0, 0.0, 1.0]]


@dataclass(frozen=True)
class ClipContent:
    """Everything that a manifest tells.

    ``poses`` are map_from_camera by frame, ``source_frames`` the numbers that the source gave the
    frames. ``engines`` and ``origins`` tell by picture (rgb, depth, ...) what drew it and where it
    came from. ``world``, ``recording`` and ``agreement`` are values that JSON can hold.
    """

    camera: ClipCamera
    files: Sequence[StreamFile]
    options: ControlOptions
    stamps_ns: Sequence[int]
    source_frames: Sequence[int]
    poses: Sequence[Matrix]
    engines: Mapping[str, str]
    origins: Mapping[str, str]
    instances: Sequence[Mapping[str, Any]]
    world: Mapping[str, Any] = field(default_factory=dict)
    recording: Mapping[str, Any] | None = None
    seed: int | None = None
    agreement: Sequence[Mapping[str, Any]] = ()


def write_manifest(directory: Path, content: ClipContent) -> Path:
    """Write manifest.json into the folder of a clip; return its path."""
    path = directory / MANIFEST
    write_whole(path, manifest_bytes(content))
    return path


def manifest_bytes(content: ClipContent) -> bytes:
    """Return the text of a clip's manifest.json."""
    camera = content.camera.to_json()
    poses = [_pose(matrix) for matrix in content.poses]
    view = view_digests(camera, poses, content.stamps_ns)
    text = {
        "format_version": FORMAT_VERSION,
        "camera": camera,
        "rate_hz": content.camera.rate_hz,
        "frames": len(content.stamps_ns),
        "videos": {
            file.kind: {
                **file.to_json(),
                "lossless": file.stream.lossless,
                "engine": content.engines[file.stream.source],
                "camera_model": camera["model"]["type"],
                "shutter": content.camera.shutter.name,
                "from": content.origins[file.stream.source],
                "view": view,
                "encoding": content.options.encoding(file.stream),
            }
            for file in content.files
        },
        "codec": describe(content.options.video),
        "world": dict(content.world),
        "seed": content.seed,
        "recording": None if content.recording is None else dict(content.recording),
        "semantic_tags": [{"tag": t.tag, "name": t.name, "rgb": t.rgb} for t in semantic_tags()],
        "instances": list(content.instances),
        "agreement": list(content.agreement),
        "stamps_ns": list(content.stamps_ns),
        "source_frames": list(content.source_frames),
        "map_from_camera_xyz_xyzw": poses,
    }
    return (json.dumps(text, indent=1) + "\n").encode()


def read_manifest(directory: Path) -> dict[str, Any]:
    """Return the manifest of a clip; InputError when there is none that can be read."""
    path = directory / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{directory} is no clip: it has no {MANIFEST}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise InputError(
            f"{path} has format_version {version}, this version reads {FORMAT_VERSION}; "
            "record the clip again"
        )
    return dict(content)


def view_digests(
    camera: Mapping[str, Any], poses: Sequence[Sequence[float]], stamps_ns: Sequence[int]
) -> dict[str, str]:
    """Return what two streams must share to show the same thing: hashes of camera, poses, stamps.

    The camera's hash is over its model, shutter included; poses count in tenths of millimetres.
    """
    rounded = np.round(np.array(poses, np.float64).reshape(-1, 7), 4) + 0.0
    return {
        "camera": _digest(camera["model"]),
        "poses": _digest(rounded.tolist()),
        "stamps": _digest(list(stamps_ns)),
    }


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _pose(matrix: Matrix) -> list[float]:
    return [*matrix[:3, 3].tolist(), *quaternion_from_rotation(matrix[:3, :3]).tolist()]
