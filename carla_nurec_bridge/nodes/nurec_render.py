"""The node ``nurec_render``: asks NuRec for the rig's sensors at each frame and publishes them."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from nav_msgs.msg import Odometry
from rclpy.node import Node
from std_msgs.msg import String
from vision_msgs.msg import Detection3DArray

from ..core.errors import DeadlineError, InputError
from ..core.rig.rig import load_rig
from ..core.run_contract.run_summary import NurecHealth, NurecSummary, write_summary
from ..core.run_contract.streams import NUREC, plan_streams
from ..core.run_contract.timebase import TickClock, seconds_to_ns
from ..core.run_contract.topics import TOPICS
from ..nurec.client.client import Deadlines, NurecClient
from ..nurec.client.security import TlsFiles
from ..recording.read_back.messages import pose_matrix
from ..ros.lockstep.joiner import JoinedFrame, Joiner
from ..ros.lockstep.protocol import Participant, RunState
from ..ros.parameters.declare import load
from ..ros.parameters.nurec import NurecParameters
from ..ros.publishers.inserted_tracks import InsertedPublisher
from ..ros.publishers.novel_view import NovelView, view_camera
from ..ros.publishers.nurec import NurecPublisher
from ..ros.publishers.nurec_status import NurecStatus
from ..ros.publishers.publishers import Publishers
from ..ros.publishers.qos import profile
from ..ros.publishers.render_step import RenderStep
from ..ros.publishers.sensor_renderer import SensorRenderer
from ..ros.publishers.tracks import BoundTracks
from ..ros.runtime.diagnostics import Diagnostics
from ..ros.runtime.runtime import Spinner, run
from ..ros.services.asset_editor import AssetEditor, assets_of_inserted_actors
from ..ros.services.asset_services import AssetServices
from ..scene import Scene, open_scene, read_surface
from ..scene.ground import SceneGround
from ..scene.package.calibration import calibrated, squeezed
from ..scene.package.surface import MESH_GROUND
from ..world.inserted_actors import draw_inserted_actors
from ..world.inserted_actors_file import load_inserted_actors

_POLL_S = 0.1
_DIAGNOSTICS_FRAMES = 20


class NurecRender:
    """The node's parts; messages arrive in the executor, rendering happens in the main thread."""

    def __init__(self, node: Node, spinner: Spinner, parameters: NurecParameters) -> None:
        p = self._p = parameters
        self._spinner = spinner
        if not p.scene:
            raise InputError("nurec_render needs the parameter scene: a scene package (.usdz)")
        self._scene = scene = open_scene(Path(p.scene))
        rig = calibrated(load_rig(p.rig), scene)
        for note in squeezed(rig, scene):
            node.get_logger().warning(note)
        dt_ns = seconds_to_ns(p.dt_s)
        participants = p.participants or (NUREC,)
        streams = plan_streams(rig, dt_ns, participants)
        self._publishers = Publishers(node, [s for s in streams if s.producer == NUREC])
        self._publisher = NurecPublisher(node, self._publishers, rig, p.rectify, p.rectify_fov_deg)
        self._ground = _ground(scene) if p.ground else None
        step = RenderStep(scene, self._ground)
        self._renderer = SensorRenderer(scene, rig, dt_ns, step, self._publisher)
        camera = view_camera(rig, p.view_camera, p.view_rig)
        self._view = NovelView(node, camera) if camera else None
        self._tracks = BoundTracks(scene.scene_id, (t.track_id for t in scene.tracks))
        self._movable = frozenset(t.track_id for t in scene.tracks if t.controllable)
        self._inserted = InsertedPublisher(node)
        self._assets = AssetServices(node)
        self._joiner = Joiner(("odometry", "objects"), keep_all=p.lockstep)
        self._diagnostics = Diagnostics(node)
        self._status = NurecStatus(node, scene.scene_id)
        self._frames = self._last_ns = 0
        self._connected = False
        self._participant = Participant(node, partial(self._unready, participants))
        for key, kind in (("odometry", Odometry), ("objects", Detection3DArray)):
            row = TOPICS[key]
            node.create_subscription(
                kind, row.name, partial(self._joiner.take, key), profile(row.qos)
            )
        row = TOPICS["objects_tracks"]
        node.create_subscription(String, row.name, self._tracks.take, profile(row.qos))

    def work(self) -> int:
        """Render until the run is over; return the exit code."""
        p = self._p
        deadlines = Deadlines(p.start_s, p.frame_s, p.first_render_s)
        target = p.host if p.host.startswith("unix:") else f"{p.host}:{p.port}"
        with NurecClient(target, deadlines, allow_remote=p.remote, tls=_tls(p)) as client:
            offered = client.scenes()
            if self._scene.scene_id not in offered:
                raise InputError(
                    f"the NuRec server {target} has no scene {self._scene.scene_id!r}; it has: "
                    f"{', '.join(offered) or 'none'}"
                )
            self._status.connected(client)
            editor = AssetEditor(
                client, self._scene.scene_id, (t.track_id for t in self._scene.tracks), self._admit
            )
            if p.inserted_actors:
                editor.ensure(
                    assets_of_inserted_actors(
                        draw_inserted_actors(load_inserted_actors(p.inserted_actors), p.seed)
                    )
                )
            elif unknown := editor.look():
                self._status.publish(0, {}, unknown)
            self._publisher.start()
            self._connected = True
            state = self._wait_running(editor)
            clock = TickClock(state.t0_ns, state.dt_ns)
            while not self._participant.over:
                self._spinner.check()
                frame = self._joiner.next(_POLL_S)
                self._assets.work(editor)
                if frame is not None:
                    self._handle(client, editor, clock, frame)
                warning = self._renderer.render_view(client, self._view) if self._view else ""
                if warning:
                    self._status.publish(self._last_ns, self._health().to_json(), warning)
        ended = self._participant.state
        write_summary(p.run_dir, NUREC, self._summary())
        return 0 if ended is not None and ended.state == "finished" else 1

    def _admit(self, added: frozenset[str]) -> None:
        """Let actors follow the tracks that edits put in."""
        self._tracks.admit(added)
        self._inserted.tell(added)

    def _wait_running(self, editor: AssetEditor) -> RunState:
        limit_s = self._p.start_s if self._p.lockstep else 1e9
        waited_s = 0.0
        while (state := self._participant.wait_running(_POLL_S)) is None:
            self._spinner.check()
            self._assets.work(editor)
            waited_s += _POLL_S
            if waited_s > limit_s:
                raise DeadlineError(f"no carla_ego started a run within {limit_s:g} s")
        return state

    def _handle(
        self, client: NurecClient, editor: AssetEditor, clock: TickClock, joined: JoinedFrame
    ) -> None:
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
            if track is not None and (track in self._movable or track in editor.added):
                boxes[track] = pose_matrix(detection.bbox.center)
        stamp = self._last_ns = joined.stamp_ns
        pose = pose_matrix(joined.messages["odometry"].pose.pose)
        self._renderer.observe(stamp, pose, boxes)
        errors = self._renderer.render(client, frame, stamp)
        if errors and editor.added:
            editor.look()  # another client may have restored the scene
        if self._p.lockstep:
            counts = {t: n - before[t] for t, n in self._publishers.counts.items() if n > before[t]}
            self._participant.answer(stamp, counts, "; ".join(errors))
        if frame % _DIAGNOSTICS_FRAMES == 0 or (errors and not self._p.lockstep):
            warning = "; ".join(errors)
            self._diagnostics.publish(stamp, self._health(), warning)
            self._status.publish(stamp, self._health().to_json(), warning)

    def _unready(self, participants: tuple[str, ...]) -> list[str]:
        if not self._connected:
            return ["NuRec has not answered yet"]
        return self._publishers.unmatched(participants)

    def _health(self) -> NurecHealth:
        some = {f"failed_{name}": n for name, n in sorted(self._renderer.failed.items())}
        if self._view is not None and self._view.wanted:
            some["novel_views"] = self._view.rendered
        if self._ground is not None:
            some["poses_off_ground"] = self._ground.missed
        return NurecHealth(
            frames=self._frames,
            failed_requests=self._renderer.failed.total(),
            clamped_to_scene=self._renderer.clamped,
            skipped_frames=self._joiner.skipped,
            incomplete_frames=self._joiner.incomplete,
            **some,
        )

    def _summary(self) -> NurecSummary:
        return NurecSummary(
            participant=NUREC,
            scene=self._scene.scene_id,
            counts=self._publishers.counts,
            timings=self._renderer.timings.summary(),
            **self._health().to_json(),
        )


def _tls(p: NurecParameters) -> TlsFiles | None:
    names = (p.tls_authority, p.tls_certificate, p.tls_key)
    if not any(names):
        return None
    return TlsFiles(*(Path(name) if name else None for name in names))


def _ground(scene: Scene) -> SceneGround | None:
    if scene.xodr is None or read_surface(scene, MESH_GROUND) is None:
        return None
    return SceneGround(scene)


def _work(node: Node, spinner: Spinner) -> int:
    return NurecRender(node, spinner, load(node, NurecParameters)).work()


def main(args: list[str] | None = None) -> int:
    """Run the node until the run ends; return its exit code."""
    return run(NUREC, _work, args)


if __name__ == "__main__":
    sys.exit(main())
