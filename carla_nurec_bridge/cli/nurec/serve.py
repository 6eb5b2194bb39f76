"""``carla-nurec nurec serve``: serve scene packages over NuRec's gRPC contract."""

from __future__ import annotations

import glob
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...core.errors import InputError
from ...core.machine.collector import keep_loaded
from ...core.run_contract import heartbeat
from ..until_signal import stop_on_signal

if TYPE_CHECKING:
    from ...scene import Scene

_POLL_S = 0.2
_PATH = click.Path(path_type=Path)
# NuRec's flags about neural rendering and its GPU; name -> whether a value follows.
_NEURAL = {
    "--renderer": True,
    "--enable-nrend/--no-enable-nrend": False,
    "--use-gsplat": False,
    "--ray-chunk-size": True,
    "--enable-difix": False,
    "--difix-url": True,
    "--difix-cache": True,
    "--difix-model-filename": True,
    "--difix-resolution": True,
    "--enable-harmonizer": False,
    "--harmonizer-url": True,
    "--harmonizer-cache": True,
    "--harmonizer-model-filename": True,
    "--harmonizer-resolution": True,
    "--multiproc-workers": True,
    "--profiling-backend": True,
}


def _warn(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None:
        click.echo(
            f"warning: {parameter.opts[0]} has no effect: this server draws Gaussians "
            "and meshes, it runs no network",
            err=True,
        )


def _neural_flags(command: click.Command) -> click.Command:
    for names, valued in _NEURAL.items():
        kind: dict[str, Any] = {"metavar": "VALUE"} if valued else {"is_flag": True}
        click.option(names, expose_value=False, callback=_warn, default=None, hidden=True, **kind)(
            command
        )
    return command


@_neural_flags
@click.command(
    epilog="Example: carla-nurec nurec serve --artifact-glob 'scenes/*/*.usdz' --port 8080. "
    "NuRec's flags about neural rendering are accepted and have no effect."
)
@click.option(
    "--scene", "paths", multiple=True, type=_PATH, help="Scene package (.usdz); may be repeated."
)
@click.option("--artifact-glob", help="Pattern of scene packages, in quotes; ** goes deeper.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=46435,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="TCP port; 0 takes a free one and prints it.",
)
@click.option(
    "--health-port", type=click.IntRange(1, 65535), help="A second port for health checks alone."
)
@click.option("--unix-socket", type=_PATH, help="Listen at this path too.")
@click.option("--tls-cert", type=_PATH, help="PEM certificate; the TCP port then speaks TLS only.")
@click.option("--tls-key", type=_PATH, help="PEM key of --tls-cert.")
@click.option("--tls-client-ca", type=_PATH, help="Ask clients for certificates signed by this.")
@click.option(
    "--max-workers",
    default=16,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Calls answered at the same time.",
)
@click.option(
    "--cache-size",
    default=10,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Scenes kept in memory; the one not drawn for longest goes first.",
)
@click.option("--test-scenes-are-valid", is_flag=True, help="Load every scene before saying ready.")
@click.option(
    "--enable-editing-actors/--no-enable-editing-actors",
    "--editing/--no-editing",
    "editing",
    default=True,
    show_default=True,
    help="Let requests move, hide, replace and insert controllable actors.",
)
@click.option(
    "--hybrid",
    is_flag=True,
    help="In scenes of Gaussians, draw tracks that have none as meshes, composed by depth.",
)
@click.option(
    "--gaussian-order",
    type=click.Choice(["distance", "depth"]),
    help="Blend Gaussians in this order, in place of what the file says.",
)
@click.option(
    "--gaussian-bounds",
    type=click.Choice(["any", "all"]),
    help="Draw Gaussians with any, or all, sigma points in the image, whatever the file says.",
)
@click.option(
    "--gaussian-deformables",
    type=click.Choice(["stiff", "none"]),
    default="stiff",
    show_default=True,
    help="People and riders of Gaussians, whom NuRec bends by a network: stiff at their tracks' "
    "poses, or not drawn.",
)
@click.option(
    "--gaussian-limit",
    type=click.IntRange(1),
    help="Draw so many Gaussians of a scene at most, those that cover most of what is seen from "
    "the rig's path: a million take about a second of processor time a picture of 1280 x 720.",
)
@click.option(
    "--recorded-views",
    is_flag=True,
    help="Give pictures of Gaussians the exposure, vignetting, colour and response (PPISP) of the "
    "nearest recorded view, where the package has them.",
)
@click.option(
    "--batch-render-camera/--no-batch-render-camera",
    "camera_batches",
    default=True,
    show_default=True,
    help="Offer this call of NuRec 26.10, with the messages of batch_render_rgb.",
)
@click.option(
    "--enable-harmonizer-temporal/--no-enable-harmonizer-temporal",
    "harmonizer",
    default=False,
    show_default=True,
    help="Let clients open sessions of NuRec's temporal harmonizer; pictures stay as drawn.",
)
@click.option(
    "--egocar-hood-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Pictures of the car's own hood: RIG/CAMERA.png with transparency.",
)
@click.option(
    "--scene-root",
    "scene_roots",
    multiple=True,
    metavar="DIR|URL",
    help="Where clients may take scenes from by the header x-nre-scene-url; may be repeated.",
)
@click.option("--download-cache-dir", type=_PATH, help="Where packages of URLs are kept.")
@click.option(
    "--download-cache-size",
    default=5,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Packages kept there.",
)
@click.option("--metrics-output-dir", type=_PATH, help="Folder for nurec_server.prom (Prometheus).")
@click.option("--enable-timing", is_flag=True, help="Log every call with its time in ms.")
@click.option(
    "--lidar-lists",
    is_flag=True,
    help="Send lidar points as lists to every client, as CARLA 0.9.16 needs.",
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
    artifact_glob: str | None,
    host: str,
    port: int,
    unix_socket: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    test_scenes_are_valid: bool,
    **settings: Any,
) -> int:
    """Serve NuRec's gRPC contract from scene packages, of Gaussians or drawn by ray casting.

    Without any scene it answers all the same; clients name scenes below --scene-root.
    Runs until a signal or a client's shut_down.
    """
    from ...nurec.client.security import TlsFiles
    from ...rendering.engines.choice import check_engine
    from ...scene import open_scene
    from ...servers.nurec.options import NurecServerOptions
    from ...servers.nurec.server import NurecServer

    check_engine()
    stop = stop_on_signal(in_words=True)
    heartbeat.start()
    if settings["enable_timing"]:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    scenes = [open_scene(path) for path in _packages(paths, artifact_glob)]
    secure = (tls_cert, tls_key, tls_client_ca) != (None, None, None)
    options = NurecServerOptions(
        editing=settings["editing"],
        hybrid=settings["hybrid"],
        camera_batches=settings["camera_batches"],
        harmonizer=settings["harmonizer"],
        gaussian_order=settings["gaussian_order"],
        gaussian_bounds=settings["gaussian_bounds"],
        gaussian_deformables=settings["gaussian_deformables"] == "stiff",
        gaussian_limit=settings["gaussian_limit"],
        recorded_views=settings["recorded_views"],
        lidar_lists=settings["lidar_lists"],
        lidar_column_step=settings["lidar_column_step"],
        cache_size=settings["cache_size"],
        workers=settings["max_workers"],
        scene_roots=settings["scene_roots"],
        download_dir=settings["download_cache_dir"],
        download_count=settings["download_cache_size"],
        hood_dir=settings["egocar_hood_dir"],
        metrics_dir=settings["metrics_output_dir"],
        timing=settings["enable_timing"],
        unix_socket=unix_socket,
        health_port=settings["health_port"],
        tls=TlsFiles(tls_client_ca, tls_cert, tls_key) if secure else None,
    )
    with NurecServer(scenes, host, port, options=options) as server:
        if test_scenes_are_valid:
            for scene in scenes:
                server.make_ready(scene)
        keep_loaded()
        click.echo(f"ready: NuRec on {host}:{server.port}, {_served(scenes, options.scene_roots)}")
        while not stop.is_set() and not server.wait_for_shut_down(_POLL_S):
            pass
        if not stop.is_set():
            click.echo("ended by a client that called shut_down")
    return 0


def _served(scenes: Sequence[Scene], roots: Sequence[str]) -> str:
    if scenes:
        return f"scene {', '.join(scene.scene_id for scene in scenes)}"
    if roots:
        return "scenes named by clients"
    return "no scene, and none can come without --scene-root"


def _packages(paths: tuple[Path, ...], pattern: str | None) -> list[Path]:
    if pattern is None:
        return list(paths)
    # Path.glob takes no absolute pattern.
    found = sorted(Path(name) for name in glob.glob(pattern, recursive=True))  # noqa: PTH207
    if not found:
        raise InputError(f"--artifact-glob {pattern!r} matches no file")
    return [*paths, *found]
