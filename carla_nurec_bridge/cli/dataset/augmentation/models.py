"""Options of `dataset augment` on language models, and the pipeline's file that sets them too."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cosmos.options import FILE
from ...finite import FiniteRange

if TYPE_CHECKING:
    from ....dataset.augment.models.endpoint import Endpoint, ModelKind

_HIDDEN = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "max_tokens", "stream")
"""What only the pipeline's file sets."""


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the pipeline's file sets the defaults of all others."""
    for kind, does in (("llm", "rewrites prompts"), ("vlm", "tells the scenery")):
        command = click.option(
            f"--{kind}-model",
            help=f"Model there.  [default: {kind.upper()}_MODEL, or the only one]",
        )(command)
        command = click.option(
            f"--{kind}-url",
            metavar="URL",
            help=f"OpenAI-compatible server whose model {does}.  "
            f"[default: {kind.upper()}_ENDPOINT_URL]",
        )(command)
    for option in (
        click.option(
            "--no-models", is_flag=True, help="Write prompts by templates, whatever is set."
        ),
        click.option(
            "--model-deadline",
            type=FiniteRange(1, 1e6),
            default=600.0,
            show_default=True,
            help="Seconds for each text, all tries together.",
        ),
        click.option(
            "--config",
            type=FILE,
            is_eager=True,
            expose_value=False,
            callback=_read,
            help="Augmentation YAML of the smart-city pipeline; options go before it.",
        ),
    ):
        command = option(command)
    return command


def endpoints_of(context: click.Context, settings: dict[str, Any]) -> dict[str, Endpoint | None]:
    """Return ``vlm`` and ``llm``, each None where neither option, file nor environment names it."""
    return {
        "vlm": _endpoint("VLM", context, settings),
        "llm": _endpoint("LLM", context, settings),
    }


def pipeline_notes(context: click.Context) -> tuple[str, ...]:
    """Return what the pipeline's file says that has no effect."""
    notes: tuple[str, ...] = context.meta.get(f"{__name__}.notes", ())
    return notes


def _endpoint(kind: ModelKind, context: click.Context, settings: dict[str, Any]) -> Endpoint | None:
    from dataclasses import replace

    from ....dataset.augment.models.endpoint import endpoint_of

    if settings["no_models"]:
        return None
    low = kind.lower()
    found = endpoint_of(
        kind,
        os.environ,
        url=settings[f"{low}_url"],
        model=settings[f"{low}_model"],
        deadline_s=settings["model_deadline"],
    )
    told = context.meta.get(f"{__name__}.settings", {})
    sampling = {name: told[f"{low}_{name}"] for name in _HIDDEN if f"{low}_{name}" in told}
    if found is None or not sampling:
        return found
    return replace(found, sampling=replace(found.sampling, **sampling))


def _read(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    from ....dataset.augment.pipeline_config import read_pipeline_config

    if path is None:
        return
    config = read_pipeline_config(path)
    context.meta[f"{__name__}.notes"] = config.notes
    context.meta[f"{__name__}.settings"] = config.settings
    # The environment goes before the file, as in the pipeline.
    ahead = {f"{kind}_{what}" for kind in ("vlm", "llm") for what in ("url", "model")}
    variables = {name: name.upper().replace("_URL", "_ENDPOINT_URL") for name in ahead}
    context.default_map = {
        **(context.default_map or {}),
        **{
            name: value
            for name, value in config.settings.items()
            if not os.environ.get(variables.get(name, ""), "").strip()
        },
    }
