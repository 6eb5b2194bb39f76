"""The run of ``carla_ego`` from its first session with CARLA to the word that it is over."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import final

from ...carla_client.actors.entities import Entities
from ...carla_client.replay.recorded_drive import ReplayPlan, plan_replay
from ...carla_client.session.live_episode import FrameMaking, LiveEpisode
from ...carla_client.session.opendrive_world import change_world
from ...carla_client.session.pacing import Pacer
from ...carla_client.session.session import Session
from ...carla_client.session.transforms import matrix_of
from ...carla_client.session.weather import weather_json
from ...core.errors import InputError, ProtocolError
from ...core.machine.collector import keep_loaded
from ...core.run_contract import heartbeat
from ...core.run_contract.frame_counter import FrameCounter
from ...core.run_contract.run_summary import EgoSummary, Phase, write_summary
from ...core.run_contract.streams import EGO
from ...core.run_contract.timebase import NS_PER_S, NS_PER_US, TickClock
from ...core.teardown import Teardown
from ..lockstep.clock_owner import refuse_second_clock
from ..parameters.ego import EgoParameters
from ..parameters.setup_from_parameters import replay_wish, setup_from_parameters
from .frame import EgoFrame
from .parts import EgoParts
from .state import EgoRunState, summary_of

_LOOK_S = 1.0
_LAST_S = 10.0


@final
class EgoRun:
    """One run; ``run`` blocks until it is over. Services ask the rest between two frames."""

    def __init__(self, parts: EgoParts, p: EgoParameters, run_id: str) -> None:
        self._parts = parts
        self._p = p
        scene = parts.scene
        t0_ns = scene.time_range_us[0] * NS_PER_US if scene else NS_PER_S
        clock = TickClock(max(t0_ns, 1), p.dt_ns)
        at = FrameCounter(clock, own=p.mode != "follow")
        self._state = EgoRunState(run_id, clock, at, p.lockstep)
        self._map = p.map
        self._replay: ReplayPlan | None = None
        self._episode: LiveEpisode | None = None
        self._lost: Exception | None = None
        self._looked_s = 0.0

    def run(self) -> None:
        """Drive or replay the run. BridgeError when it cannot be finished."""
        try:
            reason = self._hold_sessions()
        except BaseException as error:
            self._ending("aborted", str(error) or type(error).__name__).close_after(error)
            raise
        if reason:
            self._parts.node.get_logger().info(reason)
        self._ending("finished", reason).close()

    def _ending(self, phase: Phase, reason: str) -> Teardown:
        """Return what is to be done at the end, so that the others hear of it and leave first."""
        parts, state, p = self._parts, self._state, self._p
        return Teardown.in_order(
            ("services that wait", parts.control.close),
            ("publishing", lambda: parts.publisher.close(_LAST_S)),
            ("the run", lambda: parts.owner.say(state.run_state(phase, reason))),
            ("the summary", lambda: write_summary(p.run_dir, EGO, self._summary(phase, reason))),
            ("the others", lambda: parts.owner.wait_gone(finished=phase == "finished")),
        )

    def _summary(self, phase: Phase, reason: str) -> EgoSummary:
        return summary_of(self._parts, self._state, self._episode, phase, reason)

    def _hold_sessions(self) -> str:
        """Hold sessions with CARLA, another where one broke, to the end; return why it ends."""
        while True:
            try:
                reason = self._hold_session()
                self._parts.publisher.wait_idle(_LAST_S)
                return reason
            except ProtocolError as error:
                if self._state.at.frame < 0 or self._p.lockstep or self._p.reconnect_s == 0.0:
                    raise
                logger = self._parts.node.get_logger()
                logger.warning(f"waiting for CARLA to come back: {error}")

    def _hold_session(self) -> str:
        p, parts, at = self._p, self._parts, self._state.at
        with Session(p.host, p.port, p.timeout_s) as session:
            session.open(p.start_s if at.frame < 0 else p.reconnect_s)
            session.use_map(self._map)
            if p.mode == "replay":
                self._plan_replay(session)
            if p.mode == "follow":
                session.follow(p.follow_s)
            else:
                session.synchronise(self._p.tick_ns)
            with Teardown(session.has_ended) as teardown:
                teardown.add("the episode", self._close_episode)
                self._open_episode(session)
                if at.frame < 0:
                    parts.owner.wait_ready(parts.publishers.unmatched)
                    if p.owns_clock:
                        refuse_second_clock(parts.node)
                    if parts.followed is not None:
                        at.run = parts.followed.wait(p.start_s)
                keep_loaded()
                reason = self._make_frames()
                self._frame().wait_answers(whole=True)
                return reason

    def _plan_replay(self, session: Session) -> None:
        """See what the recording holds, and take as many ticks a frame as it needs."""
        plan = self._replay = plan_replay(session, replay_wish(self._p))
        self._p = replace(self._p, ticks_per_frame=plan.ticks)
        for note in plan.notes:
            self._parts.node.get_logger().info(note)

    def _open_episode(self, session: Session) -> None:
        """Open an episode and tell what is fixed about it."""
        p, parts, stamp_ns = self._p, self._parts, self._state.at.stamp_ns
        making = FrameMaking(
            p.dt_s,
            p.ticks_per_frame,
            paced_cameras=p.sensor_tick and p.mode != "follow",
            from_poses=p.mode in ("replay", "scene"),
            follows=p.mode == "follow",
            watch=p.ego_watch,
        )
        setup = setup_from_parameters(p, parts.scene, self._replay)
        episode = self._episode = LiveEpisode(session, setup, parts.rig, making)
        prepared, opendrive = episode.prepared, session.opendrive
        parts.inbox.wheelbase_m = prepared.ego.info.wheelbase_m
        self._state.unplaced = prepared.lights.without_place
        logger, place = parts.node.get_logger(), opendrive.geo_reference
        for text in episode.notes:
            logger.warning(text)
        say = logger.info if place.given else logger.warning
        say(f"map {opendrive.name}: its origin is {place.words()}")
        parts.publisher.start(
            stamp_ns,
            prepared.ego.info,
            opendrive,
            session.map.to_opendrive(),
            prepared.lights.areas,
        )
        parts.publisher.weather(weather_json(session.world))
        if prepared.route is not None and "route" in parts.publishers.counts:
            parts.publisher.route(prepared.route.map_from_points, stamp_ns)

    def _reopen_episode(self, session: Session) -> None:
        """Tick and open an episode; a run that cannot have one ends by the next frame."""
        try:
            session.tick()  # only then are the old actors gone
            self._open_episode(session)
        except Exception as error:
            self._lost = error
            self._parts.control.become("playing")
            raise

    def _close_episode(self) -> None:
        if self._episode is not None:
            self._episode.close()

    def _make_frames(self) -> str:
        """Make the frames of the run; return why it ends where it was not asked to."""
        p, parts, state = self._p, self._parts, self._state
        factor = 0.0 if p.mode == "follow" else p.real_time_factor
        pacer = Pacer(factor, p.dt_s)
        shown = self._replay.frames if self._replay is not None else p.frames
        total = min(p.frames or shown, shown)
        first = state.at.frame < 0
        if first:
            state.begin(self.episode.prepared.snapshot)
            parts.owner.say(state.run_state("running", ""))
        while True:
            if parts.control.state != "playing":  # steps are whole, and in a pause nobody is late
                self._frame().wait_answers(whole=True)
            if parts.control.wait_turn(self._stand):
                pacer = Pacer(factor, p.dt_s)
                if first:  # who was there before the pause may have been started anew
                    parts.owner.wait_ready(parts.publishers.unmatched)
            if self._lost is not None:
                lost, self._lost = self._lost, None
                raise lost
            if parts.control.state == "quitting":
                return ""
            self._frame().make(first=first)
            first = False
            heartbeat.progress(state.at.frame, total)
            end = self.episode.prepared.end
            if end:
                decided = state.verdict is not None
                asked = p.frames if p.frames > state.at.frame and not decided else 0
                return end + (f"; {asked} frames were asked for" if asked else "")
            if p.frames and state.at.frame >= p.frames:
                return ""
            pacer.wait()

    def _stand(self) -> None:
        """While no frame is made: repeat the clock, and look whether the world still stands."""
        self._frame().wait_answers(whole=True)
        publisher = self._parts.publisher
        publisher.clock(self._state.at.stamp_ns)
        publisher.beside(self._parts.readers.look)
        if self._lost is None and time.monotonic() - self._looked_s > _LOOK_S:
            self._looked_s = time.monotonic()
            self.session.look()

    def _frame(self) -> EgoFrame:
        return EgoFrame(self._p, self._parts, self.episode, self._state)

    @property
    def episode(self) -> LiveEpisode:
        """The episode that is open."""
        assert self._episode is not None
        return self._episode

    @property
    def session(self) -> Session:
        """The session with CARLA."""
        return self.episode.session

    @property
    def entities(self) -> Entities:
        """Everything in the world, by name."""
        return self.episode.entities

    @property
    def stamp_ns(self) -> int:
        """The stamp of the last frame."""
        return self._state.at.stamp_ns

    def reset(self, *, keep_spawned: bool) -> None:
        """Open the episode anew; who was spawned is put back or destroyed. Time goes on."""
        if self._p.lockstep:
            raise InputError("a run in lock-step cannot be reset; start another")
        spawned = self.entities.spawned if keep_spawned else []
        try:
            self._close_episode()
        finally:
            self._reopen_episode(self.session)
        for one in spawned:
            self.entities.spawn(one.spec, matrix_of(one.place))

    def destroy_spawned(self) -> None:
        """Destroy everybody who was spawned."""
        self.entities.remove_spawned()

    def load_world(self, name: str, xodr: str) -> None:
        """Open an episode in the map called ``name``, or else in one made of OpenDRIVE text."""
        if self._p.lockstep or self._p.mode != "drive" or self._parts.scene is not None:
            raise InputError(
                "only a run in mode drive, without lock-step and without a scene, changes its world"
            )
        session = self.session
        try:
            self._close_episode()
            change_world(session, name, xodr, self._p.tick_ns)
            self._map = name
        finally:  # a map that CARLA refused leaves the old one
            self._reopen_episode(session)
