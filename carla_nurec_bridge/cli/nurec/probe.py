"""``carla-nurec nurec probe``: what a package's volume holds, and what that says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from ...core.errors import InputError
from ...core.files.archive import open_archive
from ...gaussians.formats.nurec.container import Volume, unpack_volume
from ...gaussians.formats.package import read_package, volume_members
from ...scene.package.reading import DATA_INFO, open_scene
from ...scene.splats.assumptions import ProbedPackage, findings
from ...scene.splats.probing import switches, tensor_facts


@click.command("probe", epilog="Example: carla-nurec nurec probe scene.usdz --json > probe.json")
@click.argument("package", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(package: Path, as_json: bool) -> None:
    """Print what is in a package's volume, and what that says about our assumptions.

    Names, shapes, types and figures of tensors, the config's switches, and for each assumption of
    docs/unverified.md about volumes whether this package bears it out. Nothing of what the scene
    shows is printed, so that it may be sent to others.
    """
    archive = open_archive(package)
    members = volume_members(archive)
    if not members:
        raise InputError(f"{package} holds no volume; its members: {', '.join(archive.members)}")
    report: dict[str, Any] = {
        "members": {name: info.file_size for name, info in archive.members.items()},
        "volumes": {},
    }
    volumes = []
    for name in members:
        volume = unpack_volume(archive.read(name), f"{package}: {name}")
        volumes.append(volume)
        report["volumes"][name] = _volume_report(volume)
    try:
        gaussians = read_package(archive)
        scene = open_scene(package) if DATA_INFO in archive.members else None
        probes = [asdict(one) for one in findings(ProbedPackage(volumes[0], gaussians, scene))]
        report |= {"findings": probes, "not_drawn": [str(one) for one in gaussians.not_drawn]}
        report["notes"] = list(gaussians.notes)
    except InputError as error:
        report["refused"] = str(error)
    if as_json:
        click.echo(json.dumps(report, indent=1))
    else:
        _print(report)


def _volume_report(volume: Volume) -> dict[str, Any]:
    facts, problems = tensor_facts(volume)
    plain = {
        key: type(value).__name__
        for key, value in volume.state.items()
        if not isinstance(value, bytes) and not key.endswith(".shape")
    }
    return {
        "version": volume.version,
        "config": dict(switches(volume.config)),
        "tensors": [asdict(fact) for fact in facts],
        "other_entries": plain,
        "problems": problems,
    }


def _print(report: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False)
    for name, size in report["members"].items():
        console.print(f"{name}  {size:,} bytes", soft_wrap=True)
    for name, volume in report["volumes"].items():
        tensors = _table(f"{name}, version {volume['version']}", "tensor", "shape", "type", "range")
        for fact in volume["tensors"]:
            found = fact["low"], fact["mean"], fact["high"]
            words = "" if None in found else " .. ".join(f"{number:.4g}" for number in found)
            if fact["not_finite"]:
                words += f" ({fact['not_finite']} not finite)"
            shape = " x ".join(map(str, fact["shape"])) or "scalar"
            tensors.add_row(fact["key"], shape, fact["kind"], words)
        console.print(tensors)
        config = _table("config", "switch", "value")
        for key, value in volume["config"].items():
            config.add_row(key, value)
        console.print(config)
        for key, kind in volume["other_entries"].items():
            console.print(f"{key}: {kind}", soft_wrap=True)
        for problem in volume["problems"]:
            console.print(problem, style="red", soft_wrap=True)
    if "refused" in report:
        console.print(f"not drawn: {report['refused']}", style="red", soft_wrap=True)
        return
    table = _table("assumptions", "assumption", "is", "figures")
    for one in report["findings"]:
        table.add_row(one["assumption"], one["verdict"], one["figures"])
    console.print(table)
    for sentence in (*report["not_drawn"], *report["notes"]):
        console.print(f"note: {sentence}", style="yellow", soft_wrap=True)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
