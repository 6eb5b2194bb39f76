"""The manifest of a folder of control videos: what each shows, from where, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .clip import ControlOptions, VideoFile
from .codec import describe
from .palette import semantic_tags

FORMAT_VERSION = 1


@dataclass(frozen=True)
class ClipCamera:
    """The camera of a clip.

    ``model`` is its exact model as NuRec's rigs write it, ``k`` the 3x3 matrix in pixels,
    ``rig_from_camera`` the 4x4 mount (optical to base_link), ``engine`` what drew the pictures,
    ``rgb_engine`` the colour picture and all that is made of it (empty: the same).
    """

    name: str
    engine: str
    model: Mapping[str, Any]
    k: Sequence[Sequence[float]]
    rig_from_camera: Sequence[Sequence[float]]
    width: int
    height: int
    rate_hz: float
    rgb_engine: str = ""


_OF_RGB = ("rgb", "edges")


def write_manifest(
    directory: Path,
    camera: ClipCamera,
    videos: Sequence[VideoFile],
    topics: Mapping[str, str],
    stamps_ns: Sequence[int],
    poses: Sequence[Sequence[float]],
    instances: Sequence[Mapping[str, Any]],
    options: ControlOptions,
) -> Path:
    """Write manifest.json into the folder of the videos; return its path.

    ``topics`` names where each kind of picture came from, ``poses`` is map_from_camera of each
    frame (camera axes: optical) as x y z in metres and quaternion x y z w.
    """
    encodings: dict[str, Any] = {
        "rgb": {"what": "the camera's picture"},
        "depth": {"what": "depth along the optical axis", **options.depth.to_json()},
        "edges": {"what": "Canny on the grey picture, none in the sky", **options.edges.to_json()},
        "semantic": {"what": "colour of CARLA's semantic tag"},
        "instance": {"what": "one colour an actor or object, black: none"},
    }
    content = {
        "format_version": FORMAT_VERSION,
        "camera": {
            "name": camera.name,
            "model": dict(camera.model),
            "k": camera.k,
            "rig_from_camera": camera.rig_from_camera,
            "width": camera.width,
            "height": camera.height,
        },
        "rate_hz": camera.rate_hz,
        "frames": len(stamps_ns),
        "videos": {
            video.kind: {
                **video.to_json(),
                "engine": (video.kind in _OF_RGB and camera.rgb_engine) or camera.engine,
                "camera_model": camera.model["type"],
                "from": topics[video.kind],
                "encoding": encodings[video.kind],
            }
            for video in videos
        },
        "codec": describe(options.video),
        "semantic_tags": [{"tag": t.tag, "name": t.name, "rgb": t.rgb} for t in semantic_tags()],
        "instances": list(instances),
        "stamps_ns": list(stamps_ns),
        "map_from_camera_xyz_xyzw": [list(pose) for pose in poses],
    }
    path = directory / "manifest.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path
