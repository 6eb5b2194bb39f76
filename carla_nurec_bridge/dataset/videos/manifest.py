"""What is told beside the videos of a camera: the manifest of a clip, as Cosmos jobs read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...core.buffers import sha256_of
from ...core.cameras.models import camera_from_json
from ...core.cameras.shutter import shutter_from
from ...cosmos.clip.clip import StreamFile
from ...cosmos.clip.manifest import ClipCamera, ClipContent, manifest_bytes
from ..store.calibration import CameraCalibration
from ..store.layout import ScenarioFolder
from ..store.reader import StoredScenario
from .form import VIDEOS, VideoForm


@dataclass(frozen=True)
class CameraVideos:
    """The videos of a camera: rate, form, kinds, and the colours of instances in them."""

    rate_hz: Fraction
    form: VideoForm
    kinds: Sequence[str]
    instances: Sequence[Mapping[str, Any]]


def clip_manifest(
    stored: StoredScenario, camera: str, videos: CameraVideos, folder: ScenarioFolder
) -> bytes:
    """Return the manifest of a camera's videos, which lie finished in ``folder``."""
    truth, calibration = stored.truth, stored.calibration(camera)
    states = list(stored.frames())
    actors = {one.pixel_id: one for one in truth.actors}
    engine = str(truth.source.get("engine", "the source of the recording"))
    streams = [VIDEOS[kind] for kind in videos.kinds]
    content = ClipContent(
        _camera(calibration, float(videos.rate_hz)),
        [_file(folder.video(camera, kind), kind, truth.frames) for kind in videos.kinds],
        videos.form.for_size(calibration.width, calibration.height).options(),
        [state.stamp_ns for state in states],
        [state.source_frame for state in states],
        [calibration.pose(state.number) for state in states],
        {stream.source: engine for stream in streams},
        {stream.source: f"images of scenario {stored.name}" for stream in streams},
        [
            {**entry, "track_id": actors[entry["id"]].track_id if entry["id"] in actors else None}
            for entry in videos.instances
        ],
        world={"map": truth.map_name, "opendrive_sha256": truth.opendrive_sha256},
    )
    return manifest_bytes(content)


def _file(path: Path, kind: str, frames: int) -> StreamFile:
    return StreamFile(VIDEOS[kind], frames, path.stat().st_size, sha256_of(path), 0.0, 0.0)


def _camera(calibration: CameraCalibration, rate_hz: float) -> ClipCamera:
    carried = len(calibration.map_from_camera) > 1
    carrier = calibration.carrier_track_id
    return ClipCamera(
        calibration.camera,
        camera_from_json(calibration.camera_model),
        shutter_from(calibration.camera_model["parameters"]["shutter_type"]),
        calibration.rig_from_camera.matrix(),
        "base_link" if carried else "map",
        "the map" if not carried else "ego" if carrier is None else f"track {carrier}",
        rate_hz,
    )
