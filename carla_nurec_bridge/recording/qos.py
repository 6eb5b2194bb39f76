"""The quality of service that a publisher offered, in the form in which rosbag2 keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from ..core.run_contract.timebase import NS_PER_S

INFINITE_NS = 2**63 - 1
"""No deadline, lifespan or lease: the largest duration that ROS can write."""

_HISTORY = {"keep_last": 1, "keep_all": 2, "unknown": 3}
_RELIABILITY = {"reliable": 1, "best_effort": 2}
_DURABILITY = {"transient_local": 1, "volatile": 2}
_LIVELINESS = {"automatic": 1, "manual_by_topic": 3}


@dataclass(frozen=True)
class OfferedQos:
    """One offered profile; policies by rosbag2's names, durations in nanoseconds."""

    history: str = "keep_last"
    depth: int = 10
    reliability: str = "reliable"
    durability: str = "volatile"
    deadline_ns: int = INFINITE_NS
    lifespan_ns: int = INFINITE_NS
    liveliness: str = "automatic"
    lease_ns: int = INFINITE_NS


def qos_yaml(profiles: tuple[OfferedQos, ...], version: int) -> str:
    """Return rosbag2's YAML text of offered profiles.

    Bags up to version 8 number the policies as rmw does, later ones name them.
    """
    if not profiles:
        return ""
    entries = [_entry(profile, named=version >= 9) for profile in profiles]
    return yaml.safe_dump(entries, sort_keys=False, default_flow_style=False).strip()


def _entry(profile: OfferedQos, *, named: bool) -> dict[str, Any]:
    def policy(value: str, numbers: dict[str, int]) -> str | int:
        return value if named else numbers[value]

    return {
        "history": policy(profile.history, _HISTORY),
        "depth": profile.depth,
        "reliability": policy(profile.reliability, _RELIABILITY),
        "durability": policy(profile.durability, _DURABILITY),
        "deadline": _duration(profile.deadline_ns),
        "lifespan": _duration(profile.lifespan_ns),
        "liveliness": policy(profile.liveliness, _LIVELINESS),
        "liveliness_lease_duration": _duration(profile.lease_ns),
        "avoid_ros_namespace_conventions": False,
    }


def _duration(duration_ns: int) -> dict[str, int]:
    seconds, nanoseconds = divmod(duration_ns, NS_PER_S)
    return {"sec": seconds, "nsec": nanoseconds}
