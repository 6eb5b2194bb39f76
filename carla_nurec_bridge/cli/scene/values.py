"""Values of the options of ``carla-nurec scene build``."""

from __future__ import annotations

import math

import click

_EXAMPLES = ("48.1", "11.6", "520", "90")


class NumberList(click.ParamType):
    """Numbers parted by commas, as many as the metavar names."""

    name = "numbers"

    def __init__(self, metavar: str) -> None:
        """Take what --help calls the numbers, such as ``X,Y,Z``."""
        self._metavar = metavar

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what --help shows."""
        return self._metavar

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Return the numbers of a text; click.BadParameter when they are not as many."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        try:
            numbers = tuple(float(part) for part in parts)
        except ValueError:
            numbers = ()
        wanted = len(self._metavar.split(","))
        if len(numbers) != wanted or not all(map(math.isfinite, numbers)):
            like = ",".join(_EXAMPLES[:wanted])
            self.fail(f"{value!r} is not {self._metavar}; write it like {like}", param, ctx)
        return numbers


class ColumnMap(click.ParamType):
    """Names of columns, ours to the file's: ``stamp_ns=time,x=pos_x``."""

    name = "columns"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what --help shows."""
        return "OURS=THEIRS,..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, str]:
        """Return the file's names by ours; click.BadParameter when a pair is none."""
        if isinstance(value, dict):
            return value
        pairs: dict[str, str] = {}
        for pair in str(value).split(","):
            ours, equals, theirs = (part.strip() for part in pair.partition("="))
            if not (ours and equals and theirs) or ours in pairs:
                self.fail(f"{pair!r} is not a new OURS=THEIRS, such as stamp_ns=time", param, ctx)
            pairs[ours] = theirs
        return pairs


COLUMN_MAP = ColumnMap()
