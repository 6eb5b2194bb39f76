"""``carla-nurec nurec serve``: serve scene packages over NuRec's gRPC contract."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType

import click

from ..core import heartbeat

_POLL_S = 0.2


@click.command(help="Serve NuRec's gRPC contract from scene packages, drawn by ray casting.")
@click.option(
    "--scene",
    "paths",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Scene package (.usdz); give it again for more scenes.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=46435,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="TCP port; 0 takes a free one and prints it.",
)
@click.option(
    "--editing/--no-editing",
    default=True,
    show_default=True,
    help="Let requests move and hide the controllable actors.",
)
@click.option(
    "--lidar-lists",
    is_flag=True,
    help="Send lidar points as lists to every client, as the oldest ones need.",
)
@click.option(
    "--lidar-column-step",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Fire every n-th column of the lidar's table only; 1 gives the full cloud.",
)
def command(
    paths: tuple[Path, ...],
    host: str,
    port: int,
    editing: bool,
    lidar_lists: bool,
    lidar_column_step: int,
) -> int:
    """Serve until a signal or a client's ``shut_down``; exit code 0."""
    from ..embedded.nurec_server.server import NurecServer
    from ..scene import open_scene

    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    heartbeat.start()
    scenes = [open_scene(path) for path in paths]
    server = NurecServer(
        scenes,
        host,
        port,
        editing=editing,
        lidar_lists=lidar_lists,
        lidar_column_step=lidar_column_step,
    )
    with server:
        names = ", ".join(scene.scene_id for scene in scenes)
        click.echo(f"ready: NuRec on {host}:{server.port}, scene {names}")
        while not stop.is_set() and not server.wait_for_shut_down(_POLL_S):
            pass
    return 0
