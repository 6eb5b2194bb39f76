"""The order of one frame of ``carla_ego``: the table ``FRAME`` and its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ...carla_client.session.live_episode import LiveEpisode
from ...carla_client.session.session import Snapshot
from ...carla_client.session.weather import apply_weather, weather_json
from ...carla_client.spectator import follow
from ...core.errors import DeadlineError, told
from ...core.run_contract.run_summary import WHOLE_FRAME
from ...world.pixel_ids import PixelIds
from ...world.states import WorldState
from ..lockstep.clock_owner import refuse_second_clock
from ..parameters.ego import EgoParameters
from .parts import EgoParts
from .state import EgoRunState, health_of

_CHECK_FRAMES = 20
_FIRST_FRAMES = 2
_SAY_CLIPPED_S = 10.0


@dataclass
class EgoFrame:
    """What the steps of one frame work with: parameters, handles in ROS and CARLA, state.

    * snapshot: CARLA's state of the frame; ``tick`` fills it, later ones read it.
    * seen: the same in our values; ``state`` fills it, ``wheels`` and ``watch`` read.
    """

    p: EgoParameters
    parts: EgoParts
    episode: LiveEpisode
    state: EgoRunState
    snapshot: Snapshot = field(init=False)
    seen: WorldState = field(init=False)

    def make(self, *, first: bool) -> None:
        """Go through the table; the ``first`` frame is the episode as it was opened."""
        if first:
            self.snapshot = self.episode.prepared.snapshot
        try:
            with self.parts.timings.stage(WHOLE_FRAME):
                for step in FRAME:
                    if not (first and step.advances):
                        step.work(self)
        except DeadlineError:
            self.episode.session.end_tick()  # one that failed tells why nothing came
            raise

    def wait_answers(self, *, whole: bool) -> None:
        """Wait for the participants' answers; ``whole``: also of who may be behind."""
        parts = self.parts
        parts.owner.wait_answers(parts.inbox, self.tell, parts.publisher.check, whole=whole)

    def tell(self, warning: str) -> None:
        """Publish the node's health; ``warning`` may be empty."""
        state = self.state
        health = health_of(self.parts, state, self.episode)
        self.parts.diagnostics.publish(state.at.stamp_ns, health, warning)

    @property
    def limit_s(self) -> float:
        """How long, in wall time, the frame's sensor data is waited for."""
        early = self.state.at.frame <= _FIRST_FRAMES
        return self.p.first_frame_s if early else self.p.frame_s


@dataclass(frozen=True)
class FrameStep:
    """One step of a frame; those that advance the world are not done for the first frame."""

    name: str
    does: str
    work: Callable[[EgoFrame], None]
    advances: bool = False


def _drive(frame: EgoFrame) -> None:
    inbox, state = frame.parts.inbox, frame.state
    if frame.p.mode == "follow" and not inbox.heard:
        return
    clip = frame.episode.drive(inbox.current())
    if clip:
        state.clipped += 1
        logger = frame.parts.node.get_logger()
        logger.warning(clip, throttle_duration_sec=_SAY_CLIPPED_S)


def _tick(frame: EgoFrame) -> None:
    state, parts = frame.state, frame.parts
    try:
        with parts.timings.stage("tick"):
            frame.snapshot = snapshot = frame.episode.advance(state.at.frame + 1)
    finally:
        watch = frame.episode.watch
        for text in watch.take_warnings() if watch is not None else ():
            parts.node.get_logger().warning(text)
            frame.tell(text)
    # Now that what was sent has been acknowledged: just sent, every reader would look silent.
    if parts.readers.is_due:
        parts.publisher.beside(parts.readers.look)
    state.at.count(snapshot.frame, snapshot.timestamp.elapsed_seconds)


def _publish_state(frame: EgoFrame) -> None:
    parts, state, episode = frame.parts, frame.state, frame.episode
    prepared, observer = episode.prepared, episode.observer
    with parts.timings.stage("state"):
        frame.seen = seen = observer.update(frame.snapshot, state.at.stamp_ns)
        binding = parts.tracks.bind(seen.actors, parts.inserted.ids, prepared.recorded_s)
        recorded = dict(prepared.recorded_ids(frame.snapshot, seen.actors))
        if binding != state.binding or recorded != state.recorded:
            frame.wait_answers(whole=True)  # they hold from this frame on: no older one is in work
        if state.at.frame == 0 or binding != state.binding:
            state.binding = binding
            parts.publisher.binding(binding)
        _note_ambiguous(frame, observer.pixel_ids)
        if recorded != state.recorded:
            state.recorded = recorded
            parts.publisher.recorded(recorded)
        parts.owner.open(state.at.frame, state.at.stamp_ns)
        parts.inbox.open(state.at.stamp_ns)
        parts.publisher.state(seen)


