"""The topics that a run's bag holds, by numbers: planned streams first, then what just happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

from ...core.rig.rig import Rig
from ...core.run_contract.streams import Stream, plan_streams
from ...core.run_contract.timebase import seconds_to_ns
from ...core.run_contract.topic import Topic
from ...core.run_contract.topics import TOPICS
from ...recording import OfferedQos
from ..parameters.recorder import RecorderParameters
from ..publishers.publishers import message_class
from ..publishers.qos import profile
from .offered_qos import offered_qos

_READ_DEPTH = 100


@dataclass(frozen=True)
class RecordedTopics:
    """Planned ``streams``, ``events`` without a plan; ``names`` and ``rows`` of both together."""

    streams: tuple[Stream, ...]
    events: tuple[Topic, ...]
    names: tuple[str, ...]
    rows: tuple[Topic, ...]

    def subscribe(self, node: Node, take: Callable[[int, bytes], None]) -> None:
        """Have ``take(number, bytes)`` called in the executor with each serialized message.

        Readers are told to others in the order in which they are made, that of ``lockstep/done``
        last: whoever is heard there knows of all of them, and nothing that it sends is lost.
        """
        told_last = sorted(enumerate(self.rows), key=lambda n: n[1] is TOPICS["lockstep_done"])
        for number, row in told_last:
            name, qos = self.names[number], profile(row.qos)
            qos.depth = max(qos.depth, _READ_DEPTH)  # room for a burst: nothing may be lost
            receive = partial(take, number)
            # rclpy's own events of QoS are two more things to wait for with every message, for
            # each topic: half of the executor's time. ``mismatched`` finds what they tell.
            no_events = SubscriptionEventCallbacks(use_default_callbacks=False)
            node.create_subscription(
                message_class(row.type), name, receive, qos, raw=True, event_callbacks=no_events
            )

    def mismatched(self, node: Node) -> list[str]:
        """Return a sentence for each publisher that a topic cannot be read from."""
        found = []
        for name, row in zip(self.names, self.rows, strict=True):
            for info in node.get_publishers_info_by_topic(name):
                fits, why = qos_check_compatible(info.qos_profile, profile(row.qos))
                if fits == QoSCompatibility.ERROR:
                    found.append(
                        f"{name} of {info.node_name} cannot be recorded: what it offers does not "
                        f"fit what is asked for ({why.strip().rstrip(';.')})"
                    )
        return found

    def offered(self, node: Node, number: int) -> tuple[OfferedQos, ...]:
        """Return what the publishers of a topic offer; without any, what ours would."""
        ours = profile(self.rows[number].qos)
        infos = node.get_publishers_info_by_topic(self.names[number])
        found = {offered_qos(info.qos_profile, ours) for info in infos}
        return tuple(sorted(found, key=repr)) or (offered_qos(ours, ours),)


def recorded_topics(node: Node, rig: Rig, p: RecorderParameters) -> RecordedTopics:
    """Return the topics of a run, their names resolved as the node's remappings say."""
    dt_ns, truth = seconds_to_ns(p.dt_s), bool(p.ground_truth)
    streams = plan_streams(
        rig,
        dt_ns,
        p.participants,
        ground_truth=truth,
        latency=p.sensor_latency(p.seed),
        agent_period=p.agent_period_frames if p.lockstep else 1,
    )
    planned = {stream.key for stream in streams}
    events = tuple(
        row
        for key, row in TOPICS.items()
        if row.in_bag and key not in planned and row.cadence in ("event", "answer")
    )
    topics = (*(stream.topic for stream in streams), *(event.name for event in events))
    return RecordedTopics(
        streams,
        events,
        tuple(node.resolve_topic_name(topic) for topic in topics),
        (*(stream.row for stream in streams), *events),
    )
