"""Options of `cosmos controls` about how streams are made, and what they say together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ...cosmos.clip.codec import (
    CODECS,
    NVENC,
    PIXEL_FORMATS,
    PRESETS,
    VideoOptions,
)
from ...cosmos.clip.controls import (
    ALL_BUT_SKY,
    CANNY,
    DepthEncoding,
    DepthMode,
    EdgeEncoding,
)
from ...cosmos.clip.streams import STREAMS, ControlOptions
from ...cosmos.clip.vis import VisEncoding
from ...labels.class_filter import class_filter, read_class_filter
from ..finite import FiniteRange

_STRENGTHS = tuple(CANNY)
_STREAMS = [
    click.option(
        "--streams",
        help=f"Only these, with commas: {', '.join(STREAMS)}.  [default: all that can be made]",
    ),
]
_DEPTH = [
    click.option(
        "--depth",
        "depth_mode",
        type=click.Choice(["log", "inverse", "linear"]),
        default="log",
        show_default=True,
        help="Grey of depth.mp4; inverse is what Transfer 2.5 was trained on.",
    ),
    click.option(
        "--depth-range",
        nargs=2,
        type=FiniteRange(),
        metavar="NEAR FAR",
        help="Metres shown white and black.  [default: 0.01 1000; measured for inverse]",
    ),
    click.option(
        "--depth-clip",
        type=FiniteRange(0, 49),
        metavar="PERCENT",
        help="Measure the range in the clip, so many percent cut off at either end; sky "
        "and the ego's own pixels do not count.  [default: 1 for inverse]",
    ),
]
_LOOKS = [
    click.option(
        "--edge-preset",
        type=click.Choice(_STRENGTHS),
        default="medium",
        show_default=True,
        help="Canny's thresholds, as the models name them.",
    ),
    click.option(
        "--edge-classes",
        metavar="CLASSES",
        help="Classes with edges, and in rgb_masked: names, groups (vehicle, vru, "
        "movable) or ids, with commas.  [default: all but sky]",
    ),
    click.option(
        "--class-filter",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="The same from a YAML file, ours or one of CARLA's tools.",
    ),
    click.option(
        "--vis-strength",
        type=click.Choice(_STRENGTHS),
        default="medium",
        show_default=True,
        help="How much vis.mp4 is blurred.",
    ),
    click.option(
        "--vis-like",
        type=click.Choice(["transfer1", "transfer2.5"]),
        default="transfer2.5",
        show_default=True,
        help="Whose blur that is.",
    ),
    click.option(
        "--vis-exact",
        is_flag=True,
        help="Filter at the model's own size: 15 times slower, half a level closer.",
    ),
]
_ENCODING = [
    click.option(
        "--codec",
        type=click.Choice(CODECS),
        default="x264",
        show_default=True,
        help="Encoder of the videos; masters are FFV1.",
    ),
    click.option(
        "--crf",
        type=click.IntRange(0, 63),
        default=14,
        show_default=True,
        help="Quality, less is better.",
    ),
    click.option(
        "--preset",
        type=click.Choice(PRESETS),
        default="ultrafast",
        show_default=True,
        help="The encoder's effort.",
    ),
    click.option(
        "--pixel-format",
        type=click.Choice(PIXEL_FORMATS),
        default="yuv420p",
        show_default=True,
        help="Pixels of the videos.",
    ),
    click.option(
        "--nvenc",
        type=click.Choice(NVENC),
        default="off",
        show_default=True,
        help="Encode on a GPU: never, where a trial shows that it works, or always.",
    ),
]


def clip_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how streams are made."""
    return _with([*_STREAMS, *_DEPTH, *_LOOKS, *_ENCODING], command)


def depth_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how depth becomes grey."""
    return _with(_DEPTH, command)


def encoding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how videos are encoded."""
    return _with(_ENCODING, command)


def _with(options: Sequence[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def controls_of(settings: dict[str, Any]) -> tuple[ControlOptions, tuple[str, ...]]:
    """Return what the options say together, and sentences for the user."""
    classes = ALL_BUT_SKY
    notes: tuple[str, ...] = ()
    if settings["edge_classes"] and settings["class_filter"]:
        raise click.UsageError("give --edge-classes or --class-filter, not both")
    if settings["edge_classes"]:
        words = [_word(part) for part in settings["edge_classes"].split(",")]
        classes = class_filter(words).tags
    elif settings["class_filter"]:
        read = read_class_filter(settings["class_filter"])
        classes, notes = read.tags, read.notes
    only = frozenset(part.strip() for part in (settings["streams"] or "").split(",") if part)
    options = ControlOptions(
        depth_of(settings["depth_mode"], settings["depth_range"], settings["depth_clip"]),
        EdgeEncoding.preset(settings["edge_preset"], classes),
        video_of(settings),
        VisEncoding(settings["vis_like"], settings["vis_strength"], settings["vis_exact"]),
        classes,
        only,
    )
    return options, notes


def _word(text: str) -> str | int:
    return int(text) if text.strip().isdigit() else text.strip()


def video_of(settings: dict[str, Any]) -> VideoOptions:
    """Return how videos are encoded."""
    return VideoOptions(
        settings["crf"],
        settings["preset"],
        settings["codec"],
        settings["pixel_format"],
        settings["nvenc"],
    )


def depth_of(
    mode: DepthMode, limits: tuple[float, float] | None = None, clip: float | None = None
) -> DepthEncoding:
    """Return what --depth, --depth-range and --depth-clip say together."""
    if limits and clip is not None:
        raise click.UsageError("give --depth-range or --depth-clip, not both")
    if limits:
        return DepthEncoding(mode, *limits)
    if clip is None:
        clip = 1.0 if mode == "inverse" else 0.0
    return DepthEncoding(mode, clip_percent=clip)
