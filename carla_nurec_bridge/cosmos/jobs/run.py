"""Run one job: check, fit, upload, submit, wait, fetch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.buffers import sha256_of
from ...core.errors import BridgeError, InputError
from ...core.loading.deferred import deferred
from ..clip.alignment import refuse_unaligned
from .answer import AnswerVerdict, judge
from .contracts import CONTRACTS, ClipFacts, violations
from .failures import WrongVideo
from .files import fetched, target_path
from .fit import fit
from .probe import probe
from .protocols.http import Http
from .protocols.server import Listener, Server, Update
from .spec import JobSpec

if TYPE_CHECKING:
    import httpx
else:
    httpx = deferred("httpx")

FETCH_S = 120.0


@dataclass(frozen=True)
class Outcome:
    """A finished job: the server's id of it, the file, its SHA-256, and how it compares.

    ``made_by`` is what the server tells of itself and of how it made the video.
    """

    job_id: str
    path: Path
    sha256: str
    verdict: AnswerVerdict
    made_by: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return what a record says of the job's video."""
        return {"job": self.job_id, "sha256": self.sha256} | asdict(self.verdict)


def request_key(spec: JobSpec, contract: str, *, again: bool = False) -> str:
    """Return a name for a request that only the same request with the same videos has.

    ``again`` adds chance to it, so that a server takes it for a new one.
    """
    videos = {name: sha256_of(path) for name, path in sorted(spec.videos().items())}
    weights = {name: control.weight for name, control in sorted(spec.controls.items())}
    facts = [
        contract,
        spec.prompt,
        spec.negative_prompt,
        spec.seed,
        spec.num_steps,
        spec.guidance,
        spec.sigma_max,
        spec.blur_strength,
        spec.canny_threshold,
        videos,
        weights,
        secrets.token_hex(8) if again else "",
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:40]


def check(spec: JobSpec, contract_name: str) -> tuple[ClipFacts, list[str]]:
    """Return what the videos hold, and what the backend would not take, each with its fix.

    InputError when the videos of the job differ in frames, rate or size, or show different views.
    """
    refuse_unaligned(spec.videos())
    facts = {name: probe(path) for name, path in spec.videos().items()}
    clip = facts["rgb"]
    for name, other in facts.items():
        if other != clip:
            raise InputError(
                f"{spec.videos()[name]} has {other.frames} frames of {other.width}x{other.height} "
                f"at {other.rate_hz:g}/s, {spec.video} has {clip.frames} of "
                f"{clip.width}x{clip.height} at {clip.rate_hz:g}/s; use videos of one clip"
            )
    weights = {name: control.weight for name, control in spec.controls.items()}
    derived = frozenset(name for name, c in spec.controls.items() if c.video is None)
    return clip, violations(CONTRACTS[contract_name], clip, weights, derived, None, has_rgb=True)


@contextlib.contextmanager
def fitting(
    spec: JobSpec, contract_name: str, warn: Listener, *, may_fit: bool
) -> Iterator[JobSpec]:
    """Give the job as the backend takes it; InputError when it does not and must stay as it is.

    What a backend only advises against goes to ``warn``. Files made on the way live as long as
    the block.
    """
    contract = CONTRACTS[contract_name]
    spec = spec.for_backend(contract)
    clip, found = check(spec, contract_name)
    if not found:
        yield spec
    elif may_fit:
        with tempfile.TemporaryDirectory(prefix="cosmos-fit-") as folder:
            videos = fit(spec.videos(), clip, contract, Path(folder))
            fitted = spec.with_videos(videos)
            _, left = check(fitted, contract_name)
            if left and contract.enforced:
                raise InputError(f"{spec.source}: " + "\n".join(left))
            yield fitted
    elif contract.enforced:
        raise InputError("\n".join(f"{spec.source}: {sentence}" for sentence in found))
    else:
        for sentence in found:
            warn(Update("warning", message=sentence))
        yield spec


def run_job(
    http: Http,
    server: Server,
    spec: JobSpec,
    output: Path | None,
    listener: Listener,
    *,
    may_fit: bool = False,
    again: bool = False,
    fetch_s: float = FETCH_S,
) -> Outcome:
    """Run one job from its videos to the finished file; cancel it on the server on Ctrl-C.

    ``fetch_s`` bounds the fetching of the result, once the server has it. WrongVideo when that is
    not what was asked; whatever came is told by ``VIDEO.job.json`` beside the video.
    """
    listener(Update("checking"))
    with fitting(spec, server.contract, listener, may_fit=may_fit) as ready:
        clip = probe(ready.video)
        key = request_key(ready, server.contract, again=again)
        uploads = server.upload(ready.videos(), listener)
        job_id = server.begin(ready, uploads, key)
    try:
        file = server.wait(job_id, listener)
    except KeyboardInterrupt:
        with contextlib.suppress(httpx.HTTPError, BridgeError):
            server.cancel(job_id)
        raise
    listener(Update("fetching", 1.0))
    default = f"{spec.source.stem}_seed_{spec.seed}.mp4"
    target = target_path(output, file.name, default)
    with fetched(http, server, file, target, fetch_s) as result:
        verdict = judge(CONTRACTS[server.contract], clip, result.video)
        path = target.with_stem(f"{target.stem}.wrong") if verdict.faults else target
        result.part.replace(path)
    outcome = Outcome(job_id, path, result.sha256, verdict, server.told(job_id))
    _record(outcome, ready, http.url, server.contract)
    if verdict.faults:
        raise WrongVideo(
            f"the video of job {job_id} is not what was asked: {'; '.join(verdict.faults)}. "
            f"It is kept as {path}",
            {"video": str(path), **outcome.facts()},
        )
    for note in verdict.notes:
        listener(Update("warning", message=note))
    listener(Update("done", 1.0))
    return outcome


def _record(outcome: Outcome, spec: JobSpec, url: str, backend: str) -> None:
    """Write what was asked and what came beside a job's video."""
    record = {
        "format_version": 1,
        "state": "failed" if outcome.verdict.faults else "done",
        "server": url,
        "backend": backend,
        "prompt": str(spec.source),
        "seed": spec.seed,
        "controls": {name: control.weight for name, control in spec.controls.items()},
        "video": outcome.path.name,
        "made_by": dict(outcome.made_by),
    }
    text = json.dumps(record | outcome.facts(), indent=2) + "\n"
    outcome.path.with_suffix(".job.json").write_text(text, encoding="utf-8")
