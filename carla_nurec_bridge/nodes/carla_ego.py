"""The node ``carla_ego``: ticks CARLA, owns ``/clock``, publishes the ego and its world."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from rclpy.node import Node

from ..carla_client.driving import SpeedController
from ..carla_client.motion import Motion, MotionTracker
from ..carla_client.objects import ObjectTracker, labels_of
from ..carla_client.pacing import Pacer
from ..carla_client.sensors import mount_all
from ..carla_client.session import Session, Snapshot
from ..carla_client.stage import Play, Stage
from ..core import heartbeat
from ..core.errors import DeadlineError, RunError
from ..core.rig import load_rig
from ..core.streams import EGO, RECORDER, plan_streams
from ..core.timebase import NS_PER_S, NS_PER_US, TickClock, is_due, period_in_ticks
from ..core.timings import Timings
from ..opendrive.lines import lane_lines
from ..opendrive.parser import parse
from ..ros.clock_owner import DISCOVERY_S, refuse_second_clock
from ..ros.commands import CommandInbox
from ..ros.ego_parameters import EgoParameters
from ..ros.ego_publisher import EgoPublisher
from ..ros.lockstep import Answer, Barrier, Phase, RunState
from ..ros.parameters import load
from ..ros.publishers import Publishers
from ..ros.reporting import Diagnostics, write_summary
from ..ros.runtime import Spinner, leave, run
from ..ros.tracks import bind
from ..scene import open_scene
from ..scene.calibration import calibrated

_CHECK_CLOCK_FRAMES = 20
_POLL_S = 0.1
_TELL_S = 5.0
_GOODBYE_S = 0.5


class CarlaEgo:
    """One run: ``run`` blocks until it is over."""

    def __init__(self, node: Node, spinner: Spinner, parameters: EgoParameters) -> None:
        self._node = node
        self._spinner = spinner
        self._p = parameters
        scene = open_scene(Path(parameters.scene)) if parameters.scene else None
        rig = load_rig(parameters.rig)
        self._rig = calibrated(rig, scene) if scene else rig
        self._tracks = tuple(t.track_id for t in scene.tracks if t.controllable) if scene else ()
        t0_ns = scene.time_range_us[0] * NS_PER_US if scene else NS_PER_S
        self._clock = TickClock(max(t0_ns, 1), parameters.dt_ns)
        self._participants = parameters.participants or (EGO,)
        self._run_id = uuid.uuid4().hex[:12]
        self._timings = Timings()
        streams = plan_streams(self._rig, parameters.dt_ns, self._participants)
        self._publishers = Publishers(node, [s for s in streams if s.producer == EGO])
        self._publisher = EgoPublisher(
            self._publishers, self._rig, map_to_odom=parameters.publish_map_to_odom,
            odom_to_base=parameters.publish_odom_to_base,
        )  # fmt: skip
        waited_for = [n for n in self._participants if n != EGO] if parameters.lockstep else []
        self._barrier = Barrier(node, waited_for, self._run_id)
        self._diagnostics = Diagnostics(node)
        self._frame = -1
        self._distance_m = 0.0
        self._late: dict[str, int] = {}
        self._binding: Mapping[int, str | None] = {}
        self._last_motion: Motion | None = None

    def run(self) -> int:
        """Drive or replay the run; return 0. BridgeError when it cannot be finished."""
        refuse_second_clock(self._node, DISCOVERY_S)
        with ExitStack() as stack:
            try:
                session = stack.enter_context(
                    Session(self._p.host, self._p.port, self._p.timeout_s)
                )
                self._open(stack, session)
                self._wait_ready()
                self._say("running", "")
                self._loop(session)
            except BaseException as error:
                self._end("aborted", str(error) or type(error).__name__)
                raise
            self._end("finished", "")
        return 0

    def _open(self, stack: ExitStack, session: Session) -> None:
        p = self._p
        session.open(p.start_s)
        session.use_map(p.map)
        session.synchronise(p.tick_ns)
        log = Path(p.log) if p.mode == "replay" else None
        play = Play(
            p.seed, p.blueprint, p.role_name, p.vehicles, p.route_length_m, log, p.log_start_s
        )
        self._stage = stack.enter_context(Stage(session, play))
        self._stage.open()
        ego = self._stage.ego
        replay = p.mode == "replay"
        self._cameras = [
            (
                period_in_ticks(group.camera.rate_hz, p.dt_ns, f"camera {group.camera.name}"),
                stack.enter_context(group),
            )
            for group in mount_all(session.client, ego, self._rig.cameras)
        ]
        self._motion = MotionTracker(ego, p.dt_s, from_poses=replay)
        labels = labels_of(session.world.get_blueprint_library())
        self._objects = ObjectTracker(
            session.world, ego.actor.id, p.dt_s, labels, from_poses=replay
        )
        self._inbox = CommandInbox(
            self._node, ego.wheelbase_m, lockstep=p.lockstep,
            hold_ns=int(p.command_hold_s * NS_PER_S), on_arrival=self._barrier.notify,
        )  # fmt: skip
        self._controller = SpeedController(ego.max_steer_rad, p.dt_s)
        opendrive = session.map.to_opendrive()
        lines = lane_lines(parse(opendrive))
        stamp = self._clock.stamp_ns(0)
        self._publisher.start(stamp, ego, opendrive, lines, self._stage.stops)
        if self._stage.route is not None and "route" in self._publishers.counts:
            self._publisher.route(self._stage.route.map_from_points, stamp)

    def _wait_ready(self) -> None:
        """Wait until every participant and every reader of our streams is connected."""
        if not self._p.lockstep:
            return
        deadline = time.monotonic() + self._p.start_s
        told_s = time.monotonic()
        while True:
            self._spinner.check()
            missing = self._barrier.unready() + self._publishers.unmatched(self._participants)
            if not missing:
                refuse_second_clock(self._node)
                return
            if time.monotonic() > deadline:
                raise DeadlineError(
                    f"the run cannot begin after {self._p.start_s:g} s: {'; '.join(missing[:4])}"
                )
            if time.monotonic() - told_s > _TELL_S:
                told_s = time.monotonic()
                self._node.get_logger().info(f"waiting: {'; '.join(missing[:4])}")
            time.sleep(_POLL_S)

    def _loop(self, session: Session) -> None:
        pacer = Pacer(self._p.real_time_factor, self._p.dt_s)
        snapshot = self._stage.snapshot
        for frame in itertools.count():
            self._frame = frame
            if frame > 0:
                with self._timings.stage("tick"):
                    self._drive()
                    for _ in range(self._p.ticks_per_frame):
                        snapshot = session.tick()
            self._publish(session, frame, snapshot)
            with self._timings.stage("answers"):
                self._wait_answers(frame)
            heartbeat.progress(frame, self._p.frames)
            if frame == self._p.frames and self._p.frames:
                return
            pacer.wait()

    def _drive(self) -> None:
        if self._p.mode == "replay" or self._last_motion is None:
            return
        control = self._controller.control(self._inbox.current(), self._last_motion.speed_mps)
        self._stage.ego.actor.apply_control(control)

    def _publish(self, session: Session, frame: int, snapshot: Snapshot) -> None:
        stamp = self._clock.stamp_ns(frame)
        ego = self._stage.ego
        with self._timings.stage("state"):
            before, motion = self._last_motion, self._motion.update(snapshot)
            self._last_motion = motion
            if before is not None:
                step = motion.map_from_base[:2, 3] - before.map_from_base[:2, 3]
                self._distance_m += float((step @ step) ** 0.5)
            objects = self._objects.update(snapshot)
            binding = bind((s.actor for s in objects), self._tracks)
            if frame == 0 or binding != self._binding:
                self._binding = binding
                self._publisher.binding(binding)
            self._inbox.open(stamp)
            steer_rad = -ego.actor.get_control().steer * ego.max_steer_rad
            geodetic = session.geodetic(motion.map_from_base[:3, 3])
            self._publisher.state(stamp, motion, steer_rad, geodetic, objects, self._stage.stops)
        for period, group in self._cameras:
            if is_due(frame, period):
                with self._timings.stage("carla_pictures"):
                    limit_s = self._p.first_frame_s if frame == period else self._p.frame_s
                    pictures = group.take(snapshot.frame, limit_s)
                with self._timings.stage("camera_messages"):
                    self._publisher.camera(stamp, group.camera, pictures)
        if frame % _CHECK_CLOCK_FRAMES == 0:
            refuse_second_clock(self._node)
            self._diagnostics.publish(stamp, self._health())

    def _wait_answers(self, frame: int) -> None:
        self._spinner.check()
        if not self._p.lockstep:
            return
        stamp = self._clock.stamp_ns(frame)
        limit_s = self._p.first_frame_s if frame <= 2 else self._p.frame_s
        while True:
            answers, late = self._barrier.wait(stamp, limit_s, self._commands_arrived)
            failed = [a for a in answers.values() if not a.ok]
            for name in [*late, *(a.participant for a in failed)]:
                self._late[name] = self._late.get(name, 0) + 1
            if self._p.policy == "abort" and failed:
                culprit = failed[0]
                raise RunError(f"{culprit.participant} failed at frame {frame}: {culprit.message}")
            if self._p.policy == "abort" and late:
                raise DeadlineError(
                    f"{', '.join(late)} did not answer frame {frame} within {limit_s:g} s"
                )
            if self._p.policy == "wait" and late and not failed:
                self._diagnostics.publish(stamp, self._health(), f"waiting for {', '.join(late)}")
                continue
            self._barrier.forget(stamp)
            return

    def _commands_arrived(self, answers: Mapping[str, Answer]) -> bool:
        """Say whether the commands that were announced have arrived; topics have no order."""
        return all(
            self._inbox.arrived(topic) >= count
            for name, answer in answers.items()
            if name != RECORDER
            for topic, count in answer.counts.items()
            if topic.startswith("command/")
        )

    def _health(self) -> dict[str, object]:
        commands = self._inbox.counts
        return {
            "frame": self._frame,
            "commands_accepted": commands.accepted,
            "commands_late": commands.late,
            "commands_refused": commands.refused,
            "stray_answers": self._barrier.stray,
            "late_answers": sum(self._late.values()),
            "teleports": self._motion.teleports,
            "not_renderable": sum(track is None for track in self._binding.values()),
        }

    def _say(self, phase: Phase, reason: str) -> None:
        clock, frame = self._clock, max(self._frame, 0)
        self._barrier.say(RunState(self._run_id, phase, reason, frame, clock.t0_ns, clock.dt_ns))

    def _end(self, state: Phase, reason: str) -> None:
        """Tell everybody that the run is over, write the summary, and let them leave first."""
        self._say(state, reason)
        write_summary(self._p.run_dir, EGO, self._summary(state, reason))
        patience_s = self._p.end_s if self._p.lockstep else 0.0
        deadline = time.monotonic() + (patience_s if state == "finished" else _GOODBYE_S)
        others = set(self._participants) - {EGO}
        while others & set(self._node.get_node_names()) and time.monotonic() < deadline:
            time.sleep(_POLL_S)

    def _summary(self, state: str, reason: str) -> dict[str, object]:
        summary: dict[str, object] = {
            "participant": EGO, "run_id": self._run_id, "state": state, "reason": reason,
            "frames": self._frame, "t0_ns": self._clock.t0_ns, "dt_ns": self._clock.dt_ns,
            "counts": self._publishers.counts, "timings": self._timings.summary(),
            "distance_m": self._distance_m, "late": self._late,
            "bound": {str(k): v for k, v in self._binding.items()},
        }  # fmt: skip
        return summary | (self._health() if self._frame >= 0 else {})


def work(node: Node, spinner: Spinner) -> int:
    """Run the node's work in the main thread."""
    return CarlaEgo(node, spinner, load(node, EgoParameters)).run()


def main(args: list[str] | None = None) -> None:
    """Enter from the console script."""
    leave(run(EGO, work, args))


if __name__ == "__main__":
    main()
