"""Where plans may come from: a topic and a reader for each kind of message that is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Generic, Protocol, TypeVar

from nav_msgs.msg import Path

from ...core.run_contract.topics import TOPICS
from ...world.timed_path import TimedPath
from .autoware import read_autoware
from .messages import PoseAt, read_multi_dof, read_path

T = TypeVar("T")
PlanAt = Callable[[PoseAt], TimedPath]
"""A plan that is still to be told where the ego was."""


@dataclass(frozen=True)
class Source(Generic[T]):
    """A topic, its message class, and what makes an answer of a message (InputError: none)."""

    topic: str
    message: Any
    read: Callable[[Any], T]


class PlanReader(Protocol):
    """Makes a plan of a message; InputError says why it is none."""

    def __call__(self, message: Any, pose_at: PoseAt) -> TimedPath:
        """Return the plan in the map."""


@dataclass(frozen=True)
class PlanKind:
    """A kind of message that plans come in, on its topic."""

    topic: str
    message: Any
    read: PlanReader

    def at_once(self, pose_at: PoseAt) -> Source[TimedPath]:
        """Return the source whose messages are read as they come."""
        return Source(self.topic, self.message, partial(self.read, pose_at=pose_at))

    def later(self) -> Source[PlanAt]:
        """Return the source whose messages are read once it is known where the ego was."""
        return Source(self.topic, self.message, lambda message: partial(self.read, message))


_OPTIONAL: tuple[tuple[str, str, str, PlanReader], ...] = (
    ("command/trajectory", "trajectory_msgs", "MultiDOFJointTrajectory", read_multi_dof),
    ("plan/autoware", "autoware_planning_msgs", "Trajectory", read_autoware),
)
"""Topic, package, message and reader of plans whose package need not be there."""


def plan_kinds() -> list[PlanKind]:
    """Return the kinds of plans whose messages are installed."""
    optional = [
        PlanKind(topic, getattr(import_module(f"{package}.msg"), name), read)
        for topic, package, name, read in _OPTIONAL
        if find_spec(package) is not None
    ]
    return [PlanKind(TOPICS["plan"].name, Path, read_path), *optional]
