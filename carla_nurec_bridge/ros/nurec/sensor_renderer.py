"""Asks NuRec for the sensors that are due at a frame, and publishes what comes."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from ...core.errors import BridgeError
from ...core.frames import Matrix
from ...core.lockstep.delivery import Deliveries, Delivery
from ...core.lockstep.latency import NO_LATENCY, Latency
from ...core.rig.rig import Rig, RigCamera, RigLidar
from ...core.run_contract.timebase import is_due, period_in_ticks
from ...core.timings import Timings
from ...nurec.client.client import NurecClient
from ...nurec.client.instant import PendingInstant
from ...nurec.client.requests import ActorMotion
from ...scene import Scene
from .novel_view import NovelView
from .publisher import NurecPublisher
from .render_step import (
    RenderStep,
    ShutterWindow,
    by_duration,
    sweep_ns,
)

_Publish = Callable[[PendingInstant], tuple[str, ...]]


@dataclass(eq=False)
class AskedFrame:
    """What was asked for at one frame and is yet to be published, in that order.

    A part are the images of one duration of shutter, or a sweep; ``errors`` say what failed.
    """

    frame: int
    parts: deque[tuple[PendingInstant, _Publish]]
    errors: list[str] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether the next part has come, or none is left."""
        return not self.parts or self.parts[0][0].done

    def on_done(self, call: Callable[[], None]) -> None:
        """Have ``call`` called whenever a reply is there, by another thread."""
        for pending, _ in self.parts:
            pending.on_done(call)


class SensorRenderer:
    """The NuRec sensors of a rig; one thread uses it.

    A sensor that fails is counted in ``failed`` by its name and does not touch the others.
    """

    def __init__(
        self,
        scene: Scene,
        rig: Rig,
        dt_ns: int,
        step: RenderStep,
        publisher: NurecPublisher,
        latency: Latency = NO_LATENCY,
    ) -> None:
        """Plan which sensor is due when; InputError for a rate that frames cannot have.

        * dt_ns: simulated time of a frame.
        * step: makes requests of poses.
        * publisher: is told what came.
        * latency: how long that is under way.
        """
        self._scene_id = scene.scene_id
        self._step = step
        self._publisher = publisher
        self._cameras = [
            (period_in_ticks(c.rate_hz, dt_ns, f"camera {c.name}"), c)
            for c in rig.cameras
            if c.source == "nurec"
        ]
        self._lidars = [
            (period_in_ticks(li.rate_hz, dt_ns, f"lidar {li.name}"), li)
            for li in rig.lidars
            if li.source == "nurec"
        ]
        periods = {camera.name: period for period, camera in self._cameras}
        periods |= {lidar.name: period for period, lidar in self._lidars}
        self._deliveries = Deliveries(
            {name: Delivery(latency, dt_ns, name, period) for name, period in periods.items()}
        )
        self.failed: Counter[str] = Counter()
        self.clamped = 0
        self.timings = Timings()

    @property
    def under_way(self) -> int:
        """How many images and clouds are still under way."""
        return self._deliveries.under_way

    def observe(self, stamp_ns: int, map_from_base: Matrix, boxes: Mapping[str, Matrix]) -> None:
        """Take where the ego and the bound actors (by track id) are."""
        self._step.observe(stamp_ns, map_from_base, boxes)

    def ask(self, client: NurecClient, frame: int, stamp_ns: int) -> AskedFrame:
        """Ask for all that is due at a frame; frames are to be published in order."""
        # Everything is asked for before the first reply is waited for: the server draws what is
        # next while what came is published.
        with self.timings.stage("ask"):
            parts = deque(self._ask_images(client, frame, stamp_ns))
            parts.extend(self._ask_sweeps(client, frame, stamp_ns))
        return AskedFrame(frame, parts)

    def deliver(self, asked: AskedFrame) -> None:
        """Publish what is due with a frame and was captured before it; once, before its parts."""
        self._deliveries.open(asked.frame)

    def publish(self, asked: AskedFrame) -> bool:
        """Wait for the next part of a frame and publish it; return whether any is left."""
        if asked.parts:
            pending, publish = asked.parts[0]
            asked.errors += publish(pending)
            asked.parts.popleft()
        return bool(asked.parts)

    def _ask_images(
        self, client: NurecClient, frame: int, stamp_ns: int
    ) -> Iterator[tuple[PendingInstant, _Publish]]:
        due = [camera for period, camera in self._cameras if is_due(frame, period)]
        for duration_ns, cameras in by_duration(due).items():
            window = self._step.window(stamp_ns, duration_ns)
            self.clamped += window.clamped
            requests = [self._step.camera(camera, window) for camera in cameras]
            actors = self._actors(client, window)
            pending = client.start(self._scene_id, requests, (), actors)
            began = time.perf_counter()
            yield pending, partial(self._publish_images, cameras, frame, stamp_ns, began)

    def _ask_sweeps(
        self, client: NurecClient, frame: int, stamp_ns: int
    ) -> Iterator[tuple[PendingInstant, _Publish]]:
        for period, lidar in self._lidars:
            if is_due(frame, period):
                window = self._step.window(stamp_ns, sweep_ns(lidar))
                request = self._step.lidar(lidar, window)
                actors = self._actors(client, window)
                pending = client.start(self._scene_id, (), [request], actors)
                began = time.perf_counter()
                yield pending, partial(self._publish_sweep, lidar, frame, stamp_ns, began)

    def _publish_images(
        self,
        cameras: list[RigCamera],
        frame: int,
        stamp_ns: int,
        began: float,
        pending: PendingInstant,
    ) -> tuple[str, ...]:
        replies = pending.replies()
        self.timings.note("wait_cameras", began)
        with self.timings.stage("publish_cameras"):
            for camera, reply in zip(cameras, replies.images, strict=True):
                if reply.image is None:
                    self.failed[camera.name] += 1
                else:
                    send = partial(self._publisher.image, camera, reply, stamp_ns)
                    self._deliveries.put(camera.name, frame, send)
        return replies.errors

    def _publish_sweep(
        self, lidar: RigLidar, frame: int, stamp_ns: int, began: float, pending: PendingInstant
    ) -> tuple[str, ...]:
        replies = pending.replies()
        self.timings.note("wait_lidar", began)
        cloud = replies.clouds[0]
        if cloud.points_m is None:
            self.failed[lidar.name] += 1
        else:
            with self.timings.stage("publish_lidar"):
                send = partial(self._publisher.cloud, lidar, cloud, stamp_ns)
                self._deliveries.put(lidar.name, frame, send)
        return replies.errors

    def _actors(self, client: NurecClient, window: ShutterWindow) -> list[ActorMotion]:
        """Return the bound actors; none for a server that says it refuses to move any."""
        return [] if client.capabilities.editing is False else self._step.actors(window)

    def render_view(self, client: NurecClient, view: NovelView) -> str:
        """Render the novel view that was asked for last, at the last frame, if there is one.

        Return why it failed, or an empty text.
        """
        if not self._step.last_ns:
            return ""
        try:
            pose = view.take()
            if pose is None:
                return ""
            window = self._step.window(self._step.last_ns, 0)
            request = self._step.view(view.camera, pose, window)
            with self.timings.stage("render_novel_view"):
                actors = self._actors(client, window)
                reply = client.render(self._scene_id, [request], (), actors).images[0]
        except BridgeError as error:
            self.failed["novel_view"] += 1
            return str(error)
        if reply.image is None:
            self.failed["novel_view"] += 1
            return reply.error or "NuRec sent no image"
        view.publish(pose, reply, window.close_ns)
        return ""
