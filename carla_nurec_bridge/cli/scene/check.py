"""``carla-nurec scene check``: every problem of a scene package."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from ...core.errors import InputError
from ...scene.checks.checking import check_scene


@click.command("check", epilog="Example: carla-nurec scene check scene.usdz")
@click.argument("packages", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def command(packages: tuple[Path, ...], as_json: bool) -> int:
    """Check scene packages and name every problem with its member and field.

    The exit code is 2 when a package has an error, 0 otherwise; warnings do not count.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    broken = False
    report = {}
    for path in packages:
        if not path.is_file():
            raise InputError(f"there is no scene package {path}")
        problems = check_scene(path)
        broken |= any(problem.level == "error" for problem in problems)
        report[str(path)] = [asdict(problem) for problem in problems]
        if as_json:
            continue
        for problem in problems:
            place = ": ".join(part for part in (problem.member, problem.field) if part)
            style = "red" if problem.level == "error" else "yellow"
            words = f"{place}: {problem.text}" if place else problem.text
            console.print(f"{path}: {problem.level}: {words}", style=style)
        if not problems:
            console.print(f"{path}: sound")
    if as_json:
        click.echo(json.dumps(report, indent=1))
    return InputError.exit_code if broken else 0
