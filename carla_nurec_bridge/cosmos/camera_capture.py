"""One camera of a capture: mounted in CARLA, its images put frame by frame into a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..carla_client.actors.ego import Ego
from ..carla_client.sensors.cameras import CameraGroup, mount, mount_still
from ..carla_client.session.session import Session
from ..core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ..core.errors import BridgeError, InputError, RunError
from ..core.frames import Matrix
from ..core.rig.rig import RigCamera
from ..core.timings import Timings
from ..labels.actor_ids import LabelledActor
from ..labels.live import LabelledMoment, frame_of_images
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

_IMAGE_S = 30.0
_NEEDED = ("rgb", "depth", "instance")
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

    def __init__(
        self, group: CameraGroup, camera: RigCamera, clip: ControlClip, *, rig_frame: str
    ) -> None:
        """Take a mounted camera and an open clip; ``rig_frame`` is base_link or map."""
        self._group, self._camera, self._clip = group, camera, clip
        self._rig_frame = rig_frame
        self._map_from_camera: list[Matrix] = []

    def record(self, moment: LabelledMoment, timings: Timings) -> None:
        """Put the camera's images of a tick into the clip; RunError says which is missing."""
        with timings.stage("pictures"):
            try:
                sent = self._group.take_raw(moment.carla_frame, _IMAGE_S)
            except BridgeError as error:
                raise RunError(f"frame {moment.number} of {self._camera.name}: {error}") from error
        with timings.stage("decode"):
            frame = frame_of_images(self._camera, sent, moment)
        self._map_from_camera.append(frame.map_from_camera)
        with timings.stage("wait for encoders"):
            self._clip.add(frame)

    def finish(self, story: ClipStory) -> ClipDone:
        """Close the clip and write its manifest."""
        clip, camera = self._clip, self._camera
        files = clip.close()
        ego = next((actor for actor in story.actors if actor.is_ego), None)
        described = ClipCamera(
            camera.name,
            camera.model,
            camera.shutter,
            camera.rig_from_camera,
            self._rig_frame,
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
    model, controls = camera.model, settings.controls
    if not isinstance(model, OpenCVPinholeCamera):
        raise InputError(f"camera {camera.name} is no pinhole, as CARLA's cameras are")
    normals = not controls.only or "normals" in controls.only
    wanted = replace(camera, outputs=(*_NEEDED, "normals") if normals else _NEEDED)
    group = stack.enter_context(_mounted(session, ego, wanted))
    clip = ControlClip(
        settings.directory / camera.name,
        model,
        settings.rate,
        controls,
        _SOURCES if normals else _SOURCES - {"normals"},
        settings.street,
        pixel_id(ego.actor.id) if ego else 0,
    )
    stack.callback(clip.abandon)
    return CameraCapture(group, camera, clip, rig_frame="base_link" if ego else "map")


def _mounted(session: Session, ego: Ego | None, camera: RigCamera) -> CameraGroup:
    if ego is None:
        return mount_still(session.client, camera)
    return mount(session.client, ego, camera)
