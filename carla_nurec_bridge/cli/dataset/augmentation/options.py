"""Options of `dataset augment`: what variants are asked for, how they are made and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from ....core.errors import InputError
from ...cosmos.options import FILE, PATH, server_options
from ...finite import FiniteRange
from .models import endpoints_of, model_options
from .plan import plan_view_options

if TYPE_CHECKING:
    from ....dataset.augment.clips import VariantKey
    from ....dataset.augment.jobs import JobSettings
    from ....dataset.augment.plan import PlanOptions
    from ....dataset.truth import VariantTruth

_LEVELS = ("very_low", "low", "medium", "high", "very_high")
_WEIGHTS = ("edge=0.4", "depth=0.2", "seg=0.4")
_PLAN = [
    click.option(
        "--variants",
        type=click.IntRange(1, 999),
        default=1,
        show_default=True,
        help="Variants of each clip, a camera of a scenario.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**31 - 1),
        default=1,
        show_default=True,
        help="Conditions, wordings and the jobs' seeds are made of it and of the clip's name.",
    ),
    click.option("--scenario", "scenarios", multiple=True, help="Only this one; may be repeated."),
    click.option("--camera", "cameras", multiple=True, help="Only this one; may be repeated."),
    click.option(
        "--map",
        "maps",
        type=PATH,
        multiple=True,
        help="OpenDRIVE file of a scenario whose map is not shipped; may be repeated.",
    ),
    click.option(
        "--only",
        metavar="CATEGORY=VALUE,...",
        multiple=True,
        help="Values that may be drawn of a category, as lighting=night; may be repeated.",
    ),
    click.option(
        "--conditions", type=FILE, help="YAML that restricts or extends config/augment/conditions."
    ),
    click.option("--templates", type=FILE, help="YAML in place of config/augment/prompts."),
    click.option("--negative-prompt", help="In place of the one that the conditions have."),
]
_JOBS = [
    click.option(
        "--control",
        "controls",
        metavar="NAME=WEIGHT",
        multiple=True,
        default=_WEIGHTS,
        show_default=True,
        help="A control (edge, depth, seg, vis, blur) and its weight; may be repeated.",
    ),
    click.option(
        "--depth-mode",
        type=click.Choice(("log", "inverse", "linear")),
        default="log",
        show_default=True,
        help="How metres become levels of the depth video.",
    ),
    click.option("--depth-near", type=FiniteRange(1e-3), default=0.01, show_default=True),
    click.option("--depth-far", type=FiniteRange(1e-3), default=1000.0, show_default=True),
    click.option(
        "--guidance", type=FiniteRange(0, 15), default=5.0, show_default=True, help="Of jobs."
    ),
    click.option(
        "--steps", type=click.IntRange(1, 50), default=35, show_default=True, help="Of jobs."
    ),
    click.option(
        "--sigma-max",
        type=FiniteRange(0, 200),
        default=75.0,
        show_default=True,
        help="Of jobs.",
    ),
    click.option(
        "--blur-strength",
        type=click.Choice(_LEVELS),
        default="medium",
        show_default=True,
        help="Of a vis control that the server makes.",
    ),
    click.option(
        "--canny-threshold",
        type=click.Choice(_LEVELS),
        default="medium",
        show_default=True,
        help="Of an edge control that the server makes.",
    ),
]
_QUALITY = [
    click.option(
        "--attempts",
        type=click.IntRange(1, 100),
        default=3,
        show_default=True,
        help="Seeds that are tried until a video passes the gates.",
    ),
    click.option("--gates", type=FILE, help="YAML in place of config/augment/quality."),
    click.option(
        "--replace", is_flag=True, help="Make variants anew that are there of another request."
    ),
]
_SERVER = [
    click.option("--server", metavar="URL", help="Cosmos server; else one of this command's own."),
    click.option("--own", is_flag=True, help="Use a server of this command's own, as by default."),
    click.option(
        "--deadline",
        type=FiniteRange(1, 1e7),
        default=3600.0,
        show_default=True,
        help="Seconds for each job.",
    ),
    click.option(
        "--at-once",
        type=click.IntRange(1, 64),
        default=2,
        show_default=True,
        help="Jobs that are handed in together, so that the server never waits.",
    ),
]


def augment_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add all options of the verb."""
    command = model_options(server_options(command))
    for option in reversed([*_PLAN, *_JOBS, *_QUALITY, *_SERVER]):
        command = option(command)
    return plan_view_options(command)


def plan_options_of(
    context: click.Context, settings: dict[str, Any], there: Mapping[VariantKey, VariantTruth]
) -> PlanOptions:
    """Return what is to be planned; InputError for a restriction that is none.

    ``there`` are variants that are there: they keep their conditions, and their prompts.
    """
    from ....dataset.augment.plan import PlanOptions
    from ....dataset.augment.variant_plan import PromptProvenance, WrittenPrompt

    endpoints = endpoints_of(context, settings)
    only: dict[str, tuple[str, ...]] = {}
    for text in settings["only"]:
        category, equals, values = text.partition("=")
        named = tuple(value.strip() for value in values.split(",") if value.strip())
        if not equals or not named:
            raise InputError(f"--only {text}: write it as lighting=night,twilight")
        only[category.strip()] = (*only.get(category.strip(), ()), *named)
    return PlanOptions(
        seed=settings["seed"],
        variants=settings["variants"],
        scenarios=settings["scenarios"],
        cameras=settings["cameras"],
        maps=settings["maps"],
        conditions=settings["conditions"],
        only=only,
        templates=settings["templates"],
        negative_prompt=settings["negative_prompt"],
        taken={key: one.conditions for key, one in there.items()},
        written={
            key: WrittenPrompt(
                prompt=one.prompt,
                provenance=PromptProvenance.model_validate(one.provenance),
            )
            for key, one in there.items()
        },
        vlm=endpoints["vlm"],
        llm=endpoints["llm"],
    )


def job_settings_of(settings: dict[str, Any]) -> JobSettings:
    """Return what is sent with each job; InputError for weights that are none."""
    from ....cosmos.clip.controls import DepthEncoding
    from ....dataset.augment.jobs import JobSettings, weights_of

    return JobSettings(
        weights=weights_of(settings["controls"]),
        depth=DepthEncoding(settings["depth_mode"], settings["depth_near"], settings["depth_far"]),
        guidance=settings["guidance"],
        num_steps=settings["steps"],
        sigma_max=settings["sigma_max"],
        blur_strength=settings["blur_strength"],
        canny_threshold=settings["canny_threshold"],
    )
