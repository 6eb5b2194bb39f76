"""Quality of service by the kind that the topic table names."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from ...core.run_contract.topic import Qos

_DEPTH: dict[Qos, int] = {
    "clock": 10,
    "sensor": 5,
    "state": 10,
    "latched": 1,
    "command": 10,
    "event": 100,
    "tf": 100,
    "tf_static": 1,
}


def profile(kind: Qos) -> QoSProfile:
    """Return the profile that publishers and subscribers of this kind of topic use.

    All are reliable: a reliable publisher serves best-effort readers too, and the recorder must
    lose nothing. Latched kinds keep their last message for late readers.
    """
    latched = kind in ("latched", "tf_static")
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=_DEPTH[kind],
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
