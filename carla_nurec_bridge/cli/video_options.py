"""Options of every command that writes videos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..cosmos.codec import CODECS, MOST_CRF, NVENC, PIXEL_FORMATS, PRESETS, VideoOptions

_USUAL = VideoOptions()
_OPTIONS = [
    click.option("--codec", type=click.Choice(CODECS), default=_USUAL.codec, show_default=True,
                 help="Encoder of the videos: H.264, HEVC or AV1."),
    click.option("--crf", type=click.IntRange(0, MOST_CRF), default=_USUAL.crf, show_default=True,
                 help="Quality, less is better: 0 (without loss) to 51, for av1 1 to 63."),
    click.option("--preset", type=click.Choice(PRESETS), default=_USUAL.preset, show_default=True,
                 help="The encoder's effort: slower gives smaller files."),
    click.option("--pixel-format", type=click.Choice(PIXEL_FORMATS), default=_USUAL.pixel_format,
                 show_default=True, help="Pixels of the videos; rgb24 with --crf 0 keeps all."),
    click.option("--nvenc", type=click.Choice(NVENC), default=_USUAL.nvenc, show_default=True,
                 help="Encode on a GPU: never, where a trial shows that it works, always."),
]  # fmt: skip
_NAMES = ("crf", "preset", "codec", "pixel_format", "nvenc")


def video_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how videos are encoded."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def video_options_of(settings: dict[str, Any]) -> VideoOptions:
    """Take these options out of a command's arguments; InputError when they do not fit together."""
    return VideoOptions(**{name: settings.pop(name) for name in _NAMES})
