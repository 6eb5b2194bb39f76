"""``carla-nurec nurec info``: show what a NuRec server offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from ..nurec.client import NurecClient


@click.command(help="Show the version, scenes and cameras of a NuRec server (HOST:PORT).")
@click.argument("target", default="127.0.0.1:46435")
@click.option(
    "--timeout",
    "timeout_s",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0.1, 600.0),
    help="Seconds to wait for an answer.",
)
@click.option(
    "--allow-remote",
    is_flag=True,
    help="Speak to another machine although the protocol is not encrypted.",
)
def command(target: str, timeout_s: float, allow_remote: bool) -> int:
    """Print tables about the server; exit code 0."""
    from ..nurec.client import Deadlines, NurecClient

    deadlines = Deadlines(connect_s=timeout_s, call_s=timeout_s)
    with NurecClient(target, deadlines, allow_remote=allow_remote) as client:
        console = Console(highlight=False)
        _print_server(console, client)
        for scene_id in client.scenes():
            _print_scene(console, client, scene_id)
    return 0


def _print_server(console: Console, client: NurecClient) -> None:
    version = client.connection.version
    api = version.grpc_api_version
    table = Table(title=f"NuRec server {client.connection.target}", show_header=False)
    table.add_row("version", f"{version.version_id} {version.git_hash}".strip())
    table.add_row("contract", f"{api.major}.{api.minor}.{api.patch}")
    table.add_row("service", client.connection.service)
    table.add_row("batches", "yes" if client.renders_batches else "no")
    console.print(table)


def _print_scene(console: Console, client: NurecClient, scene_id: str) -> None:
    table = Table("camera", "model", "resolution", "shutter", title=f"scene {scene_id}")
    for camera in client.cameras(scene_id):
        width, height = camera.size
        table.add_row(camera.logical_id, camera.optics, f"{width} x {height}", camera.shutter)
    console.print(table)
    for trajectory in client.trajectories(scene_id):
        stamps = [pose.timestamp_us for pose in trajectory.poses]
        if stamps:
            seconds = (stamps[-1] - stamps[0]) / 1e6
            console.print(f"{len(stamps)} rig poses over {seconds:g} s from {stamps[0]} us")
