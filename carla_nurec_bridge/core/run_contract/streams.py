"""Which messages a run must produce, from the rig and the tick schedule alone.

Expected counts never come from a producer: the recorder waits for what this plan says, and the
report compares against it. Frame 0 is the world before the first tick, which only the state
streams describe; a sensor of period p ticks delivers at frames p, 2p, 3p ...
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..errors import InputError
from ..lockstep.delivery import AT_ONCE, Delivery
from ..lockstep.latency import NO_LATENCY, Latency
from ..rig.outputs import CAMERA_OUTPUTS
from ..rig.rig import Rig, RigCamera
from ..rig.sensor_base import SampledSensor
from .timebase import is_due, period_in_ticks
from .topic import Topic
from .topics import TOPICS

EGO = "carla_ego"
NUREC = "nurec_render"
RECORDER = "cosmos_recorder"
AGENT = "route_agent"
EGODRIVER = "egodriver_agent"
EVAL = "closed_loop_eval"
TRACKER = "plan_tracker"
PARTICIPANTS = (EGO, NUREC, AGENT, EGODRIVER, TRACKER, EVAL, RECORDER)
"""Names of the nodes that a run may hold, in the order in which they act within a frame."""
AGENTS = (AGENT, EGODRIVER, TRACKER)
"""Those that drive; a run has one of them at most."""

_EGO_STATE = (
    "clock",
    "tf",
    "odometry",
    "imu",
    "gnss",
    "vehicle_state",
    "objects",
    "objects_states",
    "objects_markers",
    "traffic_lights",
)
_EGO_LATCHED = (
    "tf_static",
    "map_opendrive",
    "map_markers",
    "objects_tracks",
    "robot_description",
    "vehicle_info",
)
_SOURCES = {"carla": EGO, "nurec": NUREC}


@dataclass(frozen=True)
class Stream:
    """One expected stream: a topic of one producer.

    ``period_ticks`` is the distance of two messages in ticks, 0 for a latched topic that is
    published once at the start. ``frame0`` says whether frame 0 has one too. ``sensor`` is the
    rig's name of the sensor, empty for state. ``delivery`` says when a message goes out that has
    the stamp of a frame.
    """

    topic: str
    key: str
    producer: str
    period_ticks: int
    frame0: bool
    sensor: str = ""
    delivery: Delivery = AT_ONCE

    @property
    def row(self) -> Topic:
        """The row of the topic table that this stream belongs to."""
        return TOPICS[self.key]

    def due(self, frame: int) -> bool:
        """Say whether a message with the stamp of ``frame`` is expected."""
        if self.period_ticks == 0:
            return False
        return self.frame0 if frame == 0 else is_due(frame, self.period_ticks)


def plan_streams(
    rig: Rig,
    dt_ns: int,
    participants: Iterable[str],
    *,
    ground_truth: bool = False,
    latency: Latency = NO_LATENCY,
    agent_period: int = 1,
) -> tuple[Stream, ...]:
    """Return every stream that a run with these participants must produce.

    ``rig`` names the sensors with their sources and rates, ``dt_ns`` is the tick. Sensors whose
    source has no participant are left out; the route is there for any agent, a user's own too.
    ``ground_truth`` is told where odometry drifts, ``latency`` is that of sensors, and
    ``route_agent`` is asked every ``agent_period`` ticks.
    InputError when a rate does not divide the tick rate, which names the rig and its file.
    """
    try:
        told = plan_ground_truth() if ground_truth else ()
        streams = (*_planned(rig, dt_ns, participants, agent_period), *told)
    except InputError as error:
        file = f", {rig.source}" if rig.source else ""
        raise InputError(f"{error} (rig {rig.name}{file})") from error
    return tuple(
        replace(s, delivery=Delivery(latency, dt_ns, s.sensor, s.period_ticks))
        if s.sensor and s.period_ticks
        else s
        for s in streams
    )


def _planned(
    rig: Rig, dt_ns: int, participants: Iterable[str], agent_period: int
) -> tuple[Stream, ...]:
    present = set(participants)
    streams = [Stream(TOPICS[key].name, key, EGO, 1, True) for key in _EGO_STATE]
    streams += [Stream(TOPICS[key].name, key, EGO, 0, False) for key in _EGO_LATCHED]
    if present & set(AGENTS) or present - set(PARTICIPANTS):
        streams.append(Stream(TOPICS["route"].name, "route", EGO, 0, False))
    for agent in [name for name in AGENTS if name in present][:1]:
        streams += plan_agent(agent, agent_period if agent == AGENT else 1)
    streams += plan_scores() if EVAL in present else ()
    for camera in rig.cameras:
        if _SOURCES[camera.source] in present:
            streams += _camera_streams(camera, dt_ns)
    for lidar in rig.lidars:
        if _SOURCES[lidar.source] in present:
            period = period_in_ticks(lidar.rate_hz, dt_ns, f"lidar {lidar.name}")
            topic = TOPICS["points"].named(lidar.name)
            producer = _SOURCES[lidar.source]
            streams.append(Stream(topic, "points", producer, period, False, lidar.name))
    streams += [_sensor_stream(s, dt_ns) for s in rig.sensors if isinstance(s, SampledSensor)]
    return tuple(streams)


def plan_ground_truth() -> tuple[Stream, ...]:
    """Return what ``carla_ego`` produces where odometry is an estimate."""
    return (Stream(TOPICS["ground_truth"].name, "ground_truth", EGO, 1, True),)


def plan_agent(agent: str, period_ticks: int = 1) -> tuple[Stream, ...]:
    """Return what the agent under test must produce: a command at each frame of its period."""
    topic = TOPICS["command_ackermann"].name
    return (Stream(topic, "command_ackermann", agent, period_ticks, True),)


def plan_scores() -> tuple[Stream, ...]:
    """Return what ``closed_loop_eval`` must produce: what the scores say at each frame."""
    return (Stream(TOPICS["scores_tick"].name, "scores_tick", EVAL, 1, True),)


def _sensor_stream(sensor: SampledSensor, dt_ns: int) -> Stream:
    period = period_in_ticks(sensor.rate_hz, dt_ns, f"sensor {sensor.name}")
    topic = sensor.topic.named(sensor.name)
    return Stream(topic, sensor.topic_key, EGO, period, False, sensor.name)


def _camera_streams(camera: RigCamera, dt_ns: int) -> list[Stream]:
    period = period_in_ticks(camera.rate_hz, dt_ns, f"camera {camera.name}")
    producer = _SOURCES[camera.source]
    keys = [CAMERA_OUTPUTS[output].topic_key for output in camera.outputs]
    streams = [
        Stream(TOPICS[key].named(camera.name), key, producer, period, False, camera.name)
        for key in (*keys, "camera_info")
    ]
    calibration = TOPICS["calibration"].named(camera.name)
    streams.append(Stream(calibration, "calibration", producer, 0, False, camera.name))
    return streams


def expected_count(stream: Stream, frames: int) -> int:
    """Return how many messages a run of ``frames`` ticks (frames 0 to ``frames``) must have.

    What is still under way at its end is none.
    """
    if stream.period_ticks == 0:
        return 1
    captured = frames // stream.period_ticks + int(stream.frame0)
    return captured - stream.delivery.under_way(frames)


_READS = {
    NUREC: {"odometry", "ground_truth", "objects", "objects_tracks"},
    AGENT: {"odometry", "objects", "traffic_lights", "route", "vehicle_info"},
    EGODRIVER: {"odometry", "route", "vehicle_info", "compressed"},
    EVAL: {
        "odometry",
        "ground_truth",
        "objects",
        "traffic_lights",
        "tf_static",
        "map_opendrive",
        "robot_description",
        "route",
        "plan",
    },
    TRACKER: {"odometry", "route", "vehicle_info", "plan"},
    EGO: {
        "command_ackermann",
        "command_twist",
        "command_direct",
        "command_manual",
        "manual_override",
        "command_weather",
        "command_spawn",
        "objects_inserted",
        "lockstep_done",
    },
    RECORDER: {key for key, row in TOPICS.items() if row.in_bag},
}


def readers(key: str, participants: Iterable[str]) -> tuple[str, ...]:
    """Return those of our participants that subscribe to the topic of row ``key``."""
    return tuple(name for name in participants if key in _READS.get(name, ()))
