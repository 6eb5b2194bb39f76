"""``carla-nurec dataset augment``: a data set's clips in other weather, light and season."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from ...core.errors import DeadlineError, InputError
from ..cosmos.options import policy_of
from ..log.tables import console, examples
from ..playing import counting_progress, end_as_interrupted
from .augmentation.display import AugmentDisplay
from .augmentation.models import pipeline_notes
from .augmentation.options import augment_options, job_settings_of, plan_options_of
from .augmentation.plan import plan_json, show_plan, told_of_models

if TYPE_CHECKING:
    from ...dataset.augment.clips import VariantKey
    from ...dataset.augment.jobs import AugmentTally, Link
    from ...dataset.augment.plan import PlanOptions
    from ...dataset.augment.variant_plan import VariantPlan
    from ...dataset.store import Dataset
    from ...dataset.truth import VariantTruth

_READY_S = 300.0
_OWN_POLL_S = 0.2


@click.command(
    epilog=examples(
        "carla-nurec dataset augment out/town --variants 3",
        "carla-nurec dataset augment out/town --server http://gpu:8000 --control edge=1.0",
        "carla-nurec dataset augment out/town --only lighting=night,twilight --attempts 5",
    )
)
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@augment_options
@click.pass_context
def command(context: click.Context, run: Path, **settings: Any) -> int:
    """Have the clips of the data set RUN made anew by a Cosmos server, in other conditions.

    Each camera of each scenario gets so many variants, with conditions that go together, a prompt
    of the scene's facts, and a seed of its own. Every frame of the clip is sent, so that all labels
    stay true. A video that does not pass the quality gates is made again with another seed; if
    none passes, the best is kept and flagged. What is finished stays: the same command goes on with
    the first that is not. Exit codes: 0 all accepted, 1 some failed or flagged, 2 bad input, 3 the
    server does not answer or the time is over.
    """
    from ...dataset.augment.jobs import (
        Augmentation,
        VariantStore,
        VariantWish,
        unfinished,
        work_folder,
    )
    from ...dataset.augment.quality import read_limits
    from ...dataset.store import Dataset

    if settings["server"] and settings["own"]:
        raise click.UsageError("give --server or --own")
    end_as_interrupted()
    out, began, dataset = console(), time.monotonic(), Dataset(run)
    aside = Console(stderr=True, highlight=False, markup=False) if settings["as_json"] else out
    for note in pipeline_notes(context):
        aside.print(f"note: {note}", soft_wrap=True)
    wish = VariantWish(
        job_settings_of(settings),
        read_limits(settings["gates"]),
        settings["attempts"],
        settings["server"] or "embedded",
    )
    there = {} if settings["replace"] else _there(dataset)
    options = plan_options_of(context, settings, there)
    plans = _planned(dataset, options, aside)
    if settings["as_json"]:
        click.echo(plan_json(plans, options.vocabulary()))
        return 0
    if settings["plan_only"]:
        show_plan(plans, options.vocabulary(), out)
        return 0
    for line in told_of_models(plans):
        out.print(line, soft_wrap=True)
    with work_folder(dataset) as work:
        store = VariantStore(dataset, replace=settings["replace"])
        todo, tally = unfinished(plans, store, wish)
        try:
            if todo:
                with _server(settings, work) as connect, AugmentDisplay(out, len(todo)) as display:
                    turn = Augmentation(dataset, wish, connect, display, settings["at_once"])
                    turn.run(todo, store, tally)
        except KeyboardInterrupt:
            out.print("interrupted; the same command goes on with what is not finished")
            raise
        if not tally.failed:
            shutil.rmtree(work, ignore_errors=True)
    out.print(_summary(tally, time.monotonic() - began, run), soft_wrap=True, markup=False)
    return 1 if tally.failed or tally.rejected else 0


def _there(dataset: Dataset) -> dict[VariantKey, VariantTruth]:
    """Return the variants that are there."""
    return {
        (scenario.name, camera, one.number): one
        for scenario in dataset.scenarios()
        for camera in scenario.truth.cameras
        for one in scenario.variants(camera)
    }


def _planned(dataset: Dataset, options: PlanOptions, out: Console) -> list[VariantPlan]:
    from ...dataset.augment.plan import plan_variants

    with counting_progress(out) as progress:
        task = progress.add_task("prompts", total=None)
        return plan_variants(
            dataset, options, lambda k, n: progress.update(task, completed=k, total=n)
        )


@contextmanager
def _server(settings: dict[str, Any], work: Path) -> Iterator[Callable[[], Link]]:
    """Yield what connects to the server that is named, or to one that lives as long."""
    if settings["server"]:
        yield lambda: _connected(settings["server"], settings["token"], settings)
        return
    from ...servers.cosmos import CosmosServer, CosmosServerOptions

    token = secrets.token_hex(16)
    options = CosmosServerOptions(work / "server", port=0, token=token)
    own = {**settings, "api": "rest", "poll_interval": _OWN_POLL_S}
    with CosmosServer(options) as server:
        if not server.worker.ready.wait(_READY_S):
            raise DeadlineError(f"the own Cosmos server was not ready after {_READY_S:g} s")
        yield lambda: _connected(server.url, token, own)


def _connected(url: str, token: str | None, settings: dict[str, Any]) -> Link:
    from ...cosmos.jobs.contracts import CONTRACTS
    from ...cosmos.jobs.protocols.connect import connect
    from ...cosmos.jobs.protocols.http import Deadline
    from ...dataset.augment.jobs import Link, weights_of

    controls = weights_of(settings["controls"])
    http, server = connect(
        url,
        settings["api"],
        token,
        policy_of(settings),
        Deadline(settings["deadline"]),
        settings["poll_interval"],
        "batch",
        settings["backend"],
        controls,
    )
    untaken = sorted(controls.keys() - CONTRACTS[server.contract].controls.keys())
    if untaken:
        server.close()
        known = ", ".join(CONTRACTS[server.contract].controls)
        raise InputError(f"{server.contract} has no control {untaken[0]}; it takes {known}")
    return Link(http, server, settings["result_timeout"], settings["deadline"])


def _summary(tally: AugmentTally, took_s: float, run: Path) -> str:
    return (
        f"{len(tally.made)} variants made, {len(tally.kept)} there before, "
        f"{len(tally.rejected)} of all flagged as not accepted, {len(tally.failed)} failed, "
        f"in {took_s:.1f} s: {run}"
    )
