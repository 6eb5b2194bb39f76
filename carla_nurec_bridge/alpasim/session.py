"""One session of the driver contract: its clock, where the ego has been, and what came."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock

import numpy as np

from ..core.errors import InputError, RefusalError
from ..core.frames import Matrix, interpolate, rotation_rate
from ..core.run_contract.timebase import NS_PER_S
from ..nurec.stubs import common_pb2 as common
from ..world.states import EgoState
from ..world.timed_path import TimedPath
from .codes import Code
from .conversion import DeclaredCamera, RigMotion, rig_motion, timed_path
from .session_clock import SessionClock
from .stack import SessionInfo

_KEEP = 4096
_MOST_WAITING = 16
_UNTOLD = np.full(3, np.nan)


@dataclass(eq=False)
class DriverSession:
    """What is known of an open session; ``lock`` is held while it changes.

    ``after_ns`` is the last stamp of the session before it. ``counts`` has what came and what
    became of it, ``last_images_ns`` the newest image by camera.
    """

    info: SessionInfo
    cameras: dict[str, DeclaredCamera]
    after_ns: int
    lock: RLock = field(default_factory=RLock)
    counts: Counter[str] = field(default_factory=Counter)
    last_images_ns: dict[str, int] = field(default_factory=dict)
    clock: SessionClock | None = None
    started: bool = False
    newest_ns: int = 0
    heard_at_s: float = field(default_factory=time.monotonic)
    driving: bool = False
    closed: bool = False
    _unplaced: list[tuple[int, Callable[[Matrix], None]]] = field(default_factory=list)
    _stamps_ns: list[int] = field(default_factory=list)
    _poses: list[Matrix] = field(default_factory=list)

    def stamp_ns(self, time_us: int) -> int:
        """Return the stamp of one of AlpaSim's times; the first one starts the clock."""
        if self.clock is None:
            self.clock = SessionClock.starting_at(time_us, self.after_ns)
        stamp_ns = self.clock.stamp_ns(time_us)
        self.newest_ns = max(self.newest_ns, stamp_ns)
        return stamp_ns

    @property
    def last_pose_ns(self) -> int:
        """The stamp of the newest pose, 0 before the first."""
        return self._stamps_ns[-1] if self._stamps_ns else 0

    def pose_at(self, stamp_ns: int) -> Matrix | None:
        """Return map_from_base at a stamp; None where no pose has come for it yet.

        Between two poses it is interpolated; before the first one it is that.
        """
        if not self._stamps_ns or stamp_ns > self._stamps_ns[-1]:
            return None
        after = int(np.searchsorted(self._stamps_ns, stamp_ns))
        if after == 0 or self._stamps_ns[after] == stamp_ns:
            return self._poses[after]
        begin_ns, end_ns = self._stamps_ns[after - 1], self._stamps_ns[after]
        share = (stamp_ns - begin_ns) / (end_ns - begin_ns)
        return interpolate(self._poses[after - 1], self._poses[after], share)

    def move(
        self, trajectory: common.Trajectory, states: list[common.DynamicState]
    ) -> list[tuple[int, EgoState]]:
        """Add poses; return those that are new, with their stamps.

        Poses up to the newest one known come again at each step: they are counted as repeated.
        """
        if states and len(states) != len(trajectory.poses):
            raise RefusalError(
                Code.INVALID_ARGUMENT,
                f"{len(states)} dynamic states came with {len(trajectory.poses)} poses; send one "
                "a pose, or none",
            )
        if not trajectory.poses:
            return []
        self.stamp_ns(trajectory.poses[0].timestamp_us)
        assert self.clock is not None
        path = timed_path(trajectory, self.clock)
        assert path is not None
        motions = [rig_motion(state) for state in states]
        new = [i for i, stamp_ns in enumerate(path.stamps_ns) if stamp_ns > self.last_pose_ns]
        self.counts["poses"] += len(new)
        if len(new) < len(path.stamps_ns):
            self.counts["poses_repeated"] += len(path.stamps_ns) - len(new)
        return [self._add(path, i, motions[i] if motions else None) for i in new]

    def _add(self, path: TimedPath, index: int, motion: RigMotion | None) -> tuple[int, EgoState]:
        stamp_ns, pose = int(path.stamps_ns[index]), path.map_from_base[index]
        motion = motion or self._difference(stamp_ns, pose)
        self._stamps_ns.append(stamp_ns)
        self._poses.append(pose)
        del self._stamps_ns[:-_KEEP], self._poses[:-_KEEP]
        self.newest_ns = max(self.newest_ns, stamp_ns)
        state = EgoState(
            pose, motion.linear_mps, motion.angular_radps, motion.acceleration_mps2, None
        )
        return stamp_ns, state

    def _difference(self, stamp_ns: int, pose: Matrix) -> RigMotion:
        """Return the motion since the pose before, where none was told; at first it is at rest."""
        self.counts["poses_without_motion"] += 1
        if not self._stamps_ns:
            return RigMotion(np.zeros(3), np.zeros(3), _UNTOLD)
        dt_s = (stamp_ns - self._stamps_ns[-1]) / NS_PER_S
        before = self._poses[-1]
        linear = pose[:3, :3].T @ (pose[:3, 3] - before[:3, 3]) / dt_s
        return RigMotion(linear, rotation_rate(before, pose, dt_s), _UNTOLD)

    def once_placed(self, stamp_ns: int, tell: Callable[[Matrix], None]) -> None:
        """Have ``tell`` called with the pose at a stamp, as soon as it is known.

        What waits for poses that do not come is forgotten and counted, the oldest first.
        """
        self._unplaced.append((stamp_ns, tell))
        self.place()
        if len(self._unplaced) > _MOST_WAITING:
            del self._unplaced[0]
            self.counts["never_placed"] += 1

    def place(self) -> None:
        """Tell what has waited for poses that are known now."""
        ready = [item for item in self._unplaced if item[0] <= self.last_pose_ns]
        self._unplaced = [item for item in self._unplaced if item[0] > self.last_pose_ns]
        for stamp_ns, tell in ready:
            pose = self.pose_at(stamp_ns)
            assert pose is not None
            tell(pose)

    def camera(self, logical_id: str) -> DeclaredCamera:
        """Return a camera of the session; InputError for one that it has not declared."""
        if logical_id not in self.cameras:
            known = ", ".join(sorted(self.cameras)) or "none"
            raise InputError(
                f"the camera {logical_id!r} was not declared in start_session; declared: {known}"
            )
        return self.cameras[logical_id]
