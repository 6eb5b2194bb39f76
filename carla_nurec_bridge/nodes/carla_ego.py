"""The node ``carla_ego``: ticks CARLA, owns ``/clock``, publishes the ego and its world."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rclpy.node import Node

from ..carla_client.actors.entities import Entities
from ..carla_client.actors.observer import WorldObserver
from ..carla_client.actors.spawned_actors import SpawnedActors
from ..carla_client.driving.pedals import DriveController
from ..carla_client.replay.recorded_drive import ReplayPlan, plan_replay
from ..carla_client.sensors.rig import RigSensors
from ..carla_client.session.episode_setup import PreparedEpisode
from ..carla_client.session.opendrive_world import change_world
from ..carla_client.session.pacing import Pacer
from ..carla_client.session.session import Session, Snapshot, matrix_of
from ..carla_client.session.spectator import follow
from ..carla_client.session.weather import apply_weather, weather_json
from ..core import heartbeat
from ..core.errors import InputError, ProtocolError, told
from ..core.rig.rig import load_rig
from ..core.run_contract.frame_counter import FrameCounter
from ..core.run_contract.run_summary import EgoHealth, EgoSummary, Phase, write_summary
from ..core.run_contract.streams import EGO, plan_streams
from ..core.run_contract.timebase import NS_PER_S, NS_PER_US, TickClock
from ..core.timings import Timings
from ..ros.lockstep.clock_owner import DISCOVERY_S, refuse_second_clock
from ..ros.lockstep.commands import CommandInbox, Watchdog
from ..ros.lockstep.followed_run import FollowedRun
from ..ros.lockstep.owner import LockstepOwner
from ..ros.lockstep.protocol import RunState
from ..ros.parameters.declare import load
from ..ros.parameters.ego import EgoParameters
from ..ros.parameters.setup_from_parameters import added_names, replay_wish, setup_from_parameters
from ..ros.publishers.ego import EVENTS, EgoPublisher
from ..ros.publishers.inserted_tracks import InsertedTracks
from ..ros.publishers.publishers import Publishers
from ..ros.publishers.tracks import TrackBinder
from ..ros.runtime.diagnostics import Diagnostics
from ..ros.runtime.runtime import Spinner, leave, run
from ..ros.sending.reader_watch import ReaderWatch
from ..ros.services.run_control import RunControl
from ..ros.services.service_executor import ServiceExecutor
from ..ros.services.simulation_package import simulation_package
from ..ros.services.simulation_services import SimulationServices
from ..ros.services.standard_services import StandardServices
from ..ros.services.weather_and_spawn_topics import WorldRequests
from ..scene import open_scene
from ..scene.package.calibration import calibrated
from ..world.pixel_ids import PixelIds

_CHECK_CLOCK_FRAMES = 20
_LOOK_S = 1.0
_LAST_S = 10.0
_SAY_CLIPPED_S = 10.0


class CarlaEgo:
    """One run: ``run`` blocks until it is over."""

    def __init__(self, node: Node, spinner: Spinner, parameters: EgoParameters) -> None:
        p = self._p = parameters
        self._node = node
        self._scene = open_scene(Path(p.scene)) if p.scene else None
        rig = load_rig(p.rig)
        self._rig = calibrated(rig, self._scene) if self._scene else rig
        self._tracks = TrackBinder(self._scene)
        t0_ns = self._scene.time_range_us[0] * NS_PER_US if self._scene else NS_PER_S
        self._clock = TickClock(max(t0_ns, 1), p.dt_ns)
        self._map = p.map
        self._run_id = uuid.uuid4().hex[:12]
        self._timings = Timings()
        self._gate = LockstepOwner(node, spinner, p, self._run_id)
        planned = plan_streams(self._rig, p.dt_ns, self._gate.participants)
        streams = [s for s in planned if s.producer == EGO and (s.key != "clock" or p.owns_clock)]
        self._publishers = Publishers(node, streams, EVENTS, p.frame_prefix)
        self._publisher = EgoPublisher(self._publishers, self._rig, p, self._timings)
        self._readers = ReaderWatch(node, self._publishers.by_topic)
        self._silent: tuple[str, ...] = ()
        if p.frame_prefix and p.frame_prefix[-1].isalnum():
            node.get_logger().warning(
                f"frame_prefix {p.frame_prefix!r} does not end in a slash: frames are called "
                f"{p.frame_prefix}base_link and so on"
            )
        self._inbox = CommandInbox(
            node,
            lockstep=p.lockstep,
            watchdog=Watchdog(int(p.command_hold_s * NS_PER_S), p.watchdog),
            cmd_vel="off" if p.lockstep else p.cmd_vel,
            on_arrival=self._gate.notify,
        )
        self._control = RunControl()
        self._requests = WorldRequests(node)
        self._inserted = InsertedTracks(node, added_names(p))
        self._followed = FollowedRun(node, p.follow_run) if not p.owns_clock else None
        self._diagnostics = Diagnostics(node)
        self._began_s = (time.monotonic(), time.process_time())
        self._at = FrameCounter(self._clock, own=p.mode != "follow")
        self._binding: Mapping[int, str | None] = {}
        self._recorded: Mapping[int, int] = {}
        self._observer: WorldObserver | None = None
        self._on_stage = ExitStack()
        self._unplaced: tuple[str, ...] = ()
        self._lost: Exception | None = None
        self._looked_s = 0.0
        self._clipped = 0
        self._ambiguous: set[int] = set()
        self._replay: ReplayPlan | None = None

    def run(self, executor: ServiceExecutor) -> int:
        """Drive or replay the run; return 0. BridgeError when it cannot be finished."""
        if self._p.owns_clock:
            refuse_second_clock(self._node, DISCOVERY_S)
        if self._p.start_paused:
            self._control.become("paused")
        StandardServices(executor, self._control, self, self._requests)
        package = simulation_package()
        if package is not None:
            SimulationServices(package, executor, self._control, self, self._p.frame_prefix)
        try:
            while True:
                try:
                    reason = self._hold_session()
                    self._publisher.wait_idle(_LAST_S)
                    break
                except ProtocolError as error:
                    if self._at.frame < 0 or self._p.lockstep or self._p.reconnect_s == 0.0:
                        raise
                    self._node.get_logger().warning(f"waiting for CARLA to come back: {error}")
        except BaseException as error:
            self._control.close()
            self._end("aborted", str(error) or type(error).__name__)
            raise
        self._control.close()
        if reason:
            self._node.get_logger().info(reason)
        self._end("finished", reason)
        return 0

    def _hold_session(self) -> str:
        """Play in one session with CARLA to the end of the run; return why it ends."""
        p = self._p
        with ExitStack() as stack:
            session = stack.enter_context(Session(p.host, p.port, p.timeout_s))
            session.open(p.start_s if self._at.frame < 0 else p.reconnect_s)
            session.use_map(self._map)
            if p.mode == "replay":
                self._plan_replay(session)
            if p.mode == "follow":
                session.follow(p.follow_s)
            else:
                session.synchronise(self._p.tick_ns)
            self._session = session
            stack.callback(self._leave_stage)
            self._set_stage()
            if self._at.frame < 0:
                self._gate.wait_ready(self._publishers.unmatched)
                if p.owns_clock:
                    refuse_second_clock(self._node)
                if self._followed is not None:
                    self._at.run = self._followed.wait(p.start_s)
            return self._loop(session)

    def _plan_replay(self, session: Session) -> None:
        """See what the recording holds, and take as many ticks a frame as it needs."""
        plan = self._replay = plan_replay(session, replay_wish(self._p))
        self._p = replace(self._p, ticks_per_frame=plan.ticks)
        for note in plan.notes:
            self._node.get_logger().info(note)

    def _set_stage(self) -> None:
        """Put ego, traffic and sensors on the stage and tell what is fixed about them."""
        p, session = self._p, self._session
        with ExitStack() as stack:
            self._stage = stack.enter_context(
                PreparedEpisode(session, setup_from_parameters(p, self._scene, self._replay))
            )
            self._stage.open()
            ego = self._stage.ego
            self._spawned = stack.enter_context(SpawnedActors(session))
            self._sensors = stack.enter_context(
                RigSensors(
                    session.client,
                    ego,
                    self._rig,
                    p.dt_ns,
                    p.ticks_per_frame,
                    paced=p.sensor_tick and p.mode != "follow",
                )
            )
            opendrive, lights = session.opendrive, self._stage.lights
            from_poses = p.mode in ("replay", "scene")
            self._observer = WorldObserver(session, ego, lights, p.dt_s, from_poses=from_poses)
            self._entities = Entities(session, ego, self._spawned, self._observer)
            self._inbox.wheelbase_m = ego.info.wheelbase_m
            self._controller = DriveController(ego.info, p.dt_s)
            self._unplaced = lights.without_place
            logger, place = self._node.get_logger(), opendrive.geo_reference
            of_map = (f"map {opendrive.name}: {note}" for note in opendrive.notes)
            for text in (*of_map, *self._unplaced, *self._sensors.notes):
                logger.warning(text)
            say = logger.info if place.given else logger.warning
            say(f"map {opendrive.name}: its origin is {place.words()}")
            self._publisher.start(
                self._at.stamp_ns,
                ego.info,
                opendrive,
                session.map.to_opendrive(),
                lights.areas,
            )
            self._publisher.weather(weather_json(session.world))
            if self._stage.route is not None and "route" in self._publishers.counts:
                self._publisher.route(self._stage.route.map_from_points, self._at.stamp_ns)
            stack.callback(session.hasten)
            self._on_stage = stack.pop_all()

    def _set_stage_again(self) -> None:
        """Tick and set the stage; a run whose stage cannot be set ends by the next frame."""
        try:
            self._session.tick()  # only then are the old actors gone
            self._set_stage()
        except Exception as error:
            self._lost = error
            self._control.become("playing")
            raise

    def _leave_stage(self) -> None:
        self._on_stage.close()

    def _loop(self, session: Session) -> str:
        """Make the frames of the run; return why it ends where it was not asked to."""
        p, at = self._p, self._at
        factor = 0.0 if p.mode == "follow" else p.real_time_factor
        pacer = Pacer(factor, p.dt_s)
        shown = self._replay.frames if self._replay is not None else p.frames
        total = min(p.frames or shown, shown)
        first = at.frame < 0
        if first:
            self._begin(self._stage.snapshot)
        while True:
            if self._control.wait_turn(self._stand):
                pacer = Pacer(factor, p.dt_s)
            if self._lost is not None:
                lost, self._lost = self._lost, None
                raise lost
            if self._control.state == "quitting":
                return ""
            if first:  # what a reset in the pause before it has left
                first, snapshot = False, self._stage.snapshot
            else:
                with self._timings.stage("tick"):
                    snapshot = self._tick(session)
                at.count(snapshot.frame, snapshot.timestamp.elapsed_seconds)
            self._publish(snapshot)
            with self._timings.stage("answers"):
                self._gate.wait_answers(at.frame, at.stamp_ns, self._inbox, self._warn)
            heartbeat.progress(at.frame, total)
            if self._stage.end:
                asked = p.frames if p.frames > at.frame else 0
                return self._stage.end + (f"; {asked} frames were asked for" if asked else "")
            if p.frames and at.frame >= p.frames:
                return ""
            pacer.wait()

    def _begin(self, snapshot: Snapshot) -> None:
        """Say that the run begins; nothing of frame 0 is published yet."""
        self._at.count(snapshot.frame, snapshot.timestamp.elapsed_seconds)
        self._began_s = (time.monotonic(), time.process_time())
        self._say("running", "")

    def _stand(self) -> None:
        """While no frame is made: repeat the clock, and look whether the world still stands."""
        self._publisher.clock(self._at.stamp_ns)
        self._publisher.beside(self._readers.look)
        if self._lost is None and time.monotonic() - self._looked_s > _LOOK_S:
            self._looked_s = time.monotonic()
            self._session.look()

    def _tick(self, session: Session) -> Snapshot:
        assert self._observer is not None
        state = self._observer.last
        asked = self._p.mode != "follow" or self._inbox.heard
        if self._stage.ego_is_driven and asked and state is not None:
            control = self._controller.control(
                self._inbox.current(), state.ego.speed_mps, self._observer.steer_rad
            )
            self._stage.ego.actor.apply_control(control)
            if self._controller.clip:
                self._clipped += 1
                self._node.get_logger().warning(
                    self._controller.clip, throttle_duration_sec=_SAY_CLIPPED_S
                )
        ticks = self._p.ticks_per_frame
        for tick in range(1, ticks + 1):
            self._stage.before_tick((self._at.frame + tick / ticks) * self._p.dt_s)
            if tick == ticks:
                self._sensors.before_last_tick(self._at.frame + 1)
            snapshot = session.tick()
            self._stage.after_tick(snapshot)
        self._spawned.after_tick()
        self._entities.after_tick()
        return snapshot

    def _publish(self, snapshot: Snapshot) -> None:
        frame, stamp = self._at.frame, self._at.stamp_ns
        assert self._observer is not None
        with self._timings.stage("state"):
            state = self._observer.update(snapshot, stamp)
            binding = self._tracks.bind(state.actors, self._inserted.ids, self._stage.recorded_s)
            if frame == 0 or binding != self._binding:
                self._binding = binding
                self._publisher.binding(binding)
            self._note_shared(self._observer.pixel_ids)
            recorded = dict(self._stage.recorded_ids(snapshot, state.actors))
            if recorded != self._recorded:
                self._recorded = recorded
                self._publisher.recorded(recorded)
            self._inbox.open(stamp)
            self._publisher.state(state)
        limit_s = self._p.first_frame_s if frame <= 2 else self._p.frame_s
        for camera in self._sensors.cameras_due(frame):
            with self._timings.stage("carla_pictures"):
                images = camera.take_raw(snapshot.frame, limit_s)
            if images is not None:
                self._publisher.camera(stamp, camera.camera, images, self._observer.pixel_ids)
        for device in self._sensors.devices_due(frame):
            with self._timings.stage("carla_sensors"):
                reading = device.take(snapshot.frame, limit_s)
            self._publisher.reading(stamp, device.sensor, reading)
        with self._timings.stage("wheels"):
            self._session.call(self._observer.measure_wheels)
        self._publisher.wheels(state, self._observer.steer_rad)
        self._publisher.beside(self._readers.look)
        if self._readers.silent != self._silent:
            self._silent = self._readers.silent
            self._warn(f"silent readers: {', '.join(self._silent) or 'none any more'}")
        for event in self._sensors.events():
            self._publisher.event(self._at.stamp_of(event.frame), event)
        self._do_requests()
        if self._p.spectator:
            follow(self._session.world.get_spectator(), state.ego.map_from_base)
        if frame % _CHECK_CLOCK_FRAMES == 0:
            if self._p.owns_clock:
                refuse_second_clock(self._node)
            self._diagnostics.publish(stamp, self._health(), "; ".join(self._unplaced))

    def _note_shared(self, pixel_ids: PixelIds) -> None:
        """Say which actors instance pictures cannot tell apart, once each."""
        new = [group for group in pixel_ids.shared if not self._ambiguous.issuperset(group)]
        for group in new:
            self._ambiguous.update(group)
            self._warn(
                f"instance pictures cannot tell actors {', '.join(map(str, group))} apart: their "
                "ids have the same 16 bits; load the world again, so that ids start anew"
            )

    def _do_requests(self) -> None:
        text = self._requests.weather()
        if text is None:
            return
        try:
            apply_weather(self._session.world, text)
        except Exception as error:  # noqa: BLE001 - what others ask for ends no run
            self._warn(f"weather: {told(error)}")
        self._publisher.weather(weather_json(self._session.world))

    def _warn(self, text: str) -> None:
        self._diagnostics.publish(self._at.stamp_ns, self._health(), text)

    @property
    def session(self) -> Session:
        """The session with CARLA."""
        return self._session

    @property
    def entities(self) -> Entities:
        """Everything on the stage."""
        return self._entities

    @property
    def stamp_ns(self) -> int:
        """The stamp of the last frame, ns."""
        return self._at.stamp_ns

    def reset(self, *, keep_spawned: bool) -> None:
        """Set the stage anew; who was spawned is put back or sent away. Time goes on."""
        if self._p.lockstep:
            raise InputError("a run in lock-step cannot be reset; start another")
        spawned = self._entities.spawned if keep_spawned else []
        self._leave_stage()
        self._set_stage_again()
        for one in spawned:
            self._entities.spawn(one.spec, matrix_of(one.place))

    def destroy_spawned(self) -> None:
        """Destroy everybody who was spawned."""
        self._entities.remove_spawned()

    def load_world(self, name: str, xodr: str) -> None:
        """Load the map called ``name``, or else one made of OpenDRIVE text; set the stage there."""
        if self._p.lockstep or self._p.mode != "drive" or self._scene is not None:
            raise InputError(
                "only a run in mode drive, without lock-step and without a scene, changes its world"
            )
        self._leave_stage()
        try:
            change_world(self._session, name, xodr, self._p.tick_ns)
            self._map = name
        finally:  # a map that CARLA refused leaves the old one
            self._set_stage_again()

    def _health(self) -> EgoHealth:
        commands = self._inbox.counts
        return EgoHealth(
            frame=self._at.frame,
            commands_accepted=commands.accepted,
            commands_late=commands.late,
            commands_refused=commands.refused,
            commands_clipped=self._clipped,
            ambiguous_ids=len(self._ambiguous),
            steer_limit_rad=self._steer_limit_rad(),
            manual_override=self._inbox.overridden,
            stray_answers=self._gate.stray,
            late_answers=sum(self._gate.late.values()),
            waits_for_publishing=self._publisher.waits,
            silent_readers=", ".join(self._silent),
            sensor_tick_fallbacks=self._sensors.fallbacks,
            skipped_ticks=self._session.skipped_ticks,
            teleports=self._observer.teleports if self._observer else 0,
            not_renderable=sum(track is None for track in self._binding.values()),
            lights_without_place=len(self._unplaced),
        )

    def _steer_limit_rad(self) -> float:
        """Return how far the front wheels turn at the speed of now."""
        state = self._observer.last if self._observer else None
        speed_mps = state.ego.speed_mps if state is not None else 0.0
        return self._controller.limit_rad(speed_mps)

    def _say(self, phase: Phase, reason: str) -> None:
        clock, at = self._clock, self._at
        state = RunState(
            self._run_id, phase, reason, max(at.frame, 0), clock.t0_ns, clock.dt_ns, at.origin_s
        )
        self._gate.say(state)

    def _end(self, state: Phase, reason: str) -> None:
        """Tell everybody that the run is over, write the summary, and let them leave first."""
        self._publisher.close(_LAST_S)
        self._say(state, reason)
        write_summary(self._p.run_dir, EGO, self._summary(state, reason))
        self._gate.wait_gone(finished=state == "finished")

    def _summary(self, state: Phase, reason: str) -> EgoSummary:
        health = self._health().to_json() if self._at.frame >= 0 else {}
        return EgoSummary(
            participant=EGO,
            run_id=self._run_id,
            state=state,
            reason=reason,
            frames=self._at.frame,
            t0_ns=self._clock.t0_ns,
            dt_ns=self._clock.dt_ns,
            counts=self._publishers.counts,
            timings=self._timings.summary(),
            distance_m=self._observer.distance_m if self._observer else 0.0,
            late=self._gate.late,
            wall_s=time.monotonic() - self._began_s[0],
            cpu_s=time.process_time() - self._began_s[1],
            bound={str(k): v for k, v in self._binding.items()},
            unplaced_lights=self._unplaced,
            **health,
        )


def work(node: Node, spinner: Spinner) -> int:
    """Run the node's work in the main thread."""
    with ServiceExecutor(node) as executor:
        return CarlaEgo(node, spinner, load(node, EgoParameters)).run(executor)


def main(args: list[str] | None = None) -> None:
    """Enter from the console script."""
    leave(run(EGO, work, args))


if __name__ == "__main__":
    main()
