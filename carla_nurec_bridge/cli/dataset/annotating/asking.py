"""The parts of `dataset annotate` that ask questions, and write them for training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ....core.errors import BridgeError, InputError
from ...log.tables import console, table
from ...playing import counting_progress

if TYPE_CHECKING:
    from ....dataset.marks import MarkWish
    from ....dataset.store import Dataset

_MOST_REASONS = 12


def ask_all(
    dataset: Dataset,
    scenarios: tuple[str, ...],
    wish: MarkWish,
    shares: Mapping[str, float],
    settings: Mapping[str, Any],
) -> int:
    """Ask about scenarios and write the training files; return how many scenarios failed."""
    from ....dataset.questions import TrainingWish, ask_scenario, write_training

    out, failed = console(), 0
    left_out: Counter[str] = Counter()
    with counting_progress(out) as progress:
        task = progress.add_task("questions", total=len(scenarios))
        for name in scenarios:
            progress.update(task, description=f"{name} questions")
            scenario = dataset.scenario(name)
            if not any(scenario.marks(camera) for camera in scenario.truth.cameras):
                continue
            try:
                told = ask_scenario(dataset, scenario, seed=settings["seed"], each=settings["each"])
            except BridgeError as error:
                failed += 1
                out.print(str(error), soft_wrap=True)
            else:
                left_out.update(told.left_out)
            progress.advance(task)
    if left_out:
        reasons = ", ".join(f"{n} {kind}" for kind, n in left_out.most_common(_MOST_REASONS))
        out.print(f"not asked, as the truth is not clear enough: {reasons}", soft_wrap=True)
    training = TrainingWish(shares, settings["seed"], wish.styles[0], settings["multi_turn"])
    try:
        parts = write_training(dataset, training)
    except InputError as error:
        if not failed:
            raise
        out.print(str(error), soft_wrap=True)
        return failed
    shown = table(None, ("part",), ("scenarios", "questions", "samples", "cut to balance"))
    for part, held in parts.items():
        row = held.scenarios, held.questions, held.samples, sum(held.cut.values())
        shown.add_row(part, *map(str, row))
    out.print(shown)
    return failed


def write_layout(dataset: Dataset, wish: MarkWish, settings: Mapping[str, Any]) -> int:
    """Write stage 3 of the smart-city pipeline, and tell what it holds."""
    from ....dataset.export.smart_city import SmartCityRun
    from ....dataset.questions.smart_city import SmartCityWish, write_smart_city

    if settings["output"] is None:
        raise click.UsageError("--layout needs --output, the pipeline's data/outputs")
    out = console()
    run_id = settings["run_id"] or dataset.path.resolve().name
    place = SmartCityRun(settings["output"], run_id)
    asked = SmartCityWish(wish.styles[0], wish.limits, settings["yes_ratio"], settings["seed"])
    with counting_progress(out) as progress:
        task = progress.add_task("videos", total=None)
        done = write_smart_city(
            dataset, place, asked, lambda name: progress.update(task, description=name, advance=1)
        )
    for kind, rows in done.rows.items():
        out.print(f"{place.annotation(kind)}: {rows} questions", soft_wrap=True)
    out.print(f"{done.videos} videos with marks below {settings['output']}", soft_wrap=True)
    if done.left_out:
        out.print(
            f"note: {done.left_out} pairs are not asked about: one has no mark then, or is no "
            "vehicle",
            soft_wrap=True,
        )
    return 0
