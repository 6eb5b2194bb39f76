"""``carla-nurec nurec info``: show what a NuRec server offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from ...core.errors import InputError
from ...core.machine.host_port import host_and_port
from .options import connect, connection_options

if TYPE_CHECKING:
    from ...nurec.client.capabilities import Capabilities
    from ...nurec.client.client import NurecClient

T = TypeVar("T")
_ANSWERS = {True: "yes", False: "no", None: "not told"}


@click.command(epilog="Example: carla-nurec nurec info 127.0.0.1:8080")
@click.argument("target", required=False)
@connection_options
def command(target: str | None, timeout_s: float, **connection: Any) -> int:
    """Show version, generation, abilities, scenes and cameras of a NuRec server.

    TARGET is HOST:PORT or unix:PATH, instead of --host and --port.
    """
    given = click.get_current_context().get_parameter_source("timeout_s")
    limit_s = 5.0 if given is click.core.ParameterSource.DEFAULT else timeout_s
    with connect({**connection, **_address(target), "timeout_s": limit_s}) as client:
        console = Console(highlight=False)
        _print_server(console, client)
        scenes = _told(client.scenes)
        if scenes is None:
            console.print("it does not tell which scenes it has")
        for scene_id in scenes or ():
            _print_scene(console, client, scene_id)
    return 0


def _told(ask: Callable[[], tuple[T, ...]]) -> tuple[T, ...] | None:
    """Return what a server lists, None where it has no such method."""
    from ...nurec.client.client import UnknownMethodError

    try:
        return ask()
    except UnknownMethodError:
        return None


def _address(target: str | None) -> dict[str, Any]:
    if target is None:
        return {}
    if target.startswith("unix:"):
        return {"unix_socket": target.removeprefix("unix:")}
    address = host_and_port(target)
    if address is None:
        raise InputError(f"a NuRec server is given as HOST:PORT or unix:PATH, not {target!r}")
    return dict(zip(("host", "port"), address, strict=True))


def _print_server(console: Console, client: NurecClient) -> None:
    version, found = client.connection.version, client.capabilities
    api = version.grpc_api_version
    table = Table(title=f"NuRec server {client.connection.target}", show_header=False)
    table.add_row("version", f"{version.version_id} {version.git_hash}".strip())
    table.add_row("contract", f"{api.major}.{api.minor}.{api.patch}")
    table.add_row("generation", found.generation)
    table.add_row("service", client.connection.service)
    table.add_row("health", client.health())
    table.add_row("batches", _batches(found))
    table.add_row("aggregated", "yes" if found.aggregated else "no")
    table.add_row("harmonizer sessions", _ANSWERS[found.harmonizer])
    table.add_row("semantics", found.semantics or "not told")
    table.add_row("editing", _ANSWERS[found.editing])
    masks = _told(client.ego_masks)
    hoods = sorted({mask.rig_config_id for mask in masks or ()})
    table.add_row("hoods", "not told" if masks is None else ", ".join(hoods) or "none")
    if found.aggregated:
        loaded, room = client.loaded_scenes()
        table.add_row("in memory", f"{len(loaded)} of {room}: {', '.join(loaded) or 'none'}")
    for name, value in sorted(found.config.items()):
        if "semantic" not in name.lower():
            table.add_row(name, value)
    console.print(table)


def _batches(found: Capabilities) -> str:
    if found.batches:
        return "yes"
    return "no (batch_render_camera is not public)" if found.new_batches else "no"


def _print_scene(console: Console, client: NurecClient, scene_id: str) -> None:
    table = Table("camera", "model", "resolution", "shutter", title=f"scene {scene_id}")
    for camera in _told(lambda: client.cameras(scene_id)) or ():
        width, height = camera.size
        table.add_row(camera.logical_id, camera.optics, f"{width} x {height}", camera.shutter)
    console.print(table)
    for trajectory in _told(lambda: client.trajectories(scene_id)) or ():
        stamps = [pose.timestamp_us for pose in trajectory.poses]
        if stamps:
            seconds = (stamps[-1] - stamps[0]) / 1e6
            console.print(f"{len(stamps)} rig poses over {seconds:g} s from {stamps[0]} us")
