"""Where any frame is in any other: the transforms of TF, chained over their common ancestor."""

from __future__ import annotations

import threading

import numpy as np

from .errors import InputError
from .frames import Matrix, invert
from .pose_history import PoseHistory

_DEEPEST = 64


class TransformTree:
    """Collects parent_from_child transforms; safe from several threads.

    A child has one parent. Stamps are ns; those of static transforms do not matter.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._edges: dict[str, tuple[str, PoseHistory]] = {}

    def add(
        self, parent: str, child: str, stamp_ns: int, parent_from_child: Matrix, *, static: bool
    ) -> None:
        """Take ``parent_from_child`` (4, 4); a new parent or older stamp begins its history anew.

        A ``static`` one holds at all times.
        """
        with self._lock:
            known = self._edges.get(child)
            fresh = known is None or known[0] != parent or static or known[1].last_ns >= stamp_ns
            if fresh:
                known = (parent, PoseHistory())
                self._edges[child] = known
            assert known is not None
            known[1].add(stamp_ns, parent_from_child)

    def lookup(self, target: str, source: str, stamp_ns: int | None = None) -> Matrix:
        """Return target_from_source (4, 4) at a stamp, or the latest.

        Between two transforms it is interpolated, beyond them held. InputError names the frames
        when nothing connects them.
        """
        with self._lock:
            targets = self._to_root(target, stamp_ns)
            sources = self._to_root(source, stamp_ns)
        for frame, ancestor_from_source in sources.items():
            if frame in targets:
                result: Matrix = invert(targets[frame]) @ ancestor_from_source
                return result
        known = ", ".join(sorted({*self._edges, *(p for p, _ in self._edges.values())})) or "none"
        raise InputError(f"no transform connects {source!r} with {target!r}; TF has: {known}")

    def connects(self, target: str, source: str) -> bool:
        """Say whether transforms lead from one frame to the other."""
        with self._lock:
            targets, sources = self._to_root(target, None), self._to_root(source, None)
        return not targets.keys().isdisjoint(sources)

    def _to_root(self, frame: str, stamp_ns: int | None) -> dict[str, Matrix]:
        """Return ancestor_from_frame of a frame itself and all its ancestors, nearest first."""
        chain = {frame: np.eye(4)}
        pose = np.eye(4)
        while frame in self._edges and len(chain) < _DEEPEST:
            parent, history = self._edges[frame]
            at_ns = history.last_ns if stamp_ns is None else stamp_ns
            pose = history.at(at_ns) @ pose
            if parent in chain:
                raise InputError(f"the transforms of TF run in a circle through {parent!r}")
            chain[parent] = pose
            frame = parent
        return chain
