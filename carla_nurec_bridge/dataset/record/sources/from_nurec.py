"""Frames of a scene package: its drive drawn by NuRec, with the truth of its tracks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....core.cameras.shutter import Shutter
from ....core.errors import InputError, RunError
from ....core.frames import Matrix, invert, rigid
from ....core.rig.rig import RigCamera
from ....core.run_contract.timebase import NS_PER_S, NS_PER_US
from ....core.timings import Timings
from ....cosmos.sensor_files.sensor_rig import SensorRig, in_world
from ....labels.frame import LabelledFrame
from ....nurec.client.client import NurecClient
from ....nurec.client.requests import ActorMotion, CameraRequest, ImageFormat
from ....opendrive import parse
from ....scene import Scene
from ....scene.drawn.appearances import object_class_of
from ....world.level_objects import LevelObject
from ....world.object_classes import ObjectClass
from ....world.states import Actor, ActorState, Appearance
from ..source import SourceCamera, SourceFacts, SourceFrame
from ..tracks import NO_ID, beyond_carla
from .from_bag import map_name_in
from .mounting import sensors_to_json
from .scene_pixels import Pixels, ScenePixels

_UNKNOWN = np.full(3, np.nan)
_EMBEDDED = " embedded"
_US_PER_S = NS_PER_S // NS_PER_US


@dataclass(frozen=True)
class SceneWish:
    """What of a scene is recorded: by which cameras, from when, how long, how often.

    Without ``frames`` and ``duration_s`` it is all from ``start_s`` on.
    """

    sensors: Sequence[SensorRig]
    start_s: float
    duration_s: float
    frames: int
    fps: float

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        plain = {name: value for name, value in vars(self).items() if name != "sensors"}
        return {**plain, "sensors": sensors_to_json(self.sensors)}


class NurecSource:
    """The frames of a scene; ``notes`` are sentences for the user.

    ``traced`` tells whether the server draws what ``pixels`` traces: else only images are known,
    and whose pixels they are is not told.
    """

    def __init__(
        self,
        scene: Scene,
        client: NurecClient,
        wish: SceneWish,
        pixels: ScenePixels,
        timings: Timings,
        *,
        traced: bool,
    ) -> None:
        """Choose frames and cameras; InputError where the scene has none of them."""
        self._scene, self._client, self._pixels = scene, client, pixels
        self._timings, self.traced = timings, traced
        self._stamps_us = _stamps_us(scene, wish)
        self.frames, self.dt_ns = len(self._stamps_us), round(NS_PER_S / wish.fps)
        self.level: Sequence[LevelObject] = pixels.level
        self.cameras: Sequence[SourceCamera] = tuple(_cameras(wish.sensors))
        self.ego_id = None if scene.ego_box is None else NO_ID
        self._world_from_map = invert(scene.map_from_world)
        self._actors = [
            Actor(
                beyond_carla(number),
                track.track_id,
                object_class_of(track),
                track.size_m,
                track.appearance or Appearance("", None),
            )
            for number, track in enumerate(scene.tracks, 1)
        ]
        self.notes = tuple(self._notes())

    def play(self) -> Iterator[SourceFrame]:
        """Yield all frames; RunError when the server leaves an image out."""
        scene = self._scene
        for number, stamp_us in enumerate(self._stamps_us):
            map_from_rig = scene.map_from_world @ scene.rig_trajectory.at(stamp_us)
            tracks = [
                ActorState(
                    actor, scene.map_from_world @ track.at(stamp_us), _UNKNOWN, _UNKNOWN, _UNKNOWN
                )
                for actor, track in zip(self._actors, scene.tracks, strict=True)
                if track.recorded_at(stamp_us)
            ]
            images = self._images(number, stamp_us, map_from_rig)
            views = tuple(
                self._view(number, stamp_us, one, image, map_from_rig, tracks)
                for one, image in zip(self.cameras, images, strict=True)
            )
            actors = (*tracks, *self._ego(map_from_rig))
            yield SourceFrame(number, stamp_us * NS_PER_US, number, actors, {}, {}, views)

    def _images(self, number: int, stamp_us: int, map_from_rig: Matrix) -> list[Any]:
        """Return the RGB image of each camera, exposed at one instant."""
        motions = []
        for track in self._scene.tracks:
            if track.controllable and track.recorded_at(stamp_us):
                pose = track.at(stamp_us)
                motions.append(ActorMotion(track.track_id, pose, pose))
        requests = []
        for one in self.cameras:
            pose = self._world_from_map @ _map_from_camera(one, map_from_rig)
            camera = one.camera
            requests.append(
                CameraRequest(
                    camera.name,
                    camera.logical_id,
                    camera.model,
                    camera.shutter,
                    pose,
                    pose,
                    stamp_us,
                    stamp_us + 1,
                    image_format=ImageFormat.PNG,
                )
            )
        with self._timings.stage("pictures"):
            replies = self._client.render(self._scene.scene_id, requests, (), motions)
            found = []
            for reply in replies.images:
                if reply.image is None:
                    raise RunError(f"frame {number} of {reply.name}: {reply.error}")
                found.append(np.ascontiguousarray(reply.pixels))
        return found

    def _view(
        self,
        number: int,
        stamp_us: int,
        one: SourceCamera,
        rgb: Any,
        map_from_rig: Matrix,
        tracks: Sequence[ActorState],
    ) -> LabelledFrame:
        model, pose = one.camera.model, _map_from_camera(one, map_from_rig)
        with self._timings.stage("trace"):
            seen: Pixels = self._pixels.of_view(model, pose, tracks)
        stamp_ns = stamp_us * NS_PER_US
        others = tuple(tracks) if one.carried else (*tracks, *self._ego(map_from_rig))
        frame = LabelledFrame(
            one.camera.name, model, stamp_ns, rgb, seen.depth_m, seen.tags, seen.ids, None, pose
        )
        return replace(frame, actors=others, number=number, rgb_only=not self.traced)

    def _ego(self, map_from_rig: Matrix) -> tuple[ActorState, ...]:
        body = self._scene.ego_box
        if body is None:
            return ()
        actor = Actor(NO_ID, "", ObjectClass.CAR, body.size_m, Appearance("", None))
        pose = map_from_rig @ rigid(np.eye(3), body.centre_m)
        return (ActorState(actor, pose, _UNKNOWN, _UNKNOWN, _UNKNOWN),)

    def _notes(self) -> Iterator[str]:
        yield from self._scene.notes
        if not self.traced:
            yield (
                "the server renders a reconstruction: depth, semantic, instance images and masks "
                "are not known and left out; boxes are those of the scene's tracks"
            )

    def facts(self) -> SourceFacts:
        """Return what holds for the scene."""
        scene, xodr = self._scene, self._scene.xodr
        name = map_name_in(xodr or "")
        opendrive = None if xodr is None else parse(xodr, name)
        traced = "traced in the meshes that the server draws"
        known = traced if self.traced else "boxes only; the reconstruction tells no labels"
        origin = {
            "engine": f"NuRec {self._client.connection.version.version_id}",
            "scene": {
                "scene_id": scene.scene_id,
                "sequence_id": scene.sequence_id,
                "file": None if scene.path is None else scene.path.name,
                "shutter": "global, at the frame's stamp",
                "pixels": known,
                "lights": "dark: NuRec's contract has no state of theirs",
                "ego_drawn": False,
            },
        }
        digest = "" if xodr is None else hashlib.sha256(xodr.encode()).hexdigest()
        return SourceFacts(name, digest, opendrive, None, origin, own_stamps=True)


@contextmanager
def nurec_source(
    scene: Scene, target: str, wish: SceneWish, timings: Timings, *, allow_remote: bool = False
) -> Iterator[NurecSource]:
    """Connect to the NuRec at ``target`` and choose frames; InputError where it lacks the scene.

    The meshes that the embedded server draws are traced here too; of Gaussians, and of any other
    server, only the images are taken.
    """
    with NurecClient(target, allow_remote=allow_remote) as client:
        offered = client.scenes()
        name = next((n for n in (scene.scene_id, scene.sequence_id) if n in offered), None)
        if name is None:
            known = ", ".join(offered) or "none"
            raise InputError(f"NuRec at {target} has no scene {scene.scene_id!r}; it has: {known}")
        traced = _EMBEDDED in client.connection.version.version_id
        traced = traced and not client.capabilities.draws_gaussians(scene.scene_id)
        pixels = ScenePixels(scene, street=traced)
        try:
            served = replace(scene, scene_id=name)
            yield NurecSource(served, client, wish, pixels, timings, traced=traced)
        finally:
            pixels.close()


def _stamps_us(scene: Scene, wish: SceneWish) -> list[int]:
    first_us, end_us = scene.time_range_us
    begin_us = first_us + round(wish.start_s * _US_PER_S)
    count = wish.frames or round(wish.duration_s * wish.fps) or (end_us - first_us)
    stamps = []
    for number in range(count):
        stamp_us = begin_us + round(number * _US_PER_S / wish.fps)
        if stamp_us >= end_us:
            break
        stamps.append(stamp_us)
    asked = wish.frames or round(wish.duration_s * wish.fps)
    if not stamps or len(stamps) < asked:
        lasts_s = (end_us - first_us) / _US_PER_S
        raise InputError(
            f"the scene {scene.scene_id} lasts {lasts_s:.2f} s; from {wish.start_s:g} s on it has "
            f"{len(stamps)} frames at {wish.fps:g} Hz"
        )
    return stamps


def _cameras(sensors: Sequence[SensorRig]) -> Iterator[SourceCamera]:
    names: set[str] = set()
    for one in sensors:
        if one.anchor == "actor":
            raise InputError(
                f"the cameras of {one.rig.name} are placed from CARLA's origin of a vehicle, which "
                "a scene has not; place them from the rear axle (a rig), or in the world"
            )
        cameras = in_world(one) if one.anchor == "world" else one.rig.cameras
        for camera in cameras:
            if camera.name in names:
                raise InputError(f"two cameras are called {camera.name}; rename one of them")
            names.add(camera.name)
            at_once = replace(camera, shutter=Shutter.GLOBAL, shutter_s=0.0)
            yield SourceCamera(at_once, one.anchor != "world")


def _map_from_camera(one: SourceCamera, map_from_rig: Matrix) -> Matrix:
    place: RigCamera = one.camera
    pose: Matrix = map_from_rig @ place.rig_from_camera if one.carried else place.rig_from_camera
    return pose
