"""Which parameters a command line names."""

from __future__ import annotations

import click
from click.testing import CliRunner

from carla_nurec_bridge.cli.parameters.given import given


def test_defaults_are_not_given_but_their_values_written_out_are() -> None:
    @click.command()
    @click.argument("file")
    @click.option("--height", default=300)
    @click.option("--width", default=400)
    @click.pass_context
    def command(context: click.Context, **_values: object) -> None:
        click.echo(" ".join(str(parameter.name) for parameter in given(context)))

    assert CliRunner().invoke(command, ["--width", "400", "a"]).output.split() == ["file", "width"]
