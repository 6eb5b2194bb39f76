"""What the publishers of a topic offer, in the form in which a bag keeps it."""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import HistoryPolicy, QoSProfile

from ...recording import OfferedQos


def offered_qos(offered: QoSProfile, ours: QoSProfile) -> OfferedQos:
    """Return a profile as the bag keeps it; history and depth, which no peer tells, are ours."""
    known = offered if offered.history != HistoryPolicy.UNKNOWN else ours
    return OfferedQos(
        known.history.name.lower(),
        known.depth,
        offered.reliability.name.lower(),
        offered.durability.name.lower(),
        _nanoseconds(offered.deadline),
        _nanoseconds(offered.lifespan),
        "automatic",
        _nanoseconds(offered.liveliness_lease_duration),
    )


def _nanoseconds(duration: Duration) -> int:
    """Return a policy's duration; unset (0) means without end."""
    return int(duration.nanoseconds) or OfferedQos.deadline_ns
