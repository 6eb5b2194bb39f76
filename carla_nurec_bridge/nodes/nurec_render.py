"""The node ``nurec_render``: asks NuRec for the rig's sensors at each frame and publishes them."""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rclpy.node import Node

from ..core.errors import InputError
from ..core.rig.rig import load_rig
from ..core.run_contract.streams import NUREC, plan_streams
from ..core.run_contract.timebase import TickClock, seconds_to_ns
from ..nurec.client.client import Deadlines, NurecClient
from ..recording.read_back.messages import pose_matrix, true_odometry
from ..ros.lockstep.joiner import JoinedFrame
from ..ros.lockstep.participation import Participation
from ..ros.nurec.composed_actors import Appearances, ComposedActors, composes
from ..ros.nurec.health import RenderRecord
from ..ros.nurec.novel_view import NovelView, view_camera
from ..ros.nurec.publisher import NurecPublisher
from ..ros.nurec.render_step import RenderStep
from ..ros.nurec.sensor_renderer import AskedFrame, SensorRenderer
from ..ros.nurec.status import NurecStatus
from ..ros.parameters.declare import load
from ..ros.parameters.nurec import NurecParameters
from ..ros.publishers.inserted_tracks import InsertedPublisher
from ..ros.publishers.publishers import Publishers
from ..ros.publishers.subscriptions import subscribe
from ..ros.publishers.tracks import BoundTracks
from ..ros.runtime.diagnostics import Diagnostics
from ..ros.runtime.runtime import run
from ..ros.runtime.spinner import Spinner
from ..ros.services.asset_editor import AssetEditor, assets_of_inserted_actors
from ..ros.services.asset_services import AssetServices
from ..scene import open_scene
from ..scene.ground import ground_of
from ..scene.package.calibration import calibrated, squeezed
from ..world.inserted_actors import draw_inserted_actors
from ..world.inserted_actors_file import load_inserted_actors

_DIAGNOSTICS_FRAMES = 20


@dataclass
class _InWork:
    """A frame that was asked for: its stamp, what it leaves out, and what it has sent by topic."""

    asked: AskedFrame
    stamp_ns: int
    left_out: str
    sent: Counter[str] = field(default_factory=Counter)


