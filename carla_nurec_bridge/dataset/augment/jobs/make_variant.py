"""Make one variant: attempts with other seeds until one passes the gates, and keep the best."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ....core.errors import RunError
from ....cosmos.jobs.protocols.server import Listener, Update
from ...truth.variant import VariantTruth
from ..conditions import derived_seed
from ..quality import QualityLimits
from ..variant_plan import VariantPlan
from .attempt import Attempt, Link, attempt
from .clip_source import ClipSource
from .job import JobSettings, spec_of

OnAttempt = Callable[[int, tuple[str, ...]], None]
"""Hears the number of an attempt, from 1, and why it was rejected; () when it was not."""


@dataclass(frozen=True)
class VariantWish:
    """How variants are made: the job's settings, the gates, and how many seeds are tried."""

    settings: JobSettings
    limits: QualityLimits
    attempts: int = 3
    server: str = ""


def attempt_seed(plan: VariantPlan, number: int) -> int:
    """Return the seed of an attempt, from 0: the plan's own, then others made of it."""
    return plan.seed if number == 0 else derived_seed(plan.seed, "attempt", number)


def make_variant(
    link: Link,
    clip: ClipSource,
    plan: VariantPlan,
    wish: VariantWish,
    request: str,
    folder: Path,
    listener: Listener,
    on_attempt: OnAttempt,
) -> tuple[VariantTruth, Path]:
    """Return what is true of a variant, and its video in ``folder``, which goes on where it was.

    ``request`` is the hash of what is asked.

    RunError when no attempt gave a video that can be used; else as ``attempt`` does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = clip.scenario.folder.variant(plan.camera, plan.number)
    tries: list[Attempt] = []
    for number in range(wish.attempts):
        seed = attempt_seed(plan, number)
        spec = spec_of(plan, seed, clip.videos, wish.settings, source)
        target = folder / f"attempt_{number + 1}.mp4"
        tries.append(attempt(link, clip, spec, plan.conditions, wish.limits, target, listener))
        on_attempt(number + 1, tries[-1].told.faults)
        if not tries[-1].told.faults:
            break
    usable = [number for number, one in enumerate(tries) if one.video is not None]
    if not usable:
        last = "; ".join(tries[-1].told.faults)
        raise RunError(f"none of {len(tries)} attempts gave a video that can be used: {last}")
    chosen = max(usable, key=lambda number: _merit(tries[number]))
    listener(Update("done", 1.0))
    return _truth(link, clip, plan, wish, request, tries, chosen)


def _merit(one: Attempt) -> tuple[int, float]:
    """Return what the better of two attempts has more of: gates passed, then structure kept."""
    figures = one.told.figures
    kept = [objects.kept for objects in figures.objects]
    objects = sum(kept) / len(kept) if kept else 1.0
    return -len(one.told.faults), objects + (figures.edges_kept or 0.0)


def _truth(
    link: Link,
    clip: ClipSource,
    plan: VariantPlan,
    wish: VariantWish,
    request: str,
    tries: list[Attempt],
    chosen: int,
) -> tuple[VariantTruth, Path]:
    best = tries[chosen]
    assert best.video is not None
    assert best.made is not None
    figures, settings = best.told.figures, wish.settings
    truth = VariantTruth(
        scenario=plan.scenario,
        camera=plan.camera,
        number=plan.number,
        request=request,
        accepted=not best.told.faults,
        conditions=plan.conditions,
        prompt=plan.prompt,
        negative_prompt=plan.negative_prompt,
        provenance=plan.provenance.to_json(),
        controls=dict(settings.weights),
        videos=clip.sha256,
        depth_levels=settings.depth_levels(),
        guidance=settings.guidance,
        num_steps=settings.num_steps,
        sigma_max=settings.sigma_max,
        server=wish.server or link.http.url,
        backend=link.server.contract,
        made_by=best.made.made_by,
        seed=best.told.seed,
        attempts=tuple(one.told for one in tries),
        chosen=chosen,
        frames=figures.frames,
        rate_hz=figures.rate_hz,
        width=figures.width,
        height=figures.height,
        source_frames=tuple(range(figures.frames)),
        made_of=best.made.made_of,
        sha256=best.made.sha256,
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
    return truth, best.video