def _note_ambiguous(frame: EgoFrame, pixel_ids: PixelIds) -> None:
    """Say which actors instance images cannot tell apart, once each."""
    known = frame.state.ambiguous
    for group in [group for group in pixel_ids.shared if not known.issuperset(group)]:
        known.update(group)
        frame.tell(
            f"instance images cannot tell actors {', '.join(map(str, group))} apart: their "
            "ids have the same 16 bits; load the world again, so that ids start anew"
        )


def _settle(frame: EgoFrame) -> None:
    with frame.parts.timings.stage("traffic"):
        frame.episode.settle()


def _judge_scenario(frame: EgoFrame) -> None:
    scenario = frame.episode.prepared.scenario
    if scenario is None:
        return
    with frame.parts.timings.stage("scenario"):
        scenario.update(frame.snapshot, frame.seen)
    frame.state.verdict = verdict = scenario.verdict()
    frame.parts.publisher.verdict(verdict)


def _deliver(frame: EgoFrame) -> None:
    frame.parts.deliveries.open(frame.state.at.frame)


def _publish_cameras(frame: EgoFrame) -> None:
    parts, state = frame.parts, frame.state
    for camera in frame.episode.sensors.cameras_due(state.at.frame):
        with parts.timings.stage("carla_pictures"):
            images = camera.take_raw(frame.snapshot.frame, frame.limit_s)
        if images is not None:
            ids = frame.episode.observer.pixel_ids
            send = partial(parts.publisher.camera, state.at.stamp_ns, camera.camera, images, ids)
            parts.deliveries.put(camera.camera.name, state.at.frame, send)


def _publish_sensors(frame: EgoFrame) -> None:
    parts, state = frame.parts, frame.state
    for device in frame.episode.sensors.devices_due(state.at.frame):
        with parts.timings.stage("carla_sensors"):
            reading = device.take(frame.snapshot.frame, frame.limit_s)
        send = partial(parts.publisher.reading, state.at.stamp_ns, device.sensor, reading)
        parts.deliveries.put(device.sensor.name, state.at.frame, send)


def _publish_wheels(frame: EgoFrame) -> None:
    parts, observer = frame.parts, frame.episode.observer
    with parts.timings.stage("wheels"):
        frame.episode.session.call(observer.measure_wheels)
    parts.publisher.wheels(frame.seen, observer.steer_rad)


def _publish_events(frame: EgoFrame) -> None:
    for event in frame.episode.sensors.events():
        frame.parts.publisher.event(frame.state.at.stamp_of(event.frame), event)


def _do_requests(frame: EgoFrame) -> None:
    text = frame.parts.requests.weather()
    if text is None:
        return
    world = frame.episode.session.world
    try:
        apply_weather(world, text)
    except Exception as error:  # noqa: BLE001 - what others ask for ends no run
        frame.tell(f"weather: {told(error)}")
    frame.parts.publisher.weather(weather_json(world))


def _watch(frame: EgoFrame) -> None:
    p, parts, state = frame.p, frame.parts, frame.state
    if parts.readers.silent != state.silent:
        state.silent = parts.readers.silent
        frame.tell(f"silent readers: {', '.join(state.silent) or 'none any more'}")
    if p.spectator:
        spectator = frame.episode.session.world.get_spectator()
        follow(spectator, frame.seen.ego.map_from_base)
    if state.at.frame % _CHECK_FRAMES == 0:
        if p.owns_clock:
            refuse_second_clock(parts.node)
        frame.tell("; ".join(state.unplaced))


def _wait_answers(frame: EgoFrame) -> None:
    with frame.parts.timings.stage("answers"):
        frame.wait_answers(whole=False)


FRAME: tuple[FrameStep, ...] = (
    FrameStep("drive", "the ego does what the command that holds asks", _drive, advances=True),
    FrameStep("tick", "CARLA makes the ticks; frame and stamp are counted", _tick, advances=True),
    FrameStep("state", "/clock goes out, then ego, objects and lights", _publish_state),
    FrameStep("deliveries", "sensor data of earlier frames, where they were under way", _deliver),
    FrameStep("cameras", "CARLA's images that are due", _publish_cameras),
    FrameStep("sensors", "the clouds and readings that are due", _publish_sensors),
    FrameStep("traffic", "the tick ends: Traffic Managers have stepped", _settle, advances=True),
    FrameStep("scenario", "its outcome is judged, its actors are told what to do", _judge_scenario),
    FrameStep("wheels", "the wheels' angle, asked once the images are drawn", _publish_wheels),
    FrameStep("events", "collisions and the like since the last frame", _publish_events),
    FrameStep("requests", "the weather that was asked for", _do_requests),
    FrameStep("watch", "silent readers, the spectator, second clocks, health", _watch),
    FrameStep(
        "answers", "lock-step: all answers that the next frame needs have come", _wait_answers
    ),
)
"""Services are answered between two frames; docs/architecture.md shows the same table."""
