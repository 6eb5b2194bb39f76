"""The value of an option that names an image's size."""

from __future__ import annotations

import re

import click

_LEAST, _MOST = 16, 8192


class ImageSize(click.ParamType):
    """A width and a height in pixels, both even as video wants them: ``1280x720``."""

    name = "size"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what --help shows."""
        return "WIDTHxHEIGHT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return width and height of a text; click.BadParameter when it names none."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", str(value))
        if match is None:
            self.fail(f"{value!r} is no size; write it like 1280x720", param, ctx)
        width, height = int(match[1]), int(match[2])
        if not (min(width, height) >= _LEAST and max(width, height) <= _MOST):
            self.fail(f"{value} is not between {_LEAST} and {_MOST} pixels", param, ctx)
        if width % 2 or height % 2:
            self.fail(f"{value} is odd; video needs an even width and height", param, ctx)
        return width, height
