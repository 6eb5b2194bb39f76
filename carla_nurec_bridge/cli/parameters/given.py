"""Which options and arguments someone wrote, as opposed to those that have their defaults."""

from __future__ import annotations

import click
from click.core import ParameterSource


def given(context: click.Context) -> list[click.Parameter]:
    """Return the parameters of a command that its command line names, in the command's order."""
    return [
        parameter
        for parameter in context.command.params
        if context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]
