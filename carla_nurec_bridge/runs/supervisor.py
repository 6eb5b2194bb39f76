"""Run a graph: start its processes, watch them, name the first that died, leave nothing behind."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..core.errors import BridgeError, InputError, RunError
from ..core.machine.interrupts import deaf, terminate_as_interrupt, uninterrupted
from ..core.machine.shared_memory import (
    SegmentWatch,
    port_files,
    remove_abandoned,
    remove_unused,
    segments,
)
from ..core.run_contract.run_summary import read_run_summary
from ..core.run_contract.streams import RECORDER
from ..core.run_contract.verdict import VERDICT_CODES, ScenarioVerdict
from ..core.teardown import Teardown
from ..recording.recover import recover_bag
from .graph import Graph, write_parameters
from .processes.child import Child
from .processes.memory_watch import MemoryWatch

HEARTBEAT_DEADLINE_S = 5.0
_SUSPICIOUS_SILENCE_S = 1.8
_SPEAK_S = 2.0
STOPPED = 130
_POLL_S = 0.1
_SEGMENTS_PERIOD_S = 1.0


@dataclass(frozen=True)
class RunResult:
    """How a run ended; ``sentence`` says it for a reader, ``codes`` are exit codes by process.

    ``dead`` is the process that broke it, ``memory_bytes`` what all held at once at most.
    ``verdict`` is what came of its scenario, None without one.
    """

    exit_code: int
    sentence: str
    wall_s: float
    codes: Mapping[str, int | None]
    dead: str | None = None
    recovered_bag: Path | None = None
    memory_bytes: int = 0
    verdict: ScenarioVerdict | None = None

    @property
    def ok(self) -> bool:
        """Whether every participant finished its run."""
        return self.exit_code == 0

    @property
    def verdict_code(self) -> int:
        """The exit code that tells the verdict, 0 without a scenario."""
        return VERDICT_CODES[self.verdict.status] if self.verdict is not None else 0


@dataclass(frozen=True)
class _Death:
    name: str
    sentence: str
    exit_code: int


class Supervisor:
    """Runs one graph once, for ``limit_s`` of wall time at most.

    ``on_progress(done, total)`` hears about frames.
    """

    def __init__(
        self,
        graph: Graph,
        on_progress: Callable[[int, int], None] | None = None,
        limit_s: float = math.inf,
    ) -> None:
        self._graph = graph
        self._limit_s = limit_s
        self._on_progress = on_progress
        self._children: dict[str, Child] = {}
        self._progress = (0, graph.config.frames)
        self._next_segments_s = 0.0
        self._segments = SegmentWatch()
        self._memory = MemoryWatch()
        self._first_death_s: float | None = None

    @property
    def pids(self) -> dict[str, int]:
        """The process ids by name."""
        return {name: child.pid for name, child in self._children.items()}

    def run(self) -> RunResult:
        """Start everything, wait for the end, clean up; a keyboard interrupt ends with code 130."""
        started = time.monotonic()
        remove_abandoned()
        write_parameters(self._graph)
        logs = self._graph.config.run_dir / "logs"
        try:
            with terminate_as_interrupt():
                for process in self._graph.processes:
                    log = logs / f"{process.name}.log"
                    self._children[process.name] = Child(process, log)
                death = self._watch(started)
        except KeyboardInterrupt:
            death = _Death("", "the run was stopped by the user", STOPPED)
        except BaseException as error:
            self._teardown().close_after(error)
            raise
        stopped = death is not None and death.exit_code == STOPPED
        with deaf() if stopped else uninterrupted():
            left = self._close()
        wall_s = time.monotonic() - started
        codes = {name: child.code() for name, child in self._children.items()}
        hung = [name for name, child in self._children.items() if child.hung]
        note = f"; {', '.join(hung)} hung at the end and was killed" if hung else ""
        if death is None:
            ego = read_run_summary(self._graph.config.run_dir).carla_ego
            why = f": {ego.reason}" if ego and ego.reason else ""
            sentence = f"finished in {wall_s:.1f} s{why}{left}{note}"
            verdict = ego.verdict if ego else None
            return RunResult(
                1 if left else 0,
                sentence,
                wall_s,
                codes,
                memory_bytes=self._memory.held_bytes,
                verdict=verdict,
            )
        sentence, bag = death.sentence + left + note, None
        try:
            bag = self._recover()
        except BridgeError as error:
            sentence += f"; its bag cannot be recovered: {error}"
        dead = death.name or None
        held_bytes = self._memory.held_bytes
        return RunResult(death.exit_code, sentence, wall_s, codes, dead, bag, held_bytes)

    def _watch(self, started: float) -> _Death | None:
        ended_s: float | None = None
        while True:
            self._listen()
            death = self._first_death()
            if death is not None:
                return death
            participants = [c for c in self._children.values() if c.process.participant]
            running = [c for c in participants if c.code() is None]
            if not running and not any(map(_failed, participants)):
                return None
            if len(running) < len(participants):
                ended_s = ended_s or time.monotonic()
                for child in (c for c in running if not c.leaves):
                    if time.monotonic() - ended_s > child.process.leave_s:
                        return self._died(child, f"did not end within {child.process.leave_s:g} s")
            late = self._not_ready(started)
            if late is not None:
                return late
            if time.monotonic() - started > self._limit_s:
                done, total = self._progress
                sentence = (
                    f"the run took longer than {self._limit_s:g} s, at frame {done} of {total}"
                )
                return _Death("", sentence, RunError.exit_code)
            time.sleep(_POLL_S)

    def _listen(self) -> None:
        children, now_s = self._children.values(), time.monotonic()
        for child in children:
            child.listen(self._note_progress)
        if now_s >= self._next_segments_s:
            self._next_segments_s = now_s + _SEGMENTS_PERIOD_S
            if self._segments.changed(segments()):
                for child in self._children.values():
                    child.note_segments()
        self._memory.look_if_due(children)

    def _note_progress(self, done: int, total: int) -> None:
        self._progress = (done, total)
        if done == total:
            self._memory.look(self._children.values())  # everybody is there, and holds the most
        if self._on_progress is not None:
            self._on_progress(done, total)

    def _first_death(self) -> _Death | None:
        """Return the process that broke the run, if one did.

        A process that was killed or hangs makes its peers give up soon after, so among several
        the silent one and the one ended by a signal come before those that report an error, and
        these before those that left because the run was aborted, who say nothing. One that refuses
        what it was given does so of itself; meanwhile a busy machine may keep others silent.
        """
        running = [c for c in self._children.values() if c.code() is None]
        for child in running:
            if child.silent_s() > HEARTBEAT_DEADLINE_S:
                return self._died(child, f"gave no sign of life for {child.silent_s():.1f} s")
        dead = [c for c in self._children.values() if _failed(c)]
        if not dead:
            return None
        killed = [c for c in dead if (c.code() or 0) < 0]
        refused = [c for c in dead if c.code() == InputError.exit_code and c.last_error()]
        silent = [c for c in running if c.silent_s() > _SUSPICIOUS_SILENCE_S]
        if silent and not killed and not refused:
            child = max(silent, key=lambda one: one.silent_s())
            return self._died(child, f"gave no sign of life for {child.silent_s():.1f} s")
        spoken = [c for c in dead if c.last_error()]
        self._first_death_s = self._first_death_s or time.monotonic()
        if not killed and not spoken and time.monotonic() - self._first_death_s < _SPEAK_S:
            return None
        child = (killed or refused or spoken or dead)[0]
        return self._died(child, child.how_it_ended())

    def _not_ready(self, started: float) -> _Death | None:
        deadline_s = self._graph.config.start_deadline_s
        if time.monotonic() - started < deadline_s:
            return None
        for child in self._children.values():
            if not child.ready:
                return self._died(child, f"was not ready within {deadline_s:g} s")
        return None

    def _died(self, child: Child, how: str) -> _Death:
        done, total = self._progress
        where = f"at frame {done} of {total}" if total else f"at frame {done}"
        bad_input = child.code() == InputError.exit_code
        # Who names others knows what they did not do, and they know why.
        others = [c for c in self._children.values() if c is not child and c.is_named_in(how)]
        said = "".join(f"; that of {c.name}: {text}" for c in others if (text := c.last_warning()))
        sentence = f"{child.name} {how} {where}; its log: {child.log}{said}"
        return _Death(child.name, sentence, InputError.exit_code if bad_input else 1)

    def _close(self) -> str:
        """End what still runs; return what could not be closed as the end of a sentence, or ""."""
        try:
            self._teardown().close()
        except RunError as error:
            return f"; {error}"
        return ""

    def _teardown(self) -> Teardown:
        """Return what ends the processes, as far as they still run, and removes what they leave.

        Servers come last, so that the others can take leave of them.
        """
        children = list(self._children.values())
        parts: list[tuple[str, Callable[[], object]]] = []
        for child in children:
            child.note_segments()
            if child.code() is None and child.silent_s() > _SUSPICIOUS_SILENCE_S:
                parts.append((child.name, child.close))
        for servers in (False, True):
            group = [c for c in children if _is_server(c) is servers]
            parts += [(f"the signal to {c.name} to end", partial(_ask_to_end, c)) for c in group]
            parts += [(child.name, partial(_close, child)) for child in group]
        parts.append(("shared memory", self._clean))
        return Teardown.in_order(*parts)

    def _clean(self) -> None:
        mapped = set().union(*(child.shared_memory for child in self._children.values()))
        # Ports below those of the domain are the whole machine's: a process of another domain may
        # be about to open one, and would listen where nobody writes.
        segments = {path for path in mapped if "fastdds_port" not in path.name}
        if self._graph.config.domain_id is not None:
            segments |= port_files(self._graph.config.domain_id)
        remove_unused(segments)

    def _recover(self) -> Path | None:
        bag = self._graph.config.run_dir / "bag"
        if RECORDER not in self._graph.participants or not any(bag.glob("*.mcap")):
            return None
        recover_bag(bag)
        return bag


def _ask_to_end(child: Child) -> None:
    if child.code() is None:
        child.terminate()


def _close(child: Child) -> None:
    child.close(max(0.5, child.process.closing_s - child.asked_s()))


def _failed(child: Child) -> bool:
    code = child.code()
    return code is not None and (code != 0 or _is_server(child))


def _is_server(child: Child) -> bool:
    return not (child.process.participant or child.process.guest)
