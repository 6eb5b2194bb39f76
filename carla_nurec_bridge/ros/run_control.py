"""Pause, step, reset and spawn: services on standard messages, served between frames."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from ..core.errors import BridgeError

_WAIT_S = 60.0
_HEARTBEAT_S = 0.25


@dataclass
class _Job:
    work: Callable[[], str]
    done: threading.Event = field(default_factory=threading.Event)
    ok: bool = False
    text: str = "was not reached in time"


class RunControl:
    """The node's services ``~/pause``, ``~/step`` and one for each given job.

    Jobs run in the thread that ticks, between two frames; a service answers when its job is done.
    In lock-step, where that thread waits for messages of the executor, it answers at once that
    the job is queued.
    """

    def __init__(
        self, node: Node, jobs: Mapping[str, Callable[[], str]], *, lockstep: bool
    ) -> None:
        self._lockstep = lockstep
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._paused = False
        self._steps = 0
        node.create_service(SetBool, "~/pause", self._pause)
        node.create_service(Trigger, "~/step", self._step)
        for name, work in jobs.items():
            node.create_service(Trigger, f"~/{name}", self._serve(work))

    @property
    def paused(self) -> bool:
        """Whether the simulation stands."""
        with self._changed:
            return self._paused

    def pause(self, paused: bool) -> None:
        """Let the simulation stand, or go on."""
        with self._changed:
            self._paused, self._steps = paused, 0
            self._changed.notify_all()

    def step(self, frames: int) -> None:
        """Let a paused simulation make some frames."""
        with self._changed:
            self._steps += frames
            self._changed.notify_all()

    def wait_turn(self, heartbeat: Callable[[], None]) -> bool:
        """Do the queued jobs and wait until the next frame may begin.

        ``heartbeat`` is called a few times a second meanwhile. Says whether there was a pause.
        """
        waited = False
        while True:
            self._work()
            with self._changed:
                if not self._paused:
                    return waited
                if self._steps > 0:
                    self._steps -= 1
                    return True
                self._changed.wait(_HEARTBEAT_S)
            waited = True
            heartbeat()

    def run(self, work: Callable[[], str]) -> tuple[bool, str]:
        """Queue a job; say whether it succeeded, and what it or its error says."""
        job = _Job(work)
        self._jobs.put(job)
        with self._changed:
            self._changed.notify_all()
        if self._lockstep:
            return True, "queued for the end of the frame"
        job.done.wait(_WAIT_S)
        return job.ok, job.text

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            try:
                job.text, job.ok = job.work(), True
            except BridgeError as error:
                job.text = str(error)
            finally:
                job.done.set()

    def _serve(
        self, work: Callable[[], str]
    ) -> Callable[[Trigger.Request, Trigger.Response], Trigger.Response]:
        def serve(_request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            response.success, response.message = self.run(work)
            return response

        return serve

    def _pause(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self.pause(request.data)
        response.success, response.message = True, "paused" if request.data else "running"
        return response

    def _step(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self.paused
        if response.success:
            self.step(1)
        response.message = "one frame" if response.success else "not paused; call ~/pause first"
        return response
