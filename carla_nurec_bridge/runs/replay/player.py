"""Plays a scene in CARLA and has NuRec and CARLA draw it, frame by frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...carla_client.actors.objects import ObjectTracker
from ...carla_client.sensors.cameras import CameraGroup, mount_all
from ...carla_client.session.episode_setup import EpisodeSetup, PreparedEpisode
from ...carla_client.session.session import Session, Snapshot
from ...carla_client.session.transforms import matrix_of
from ...carla_client.spectator import follow
from ...core.errors import DeadlineError
from ...core.frames import invert
from ...core.rig.rig import Rig, RigCamera
from ...core.run_contract.timebase import (
    NS_PER_S,
    NS_PER_US,
    is_due,
    period_in_ticks,
)
from ...core.teardown import Teardown
from ...nurec.client.client import NurecClient
from ...ros.nurec.render_step import RenderStep, ShutterWindow, by_duration
from ...scene import Scene
from .output import (
    ContactSheet,
    ImageFolder,
    Pixels,
    Screen,
    VideoGrid,
    encoded,
)

_IMAGE_S = 60.0


@dataclass(frozen=True)
class Replay:
    """What to play: ``frames`` of 1 / ``fps`` seconds each, the cameras of ``rig``."""

    scene: Scene
    rig: Rig
    fps: int
    frames: int
    output: Path
    images: bool = False
    window: bool = False
    move_spectator: bool = False
    ego_blueprint: str = "vehicle.mercedes.coupe_2020"


@dataclass(frozen=True)
class Played:
    """How it went: images shown and failures (with the last reason) by camera, tracks left out."""

    frames: int
    shown: Counter[str]
    failures: dict[str, tuple[int, str]]
    refused_tracks: frozenset[str]
    images: int


class ReplayPlayer:
    """One replay; ``run`` plays it to its end."""

    def __init__(self, replay: Replay, session: Session, nurec: NurecClient) -> None:
        self._r = replay
        self._session = session
        self._nurec = nurec
        self._step = RenderStep(replay.scene)
        dt_ns = self._dt_ns = NS_PER_S // replay.fps
        self._dt_s = dt_ns / NS_PER_S
        self._t0_ns = replay.scene.time_range_us[0] * NS_PER_US
        self._periods = {
            c.name: period_in_ticks(c.rate_hz, dt_ns, f"camera {c.name}")
            for c in replay.rig.cameras
        }
        names = [camera.name for camera in replay.rig.cameras]
        self._grid = VideoGrid(names)
        self._sheet = ContactSheet(names, replay.frames)
        self._newest: dict[str, Pixels] = {}
        self._shown: Counter[str] = Counter()
        self._done = 0
        self._failures: dict[str, tuple[int, str]] = {}
        self._folder = ImageFolder(replay.output / "images") if replay.images else None

    def run(self, on_frame: Callable[[int, int], None]) -> Played:
        """Play all frames; ``on_frame(done, total)`` hears about each."""
        r, session = self._r, self._session
        session.synchronise(self._dt_ns)
        play = EpisodeSetup(0, r.ego_blueprint, "hero", 0, 0.0, scene=r.scene)
        video = r.output / "grid.mp4"
        with Teardown() as teardown:
            stage = teardown.keep("the episode", PreparedEpisode(session, play))
            screen = Screen(video, self._grid.size, r.fps, window=r.window)
            teardown.keep("the video of the grid", screen)
            if self._folder is not None:
                teardown.keep("the list of images", self._folder)
            stage.open()
            groups = mount_all(session.client, stage.ego, r.rig.cameras)
            for group in groups:
                teardown.keep(f"the camera {group.camera.name}", group)
            self._frames(stage, groups, screen, on_frame)
            refused = frozenset(stage.refused_tracks)
        self._sheet.save(r.output / "contact_sheet.png")
        images = self._folder.count if self._folder else 0
        return Played(self._done, self._shown, self._failures, refused, images)

    def _frames(
        self,
        stage: PreparedEpisode,
        groups: list[CameraGroup],
        screen: Screen,
        on_frame: Callable[[int, int], None],
    ) -> None:
        objects = ObjectTracker(
            self._session.world, stage.ego.actor.id, self._dt_s, from_poses=True
        )
        self._observe(stage, stage.snapshot, objects, 0)
        for frame in range(1, self._r.frames + 1):
            stage.before_tick(frame * self._dt_s)
            snapshot = self._session.tick()
            stamp_ns = self._t0_ns + frame * self._dt_ns
            self._observe(stage, snapshot, objects, stamp_ns)
            self._draw_nurec(frame, stamp_ns)
            self._take_carla(groups, frame, snapshot.frame, stamp_ns)
            screen.add(self._grid.pixels())
            self._sheet.add(frame, frame * self._dt_s, self._newest)
            self._done = frame
            on_frame(frame, self._r.frames)
            if screen.ended:
                return

    def _observe(
        self, stage: PreparedEpisode, snapshot: Snapshot, objects: ObjectTracker, stamp_ns: int
    ) -> None:
        ego = matrix_of(snapshot.find(stage.ego.actor.id).get_transform())
        base = ego @ invert(stage.ego.base_from_actor)
        boxes = {}
        for state in objects.update(snapshot):
            track = self._r.scene.track(state.actor.role_name)
            if track is not None and track.controllable:
                boxes[track.track_id] = state.map_from_box
        self._step.observe(stamp_ns or self._t0_ns, base, boxes)
        if self._r.move_spectator:
            follow(self._session.world.get_spectator(), base)

    def _draw_nurec(self, frame: int, stamp_ns: int) -> None:
        cameras = [c for c in self._r.rig.cameras if c.source == "nurec"]
        due = [c for c in cameras if is_due(frame, self._periods[c.name])]
        for duration_ns, group in by_duration(due).items():
            window = self._step.window(stamp_ns, duration_ns)
            requests = [self._step.camera(camera, window) for camera in group]
            actors = self._step.actors(window)
            if self._nurec.capabilities.editing is False:
                actors = []
            replies = self._nurec.render(self._r.scene.scene_id, requests, (), actors)
            for camera, reply in zip(group, replies.images, strict=True):
                if reply.image is None:
                    self._fail(camera, reply.error or "NuRec sent no picture")
                else:
                    content, _ = reply.compressed()
                    self._show(camera, frame, reply.pixels, content, window)

    def _take_carla(
        self, groups: list[CameraGroup], frame: int, carla_frame: int, stamp_ns: int
    ) -> None:
        for group in groups:
            if not is_due(frame, self._periods[group.camera.name]):
                continue
            try:
                images = group.take(carla_frame, _IMAGE_S)
            except DeadlineError as error:
                self._fail(group.camera, str(error))
                continue
            pixels = np.ascontiguousarray(images["rgb"], np.uint8)
            self._show(group.camera, frame, pixels, None, self._step.window(stamp_ns, 0))

    def _fail(self, camera: RigCamera, reason: str) -> None:
        count, _ = self._failures.get(camera.name, (0, ""))
        self._failures[camera.name] = (count + 1, reason)

    def _show(
        self,
        camera: RigCamera,
        frame: int,
        pixels: Pixels,
        image: bytes | None,
        window: ShutterWindow,
    ) -> None:
        self._shown[camera.name] += 1
        self._newest[camera.name] = pixels
        height, width = pixels.shape[:2]
        words = f"{camera.source}   {width}x{height}   {frame * self._dt_s:.2f} s"
        self._grid.show(camera.name, pixels, words)
        if self._folder is not None:
            content = image or encoded(pixels, camera.image_format, camera.quality)
            stamps = (window.start_us, window.end_us)
            self._folder.add(camera.name, frame, content, stamps)