class NurecRender:
    """The node's parts; messages arrive in the executor, rendering happens in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, p: NurecParameters) -> None:
        self._p = p
        self._log = node.get_logger()
        if not p.scene:
            raise InputError("nurec_render needs the parameter scene: a scene package (.usdz)")
        self._scene = scene = open_scene(Path(p.scene))
        rig = calibrated(load_rig(p.rig), scene)
        for note in squeezed(rig, scene):
            self._log.warning(note)
        dt_ns = seconds_to_ns(p.dt_s)
        participants = p.participants or (NUREC,)
        streams = plan_streams(rig, dt_ns, participants)
        self._publishers = Publishers(node, [s for s in streams if s.producer == NUREC])
        self._publisher = NurecPublisher(node, self._publishers, rig, p.rectify, p.rectify_fov_deg)
        ground = ground_of(scene) if p.ground else None
        step = RenderStep(scene, ground)
        latency = p.sensor_latency(p.seed)
        self._renderer = SensorRenderer(scene, rig, dt_ns, step, self._publisher, latency)
        camera = view_camera(rig, p.view_camera, p.view_rig)
        self._view = NovelView(node, camera) if camera else None
        self._tracks = BoundTracks(scene.scene_id, (t.track_id for t in scene.tracks))
        self._movable = frozenset(t.track_id for t in scene.tracks if t.controllable)
        self._inserted = InsertedPublisher(node)
        self._assets = AssetServices(node)
        self._diagnostics = Diagnostics(node)
        self._status = NurecStatus(node, scene.scene_id)
        self._connected = False
        self._composed: ComposedActors | None = None
        self._in_work: deque[_InWork] = deque()
        unready = partial(self._unready, participants)
        keys = ("odometry", "objects", *p.ground_truth)
        self._participation = Participation(
            node, spinner, p, keys=keys, unready=unready, behind_frames=p.frames_behind
        )
        self._record = RenderRecord(
            scene.scene_id,
            self._publishers,
            self._renderer,
            self._participation.joiner,
            self._view,
            ground,
        )
        self._appearances = Appearances()
        subscribe(node, "objects_tracks", self._tracks.hear)
        subscribe(node, "objects_appearance", self._appearances.hear)

    def work(self) -> int:
        """Render until the run is over; return the exit code."""
        p = self._p
        deadlines = Deadlines(p.start_s, p.frame_s, p.first_render_s, p.first_render_s)
        with NurecClient(p.target, deadlines, allow_remote=p.remote, tls=p.tls) as client:
            editor = self._connect(client)
            state = self._participation.wait_begin(lambda: self._assets.work(editor))
            clock = TickClock(state.t0_ns, state.dt_ns)
            with self._participation.taking_part(NUREC, self._record.summary):
                for frame in self._participation.turns():
                    self._assets.work(editor)
                    if frame is not None:
                        while len(self._in_work) > p.frames_behind:  # the run goes on without it
                            self._publish(editor)
                        self._ask(client, editor, frame, clock.frame_at(frame.stamp_ns))
                    while self._in_work and (not p.lockstep or self._in_work[0].asked.ready):
                        self._publish(editor)
                    warning = self._renderer.render_view(client, self._view) if self._view else ""
                    if warning:
                        self._status.publish(
                            self._record.last_ns, self._record.health().to_json(), warning
                        )
        if self._in_work:
            self._log.warning(
                f"{len(self._in_work)} frames that NuRec was asked for are not published: the run "
                "is over"
            )
        return self._participation.leave(NUREC, self._record.summary())

    def _connect(self, client: NurecClient) -> AssetEditor:
        """See that the server has the scene, and insert actors; InputError when it has not."""
        p, scene = self._p, self._scene
        offered = client.scenes()
        if scene.scene_id not in offered:
            raise InputError(
                f"the NuRec server {p.target} has no scene {scene.scene_id!r}; it has: "
                f"{', '.join(offered) or 'none'}"
            )
        self._status.connected(client)
        hybrid = p.hybrid and composes(client.capabilities, scene.scene_id)
        recorded = (track.track_id for track in scene.tracks)
        editor = AssetEditor(
            client, scene.scene_id, recorded, self._admit, before=lambda: self._publish_all(editor)
        )
        if p.inserted_actors:
            editor.ensure(
                assets_of_inserted_actors(
                    draw_inserted_actors(load_inserted_actors(p.inserted_actors), p.seed)
                )
            )
        elif unknown := editor.look():
            self._status.publish(0, {}, unknown)
        if hybrid:
            self._composed = ComposedActors(editor, self._appearances, p.frame_s)
        self._publisher.start()
        self._connected = True
        return editor

    def _admit(self, added: frozenset[str]) -> None:
        """Let actors follow the tracks that edits put in."""
        self._tracks.admit(added)
        self._inserted.tell(added)

    def _ask(
        self, client: NurecClient, editor: AssetEditor, frame: JoinedFrame, number: int
    ) -> None:
        detections = frame.messages["objects"].detections
        limit_s = self._p.frame_s if self._p.lockstep else None
        boxes = self._tracks.map_from_boxes(detections, self._movable | editor.added, limit_s)
        if self._composed is not None:
            boxes |= self._composed.boxes(self._tracks.unbound(detections))
        left_out = self._composed.warning if self._composed is not None else ""
        map_from_base = pose_matrix(true_odometry(frame.messages).pose.pose)
        self._renderer.observe(frame.stamp_ns, map_from_base, boxes)
        asked = self._renderer.ask(client, number, frame.stamp_ns)
        self._in_work.append(_InWork(asked, frame.stamp_ns, left_out))
        if len(self._in_work) == 1:
            self._deliver()
        asked.on_done(self._participation.wake)

    def _publish_all(self, editor: AssetEditor) -> None:
        """Publish every frame that was asked for: what changes now is not to be seen in them."""
        while self._in_work:
            self._publish(editor)

    @contextmanager
    def _sending(self) -> Iterator[_InWork]:
        """Count what the block sends as sent with the oldest frame in work."""
        frame, before = self._in_work[0], Counter(self._publishers.counts)
        yield frame
        frame.sent += Counter(self._publishers.counts) - before

    def _deliver(self) -> None:
        """Publish what was under way and goes out with the frame that is now the oldest in work."""
        with self._sending() as frame:
            self._renderer.deliver(frame.asked)

    def _publish(self, editor: AssetEditor) -> None:
        """Publish the next part of the oldest frame in work; answer the frame with the last one."""
        with self._sending() as frame:
            if self._renderer.publish(frame.asked):
                return
        self._in_work.popleft()
        self._record.frames += 1
        self._record.last_ns = frame.stamp_ns
        errors = frame.asked.errors
        if errors and editor.added:
            editor.look()  # another client may have restored the scene
        warning = "; ".join([*errors, *([frame.left_out] if frame.left_out else [])])
        self._participation.answer(frame.stamp_ns, frame.sent, warning)
        if frame.asked.frame % _DIAGNOSTICS_FRAMES == 0 or (errors and not self._p.lockstep):
            self._diagnostics.publish(frame.stamp_ns, self._record.health(), warning)
            self._status.publish(frame.stamp_ns, self._record.health().to_json(), warning)
        if self._in_work:
            self._deliver()

    def _unready(self, participants: tuple[str, ...]) -> list[str]:
        if not self._connected:
            return ["NuRec has not answered yet"]
        return self._publishers.unmatched(participants)


def _work(node: Node, spinner: Spinner) -> int:
    return NurecRender(node, spinner, load(node, NurecParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(NUREC, _work, args)


if __name__ == "__main__":
    sys.exit(main())
