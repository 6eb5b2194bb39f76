"""One try at a variant: a job, its video brought to the scenario's frames, and judged."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ....core.buffers import sha256_of
from ....core.errors import ProtocolError
from ....core.files.whole import write_synced
from ....core.run_contract.record import Record
from ....cosmos.jobs.failures import WrongVideo
from ....cosmos.jobs.protocols.http import Deadline, Http
from ....cosmos.jobs.protocols.server import Listener, Server, Update
from ....cosmos.jobs.run import FETCH_S, request_key, run_job
from ....cosmos.jobs.spec import JobSpec
from ...truth.variant import QualityFigures, VariantAttempt
from ..quality import QualityLimits, judge
from .clip_source import ClipSource
from .finished_video import finish_video


@dataclass(frozen=True)
class Link:
    """A connection to a server; how long fetching a result and a whole job may take, in seconds."""

    http: Http
    server: Server
    fetch_s: float = FETCH_S
    job_s: float = 3600.0

    def close(self) -> None:
        """Close the connection."""
        self.server.close()


class MadeVideo(Record):
    """What a finished job left in the work folder, so that it is not made a second time."""

    seed: int
    job: str
    key: str
    served_sha256: str = Field(description="of the server's video")
    sha256: str = Field(description="of the video beside this")
    made_s: float
    made_of: str
    made_by: dict[str, Any]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """An attempt as it is told, and its video; None where that is none that can be used."""

    told: VariantAttempt
    video: Path | None
    made: MadeVideo | None


def attempt(
    link: Link,
    clip: ClipSource,
    spec: JobSpec,
    conditions: dict[str, str],
    limits: QualityLimits,
    target: Path,
    listener: Listener,
) -> Attempt:
    """Have a job made, unless ``target`` has its video from before, and judge it.

    Raises JobFailed, ServerUnreachable, OutOfTime, ProtocolError, InputError, and OSError.
    """
    key = request_key(spec, link.server.contract)
    made = _made_before(target, key)
    if made is None:
        try:
            made = _make(link, clip, spec, key, target, listener)
        except WrongVideo as error:
            return Attempt(_wrong(error, spec.seed, key), None, None)
    listener(Update("judging", 1.0))
    began = time.monotonic()
    verdict = judge(target, clip.measure, conditions, limits)
    told = VariantAttempt(
        seed=made.seed,
        job=made.job,
        key=key,
        sha256=made.served_sha256,
        made_s=made.made_s,
        judged_s=time.monotonic() - began,
        notes=made.notes,
        faults=verdict.faults,
        figures=verdict.figures,
    )
    return Attempt(told, target, made)


def _make(
    link: Link, clip: ClipSource, spec: JobSpec, key: str, target: Path, listener: Listener
) -> MadeVideo:
    """Have the video made and leave it at ``target``, with what is known of it beside."""
    served = target.with_stem(f"{target.stem}.served")
    began = time.monotonic()
    link.http.deadline = Deadline(link.job_s)
    try:
        outcome = run_job(link.http, link.server, spec, served, listener, fetch_s=link.fetch_s)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ProtocolError(
            f"{link.http.url} answered something that no Cosmos server answers: {error!r}"
        ) from error
    made_of = finish_video(served, clip.sent.frames, clip.measure.rate_hz, target)
    made = MadeVideo(
        seed=spec.seed,
        job=outcome.job_id,
        key=key,
        served_sha256=outcome.sha256,
        sha256=sha256_of(target),
        made_s=time.monotonic() - began,
        made_of=made_of,
        made_by=dict(outcome.made_by),
        notes=outcome.verdict.notes,
    )
    write_synced(_told_path(target), made.model_dump_json(indent=1).encode() + b"\n")
    return made


def _made_before(target: Path, key: str) -> MadeVideo | None:
    """Return what is known of the video at ``target``; None unless it is whole and of this job."""
    try:
        made = MadeVideo.model_validate_json(_told_path(target).read_bytes())
    except (OSError, ValidationError):
        return None
    if made.key != key or not target.is_file() or sha256_of(target) != made.sha256:
        return None
    return made


def _told_path(target: Path) -> Path:
    return target.with_suffix(".json")


def _wrong(error: WrongVideo, seed: int, key: str) -> VariantAttempt:
    facts = error.facts
    returned = facts["returned"]
    return VariantAttempt(
        seed=seed,
        job=str(facts["job"]),
        key=key,
        sha256=str(facts["sha256"]),
        made_s=0.0,
        judged_s=0.0,
        notes=tuple(facts["notes"]),
        faults=tuple(facts["faults"]),
        figures=QualityFigures(
            frames=returned["frames"],
            rate_hz=returned["rate_hz"],
            width=returned["width"],
            height=returned["height"],
        ),
    )
