"""Record many scenarios: each that fails is told and costs nothing but itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...core.errors import BridgeError, told
from ..store.manifest import ScenarioEntry
from ..store.run_writer import RunWriter
from ..store.scenario_writer import ScenarioWriter
from .scenario import OnFrame

Recorded = tuple[ScenarioEntry, dict[str, str]]


@dataclass(frozen=True)
class ScenarioJob:
    """A scenario to record: its name, the hash of what it is made of, and what records it."""

    name: str
    key: str
    record: Callable[[ScenarioWriter, OnFrame], Recorded]


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run: scenarios recorded now, done before, and failed with the reason."""

    recorded: tuple[str, ...]
    kept: tuple[str, ...]
    failed: dict[str, str]


def record_run(
    run: RunWriter,
    jobs: Sequence[ScenarioJob],
    on_frame: Callable[[str, int, int], None],
    on_end: Callable[[str, str], None],
) -> RunOutcome:
    """Record all scenarios that are not done yet.

    ``on_frame(name, done, total)`` hears about each frame, ``on_end(name, reason)`` when a scenario
    ends; the reason is empty when all went well. Whatever ends one, the next one is tried; only an
    interruption ends the run, which the same call goes on with.
    """
    recorded, kept, failed = [], [], {}
    for job in jobs:
        if run.is_done(job.name, job.key):
            kept.append(job.name)
            continue
        reason = _record(run, job, on_frame)
        if reason:
            failed[job.name] = reason
        else:
            recorded.append(job.name)
        on_end(job.name, reason)
    return RunOutcome(tuple(recorded), tuple(kept), failed)


def _record(run: RunWriter, job: ScenarioJob, on_frame: Callable[[str, int, int], None]) -> str:
    """Record a scenario; return why it failed, empty when it did not."""
    run.start(job.name, job.key)
    writer = ScenarioWriter(run.path, job.name)
    try:
        entry, hashes = job.record(writer, lambda k, n: on_frame(job.name, k, n))
        run.finish(job.name, job.key, entry, hashes)
    except (BridgeError, OSError, RuntimeError) as error:  # CARLA's library raises the last
        reason = str(told(error))
        run.fail(job.name, job.key, reason)
        return reason
    finally:
        writer.close()
    return ""
