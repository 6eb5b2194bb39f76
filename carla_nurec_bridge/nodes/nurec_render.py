"""The node ``nurec_render``: asks NuRec for the rig's sensors at each frame and publishes them."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from nav_msgs.msg import Odometry
from rclpy.node import Node
from std_msgs.msg import String
from vision_msgs.msg import Detection3DArray

from ..core.errors import DeadlineError, InputError
from ..core.rig import load_rig
from ..core.streams import NUREC, plan_streams
from ..core.timebase import TickClock, is_due, period_in_ticks, seconds_to_ns
from ..core.timings import Timings
from ..core.topics import TOPICS
from ..nurec.client import Deadlines, NurecClient
from ..ros.convert import pose_matrix, stamp_ns
from ..ros.joiner import Frame, Joiner
from ..ros.lockstep import Participant, RunState
from ..ros.nurec_parameters import NurecParameters
from ..ros.nurec_publisher import NurecPublisher
from ..ros.parameters import load
from ..ros.publishers import Publishers
from ..ros.qos import profile
from ..ros.render_step import RenderStep, by_duration, sweep_ns
from ..ros.reporting import Diagnostics, write_summary
from ..ros.runtime import Spinner, run
from ..ros.tracks import BoundTracks
from ..scene import open_scene
from ..scene.calibration import calibrated

_POLL_S = 0.1
_DIAGNOSTICS_FRAMES = 20


class NurecRender:
    """The node's parts; messages arrive in the executor, rendering happens in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, parameters: NurecParameters) -> None:
        p = self._p = parameters
        self._spinner = spinner
        if not p.scene:
            raise InputError("nurec_render needs the parameter scene: a scene package (.usdz)")
        self._scene = open_scene(Path(p.scene))
        self._rig = calibrated(load_rig(p.rig), self._scene)
        dt_ns = seconds_to_ns(p.dt_s)
        participants = p.participants or (NUREC,)
        streams = plan_streams(self._rig, dt_ns, participants)
        self._publishers = Publishers(node, [s for s in streams if s.producer == NUREC])
        self._publisher = NurecPublisher(node, self._publishers, self._rig)
        self._cameras = [
            (period_in_ticks(c.rate_hz, dt_ns, f"camera {c.name}"), c)
            for c in self._rig.cameras
            if c.source == "nurec"
        ]
        self._lidars = [
            (period_in_ticks(li.rate_hz, dt_ns, f"lidar {li.name}"), li)
            for li in self._rig.lidars
            if li.source == "nurec"
        ]
        self._step = RenderStep(self._scene)
        self._timings = Timings()
        scene = self._scene
        self._tracks = BoundTracks(scene.scene_id, (t.track_id for t in scene.tracks))
        self._joiner = Joiner(("odometry", "objects"), keep_all=p.lockstep)
        self._diagnostics = Diagnostics(node)
        self._failed = self._clamped = self._frames = 0
        self._connected = False
        self._participant = Participant(node, partial(self._unready, participants))
        for key, kind in (("odometry", Odometry), ("objects", Detection3DArray)):
            row = TOPICS[key]
            node.create_subscription(kind, row.name, partial(self._join, key), profile(row.qos))
        row = TOPICS["objects_tracks"]
        node.create_subscription(String, row.name, self._tracks.take, profile(row.qos))

    def work(self) -> int:
        """Render until the run is over; return the exit code."""
        p = self._p
        deadlines = Deadlines(p.start_s, p.frame_s, p.first_render_s)
        target = f"{p.host}:{p.port}"
        with NurecClient(target, deadlines, allow_remote=p.remote) as client:
            offered = client.scenes()
            if self._scene.scene_id not in offered:
                raise InputError(
                    f"the NuRec server {target} has no scene {self._scene.scene_id!r}; it has: "
                    f"{', '.join(offered) or 'none'}"
                )
            self._publisher.start()
            self._connected = True
            state = self._wait_running()
            clock = TickClock(state.t0_ns, state.dt_ns)
            while not self._participant.over:
                self._spinner.check()
                frame = self._joiner.next(_POLL_S)
                if frame is not None:
                    self._handle(client, clock, frame)
        ended = self._participant.state
        write_summary(p.run_dir, NUREC, self._summary())
        return 0 if ended is not None and ended.state == "finished" else 1

    def _wait_running(self) -> RunState:
        limit_s = self._p.start_s if self._p.lockstep else 1e9
        waited_s = 0.0
        while (state := self._participant.wait_running(_POLL_S)) is None:
            self._spinner.check()
            waited_s += _POLL_S
            if waited_s > limit_s:
                raise DeadlineError(f"no carla_ego started a run within {limit_s:g} s")
        return state

    def _handle(self, client: NurecClient, clock: TickClock, joined: Frame) -> None:
        frame = clock.frame_at(joined.stamp_ns)
        self._frames += 1
        before = dict(self._publishers.counts)
        boxes = {}
        detections = joined.messages["objects"].detections
        tracks = self._tracks.latest()
        if self._p.lockstep:
            tracks = self._tracks.of({d.id for d in detections}, self._p.frame_s)
        for detection in detections:
            track = tracks.get(detection.id)
            if track is not None:
                boxes[track] = pose_matrix(detection.bbox.center)
        pose = pose_matrix(joined.messages["odometry"].pose.pose)
        self._step.observe(joined.stamp_ns, pose, boxes)
        errors = self._render(client, frame, joined.stamp_ns)
        self._failed += len(errors)
        if self._p.lockstep:
            counts = {t: n - before[t] for t, n in self._publishers.counts.items() if n > before[t]}
            self._participant.answer(joined.stamp_ns, counts, "; ".join(errors))
        elif errors and frame % _DIAGNOSTICS_FRAMES == 0:
            self._diagnostics.publish(joined.stamp_ns, self._health(), errors[0])
        if frame % _DIAGNOSTICS_FRAMES == 0:
            self._diagnostics.publish(joined.stamp_ns, self._health())

    def _render(self, client: NurecClient, frame: int, stamp: int) -> list[str]:
        """Render and publish what is due; return the reasons of what failed."""
        errors: list[str] = []
        due = [camera for period, camera in self._cameras if is_due(frame, period)]
        scene_id = self._scene.scene_id
        for duration_ns, cameras in by_duration(due).items():
            window = self._step.window(stamp, duration_ns)
            self._clamped += window.clamped
            requests = [self._step.camera(camera, window) for camera in cameras]
            with self._timings.stage("render_cameras"):
                replies = client.render(scene_id, requests, (), self._step.actors(window))
            with self._timings.stage("publish_cameras"):
                for camera, reply in zip(cameras, replies.images, strict=True):
                    if reply.image is not None:
                        self._publisher.picture(camera, reply.image, stamp)
            errors += replies.errors
        for period, lidar in self._lidars:
            if is_due(frame, period):
                window = self._step.window(stamp, sweep_ns(lidar))
                request = self._step.lidar(lidar, window)
                with self._timings.stage("render_lidar"):
                    replies = client.render(scene_id, (), [request], self._step.actors(window))
                cloud = replies.clouds[0]
                if cloud.points_m is not None:
                    with self._timings.stage("publish_lidar"):
                        self._publisher.cloud(lidar.name, cloud, stamp)
                errors += replies.errors
        return errors

    def _unready(self, participants: tuple[str, ...]) -> list[str]:
        if not self._connected:
            return ["NuRec has not answered yet"]
        return self._publishers.unmatched(participants)

    def _join(self, key: str, message: Any) -> None:
        self._joiner.add(key, stamp_ns(message.header.stamp), message)

    def _health(self) -> dict[str, int]:
        return {
            "frames": self._frames,
            "failed_requests": self._failed,
            "clamped_to_scene": self._clamped,
            "skipped_frames": self._joiner.skipped,
            "incomplete_frames": self._joiner.incomplete,
        }

    def _summary(self) -> dict[str, Any]:
        return {
            "participant": NUREC,
            "scene": self._scene.scene_id,
            "counts": self._publishers.counts,
            "timings": self._timings.summary(),
            **self._health(),
        }


def _work(node: Node, spinner: Spinner) -> int:
    return NurecRender(node, spinner, load(node, NurecParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(NUREC, _work, args)


if __name__ == "__main__":
    sys.exit(main())
