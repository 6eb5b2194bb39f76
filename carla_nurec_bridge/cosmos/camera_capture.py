"""One camera of a capture: mounted in CARLA, its images put frame by frame into a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..carla_client.actors.ego import Ego
from ..carla_client.session.session import Session
from ..core.frames import Matrix
from ..core.rig.rig import RigCamera
from ..core.timings import Timings
from ..labels.actor_ids import LabelledActor
from ..labels.live import LabelledMoment
from ..world.pixel_ids import pixel_id
from .clip.clip import ClipDone, ControlClip
from .clip.manifest import (
    MAP_ENGINE,
    ClipCamera,
    ClipContent,
    write_manifest,
)
from .clip.streams import ControlOptions
from .hdmap.content import HdMap
from .mounted_camera import MountedCamera

_ORIGINS = {
    "rgb": "sensor.camera.rgb",
    "depth": "sensor.camera.depth",
    "semantic": "sensor.camera.instance_segmentation",
    "instance": "sensor.camera.instance_segmentation",
    "normals": "sensor.camera.normals",
}
_SOURCES = frozenset(_ORIGINS)


@dataclass(frozen=True)
class ClipSettings:
    """How the clips of a capture are made: frames a second, streams, and what the map shows."""

    directory: Path
    rate: Fraction
    controls: ControlOptions
    street: HdMap


@dataclass(frozen=True)
class ClipStory:
    """What the manifests of all clips tell alike; ``world`` and ``recording`` are JSON values."""

    carla_frames: Sequence[int]
    actors: Sequence[LabelledActor]
    engine: str
    world: Mapping[str, Any]
    recording: Mapping[str, Any]
    seed: int | None


class CameraCapture:
    """One camera of a capture with its clip."""

    def __init__(self, mounted: MountedCamera, clip: ControlClip) -> None:
        """Take a mounted camera and an open clip."""
        self._mounted, self._clip = mounted, clip
        self._map_from_camera: list[Matrix] = []

    def record(self, moment: LabelledMoment, timings: Timings) -> None:
        """Put the camera's images of a tick into the clip; RunError says which is missing."""
        frame = self._mounted.frame(moment, timings)
        self._map_from_camera.append(frame.map_from_camera)
        with timings.stage("wait for encoders"):
            self._clip.add(frame)

    def finish(self, story: ClipStory) -> ClipDone:
        """Close the clip and write its manifest."""
        clip, camera = self._clip, self._mounted.camera
        files = clip.close()
        ego = next((actor for actor in story.actors if actor.is_ego), None)
        described = ClipCamera(
            camera.name,
            camera.model,
            camera.shutter,
            camera.rig_from_camera,
            "map" if self._mounted.carrier is None else "base_link",
            f"{ego.blueprint} {ego.live_id}" if ego else "the map",
            float(clip.rate),
        )
        by_pixel = {actor.pixel_id: actor for actor in story.actors}
        instances = [
            {**entry, **(by_pixel[entry["id"]].to_json() if entry["id"] in by_pixel else {})}
            for entry in clip.instances()
        ]
        agreement = clip.agreement.report()
        content = ClipContent(
            described,
            files,
            clip.options,
            clip.stamps_ns,
            list(story.carla_frames),
            self._map_from_camera,
            {**dict.fromkeys(_SOURCES, story.engine), "map": MAP_ENGINE},
            {**_ORIGINS, "map": "OpenDRIVE of the map, boxes of the snapshot"},
            instances,
            story.world,
            story.recording,
            story.seed,
            agreement,
        )
        write_manifest(clip.directory, content)
        return ClipDone(clip.directory, camera.name, files, agreement)


def open_camera(
    stack: ExitStack,
    session: Session,
    ego: Ego | None,
    camera: RigCamera,
    settings: ClipSettings,
) -> CameraCapture:
    """Mount a camera on the ego, or in the map when there is none, and open its clip.

    ``stack`` takes the camera away again, and what is there of a clip that was not finished.
    InputError for a camera that CARLA does not have.
    """
    controls = settings.controls
    normals = not controls.only or "normals" in controls.only
    mounted = stack.enter_context(MountedCamera(session, ego, camera, normals=normals))
    clip = ControlClip(
        settings.directory / camera.name,
        mounted.model,
        settings.rate,
        controls,
        _SOURCES if normals else _SOURCES - {"normals"},
        settings.street,
        pixel_id(ego.actor.id) if ego else 0,
    )
    stack.callback(clip.abandon)
    return CameraCapture(mounted, clip)
