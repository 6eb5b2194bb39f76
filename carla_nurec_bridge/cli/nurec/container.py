"""``carla-nurec nurec container``: run NVIDIA's NuRec server in Docker for one scene."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import click

from ...core.errors import RunError
from ...core.run_contract import heartbeat
from ..finite import FiniteRange

_POLL_S = 1.0


@click.command("container")
@click.option("--scene", required=True, type=click.Path(path_type=Path), help="Scene package.")
@click.option(
    "--port",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="TCP port of the server on this machine; 0 takes a free one and prints it.",
)
@click.option(
    "--image",
    metavar="RELEASE|IMAGE",
    help="25.07, 26.04 or 26.10 of NuRec, or a Docker image. "
    "[default: $NUREC_IMAGE, or 25.07, which is CARLA 0.9.16's]",
)
@click.option("--gpu", "gpus", help="GPUs, as in CUDA_VISIBLE_DEVICES, which is the default.")
@click.option(
    "--reuse/--no-reuse",
    default=True,
    show_default=True,
    help="Take a container that already runs for this scene and image.",
)
@click.option("--keep", is_flag=True, help="Leave the container running at the end.")
@click.option(
    "--ready-s",
    default=300.0,
    show_default=True,
    type=FiniteRange(1.0, 3600.0),
    help="Seconds to wait until the server answers.",
)
@click.argument("arguments", nargs=-1)
def command(
    scene: Path,
    port: int,
    image: str | None,
    gpus: str | None,
    reuse: bool,
    keep: bool,
    ready_s: float,
    arguments: tuple[str, ...],
) -> int:
    """Run NVIDIA's NuRec server in Docker until a signal; further ARGUMENTS go to the server.

    Needs Docker, NVIDIA's container toolkit and a GPU. Example:

    carla-nurec nurec container --scene scene.usdz --image 26.10 -- --enable-editing-actors
    """
    from ...nurec.container.container import (
        GPU_VARIABLE,
        ContainerOptions,
        NurecContainer,
        gpus_from,
    )
    from ...nurec.container.images import image_from, image_named

    # A signal interrupts also the long wait for the server; the container is stopped either way.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    heartbeat.start()
    chosen = gpus_from(os.environ if gpus is None else {GPU_VARIABLE: gpus})
    wanted = image_from(os.environ) if image is None else image_named(image)
    options = ContainerOptions(scene, wanted, chosen, port, arguments, reuse, keep, ready_s)
    try:
        with NurecContainer(options, lambda line: click.echo(f"nurec: {line}")) as container:
            how = "found" if container.reused else "started"
            click.echo(
                f"ready: NuRec on 127.0.0.1:{container.port}, {how} in container {container.name}"
            )
            while container.alive():
                time.sleep(_POLL_S)
            raise RunError(f"the container {container.name} ended by itself")
    except KeyboardInterrupt:
        return 0
