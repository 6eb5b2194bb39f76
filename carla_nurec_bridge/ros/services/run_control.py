"""Play, pause, steps and jobs: what is asked of the thread that ticks, done between frames."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from ...core.errors import (
    BridgeError,
    DeadlineError,
    InputError,
    ProtocolError,
    RunError,
    told,
)

T = TypeVar("T")
State = Literal["playing", "paused", "stopped", "quitting"]

_WAIT_S = 60.0
_HEARTBEAT_S = 0.25


@dataclass(eq=False)
class _Job:
    work: Callable[[], Any]
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BridgeError | None = None


class RunControl:
    """What the simulation does; one thread ticks and calls ``wait_turn``, others ask.

    A ``stopped`` simulation is a paused one that has been reset.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._state: State = "playing"
        self._steps = 0
        self._stepping = False
        self._made = 0
        self._over = False

    @property
    def state(self) -> State:
        """What the simulation does now."""
        with self._changed:
            return self._state

    def become(self, state: State) -> None:
        """Let the simulation play, stand or end; steps that are left are not made."""
        with self._changed:
            self._state, self._steps = state, 0
            self._changed.notify_all()

    def call(self, work: Callable[[], T]) -> T:
        """Have ``work`` done between two frames and return what it returns.

        Raises its BridgeError; ProtocolError for what CARLA's client raises, FaultError for what
        nobody foresaw, RunError when the run is over, DeadlineError when the present frame does
        not end within a minute: then the work is not done later either, unless it had begun.
        """
        job = _Job(work)
        with self._changed:
            if self._over:
                raise RunError("the run is over")
            self._jobs.append(job)
            self._changed.notify_all()
        if not job.done.wait(_WAIT_S):
            raise DeadlineError(self._given_up(job))
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def _given_up(self, job: _Job) -> str:
        """Take a job back that has waited too long; return what to say of it."""
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                return f"the present frame did not end within {_WAIT_S:g} s; nothing was done"
        return f"it was begun, and did not end within {_WAIT_S:g} s; it goes on"

    def step(self, frames: int, on_frame: Callable[[int], bool] = lambda _: True) -> None:
        """Let a paused simulation make some frames and wait for them.

        ``on_frame`` hears how many are made after each and may end it by returning False.
        InputError when the simulation plays or makes steps already, RunError when somebody lets it
        play meanwhile, DeadlineError when a frame takes more than a minute.
        """
        with self._changed:
            if self._state not in ("paused", "stopped"):
                raise InputError(f"the simulation is {self._state}; pause it first")
            if self._steps:
                raise InputError("steps are being made already; wait for them")
            self._state, self._steps = "paused", frames
            start = self._made
            self._changed.notify_all()
        for made in range(1, frames + 1):
            self._await_frame(start + made)
            go_on = False
            try:
                go_on = on_frame(made)
            finally:
                if not go_on:
                    with self._changed:
                        self._steps = 0
            if not go_on:
                return

    def _await_frame(self, count: int) -> None:
        with self._changed:
            ended = self._changed.wait_for(
                lambda: self._made >= count or self._steps == 0 or self._over, _WAIT_S
            )
            if self._made >= count:
                return
        if not ended:
            raise DeadlineError(f"a step did not end within {_WAIT_S:g} s")
        raise RunError("the steps were not made: the simulation was let play, or the run is over")

    def wait_turn(self, heartbeat: Callable[[], None]) -> bool:
        """Do the queued jobs and wait until the next frame may begin, or the run is to end.

        ``heartbeat`` is called a few times a second meanwhile. Says whether there was a pause.
        """
        waited = False
        with self._changed:
            if self._stepping:
                self._stepping = False
                self._made += 1
                self._steps = max(0, self._steps - 1)
                self._changed.notify_all()
        while True:
            self._work()
            with self._changed:
                if self._state in ("playing", "quitting"):
                    return waited
                if self._steps > 0:
                    self._stepping = True
                    return True
                if not self._jobs:
                    self._changed.wait(_HEARTBEAT_S)
            waited = True
            heartbeat()

    def close(self) -> None:
        """Send away everybody who waits: no frame comes any more."""
        with self._changed:
            self._over = True
            jobs, self._jobs = self._jobs, deque()
            self._changed.notify_all()
        for job in jobs:
            job.error = RunError("the run is over")
            job.done.set()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._jobs:
                    return
                job = self._jobs.popleft()
            job.error = RunError("the run was ended meanwhile")
            try:
                job.result = job.work()
                job.error = None
            except Exception as error:  # noqa: BLE001 - it belongs to the thread that waits for it
                if type(error) is RuntimeError:  # CARLA's client knows no other
                    job.error = ProtocolError(f"CARLA: {error}")
                else:
                    job.error = told(error)
            finally:
                job.done.set()
