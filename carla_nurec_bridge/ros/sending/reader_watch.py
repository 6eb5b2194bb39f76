"""Readers that have stopped: found and named, because they cost their writer time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher

from ..lockstep.clock_owner import called

_LOOK_S, _LOOK_AGAIN_S = 1.0, 0.4
"""Wall time from one look to the next, and to the one after a reader was found behind: to ask of 33
topics takes 3 ms of processor time."""
_SILENT_S = 0.7
_AT_ONCE = Duration(nanoseconds=0)
_HOST, _PROCESS, _PARTICIPANT = slice(2, 4), slice(4, 6), slice(0, 12)
"""Where a Fast DDS endpoint's GUID has its host, the low bits of its process, and its node."""
_STOPPED = "Tt"


@final
class ReaderWatch:
    """Looks whether readers of what is published have stopped; ``silent`` names them.

    A reliable reader acknowledges in threads of its middleware, so a slow program does, a stopped
    one does not. Acknowledgements come late for other reasons too, so that alone accuses nobody:
    the reader's process on this machine must be stopped (SIGSTOP, a debugger).
    """

    def __init__(self, node: Node, publishers: Mapping[str, Publisher]) -> None:
        self._node = node
        self._publishers = publishers
        self._behind_s: dict[str, float] = {}
        self._next_s = 0.0
        self.silent: tuple[str, ...] = ()

    @property
    def is_due(self) -> bool:
        """Whether it is time for another look, which is at most a few times a second."""
        return time.monotonic() >= self._next_s

    def look(self) -> None:
        """Look, if it is time."""
        if not self.is_due:
            return
        now_s = time.monotonic()
        unheard = []
        for topic, publisher in self._publishers.items():
            if publisher.get_subscription_count() == 0 or publisher.wait_for_all_acked(_AT_ONCE):
                self._behind_s.pop(topic, None)
            elif now_s - self._behind_s.setdefault(topic, now_s - _LOOK_AGAIN_S) > _SILENT_S:
                unheard.append(publisher)
        self._next_s = now_s + (_LOOK_AGAIN_S if self._behind_s else _LOOK_S)
        before, self.silent = self.silent, self._stopped_readers(unheard)
        for name in self.silent:
            if name not in before:
                self._node.get_logger().warning(f"{name} reads and has stopped; it costs time")
        for name in set(before) - set(self.silent):
            self._node.get_logger().info(f"{name} goes on, or is gone")

    def _stopped_readers(self, publishers: Sequence[Publisher]) -> tuple[str, ...]:
        """Return the stopped programs on this machine that read any of these."""
        readers = {}
        for publisher in publishers:
            for info in self._node.get_subscriptions_info_by_topic(publisher.topic_name):
                guid = bytes(info.endpoint_gid)[_PARTICIPANT]
                readers[guid] = called(info.node_name, info.node_namespace)
        if not readers:
            return ()
        infos = self._node.get_publishers_info_by_topic(publishers[0].topic_name)
        hosts = {bytes(info.endpoint_gid)[_HOST] for info in infos}
        here = {guid[_PROCESS]: name for guid, name in readers.items() if guid[_HOST] in hosts}
        found = []
        for folder in Path("/proc").iterdir():
            number = int(folder.name) if folder.name.isdigit() else 0
            name = here.get((number & 0xFFFF).to_bytes(2, "little"))
            if name is not None and _state(folder) in _STOPPED:
                found.append(f"{name} (process {number})")
        return tuple(sorted(found))


def _state(process: Path) -> str:
    """Return the state of a process by its folder below /proc, a question mark if it is gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "?"
