"""The plan of `dataset augment` as tables, and as JSON: draws, coverage, prompts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from ...log.tables import table

if TYPE_CHECKING:
    from ....dataset.augment.conditions import Coverage, Vocabulary
    from ....dataset.augment.variant_plan import VariantPlan


def show_plan(plans: Sequence[VariantPlan], vocabulary: Vocabulary, out: Console) -> None:
    """Print what each variant is to look like, how conditions are covered, and all prompts."""
    from ....dataset.augment.conditions import coverage_of

    shown = table(None, ("variant", "conditions"), ("seed",))
    for plan in plans:
        values = [plan.conditions[name].replace("_", " ") for name in vocabulary.categories]
        shown.add_row(plan.name, ", ".join(values), str(plan.seed))
    out.print(shown)
    show_coverage(coverage_of(vocabulary, [plan.conditions for plan in plans]), out)
    for plan in plans:
        out.print(f"{plan.name} ({plan.provenance.written_by}): {plan.prompt}\n", soft_wrap=True)
    for line in told_of_models(plans):
        out.print(line, soft_wrap=True)


def show_coverage(coverage: Coverage, out: Console) -> None:
    """Print how often each value is drawn."""
    shown = table(None, ("category", "drawn", "not drawn"))
    for name, counts in coverage.values.items():
        drawn = [f"{value.replace('_', ' ')} {n}" for value, n in counts.items() if n]
        undrawn = [value.replace("_", " ") for value, n in counts.items() if not n]
        shown.add_row(name, ", ".join(drawn), ", ".join(undrawn))
    out.print(shown)
    out.print(
        f"{coverage.variants} variants, {coverage.pairs_drawn} of {coverage.pairs_possible} pairs "
        "of values that go together"
    )


def told_of_models(plans: Sequence[VariantPlan]) -> list[str]:
    """Return a line on what models wrote, and on each reason why something was not used."""
    lines = []
    uses = [plan.provenance.rewriting for plan in plans]
    asked = [use for use in uses if use is not None]
    if asked:
        written = sum(not use.faults for use in asked)
        lines.append(
            f"{written} of {len(asked)} prompts are the model's ({asked[0].answered_by}), "
            f"{len(asked) - written} the template's"
        )
        lines += _reasons("prompt", [use.faults[0] for use in asked if use.faults])
    clips = {(x.scenario, x.camera): x.provenance.caption for x in plans}
    captions = [use for use in clips.values() if use is not None]
    if captions:
        used = sum(not use.faults for use in captions)
        lines.append(f"the scenery of {used} of {len(captions)} clips is told by a model")
        lines += _reasons("scenery", [use.faults[0] for use in captions if use.faults])
    return lines


def plan_json(plans: Sequence[VariantPlan], vocabulary: Vocabulary) -> str:
    """Return plans and coverage as JSON."""
    from ....dataset.augment.conditions import coverage_of

    coverage = coverage_of(vocabulary, [plan.conditions for plan in plans])
    told = {"variants": [x.to_json() for x in plans], "coverage": coverage.to_json()}
    return json.dumps(told, indent=1)


def plan_view_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that plan and make nothing."""
    command = click.option(
        "--json", "as_json", is_flag=True, help="Print the plan as JSON, and make nothing."
    )(command)
    return click.option(
        "--plan-only", is_flag=True, help="Show conditions, coverage and prompts; make nothing."
    )(command)


def _reasons(what: str, faults: Sequence[str]) -> list[str]:
    return [f"{what} not used ({n} times): {why}" for why, n in Counter(faults).most_common()]
