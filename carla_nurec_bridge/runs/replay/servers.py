"""The servers of a replay: started here, or found running."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from ...core.errors import InputError
from ...core.machine.ports import free_port
from ...core.teardown import Teardown
from ...nurec.container.container import (
    ContainerOptions,
    NurecContainer,
    gpus_from,
)
from ...nurec.container.images import image_from
from ...scene import Scene
from ..config import checked_config
from ..graph import CARLA_SERVER, NUREC_SERVER
from ..processes.own_server import GRACE_S, started_server

_CONNECT_S = 5.0


@dataclass(frozen=True)
class ReplayServers:
    """Which servers a replay has; addresses are those of external ones, NuRec's on this machine.

    An embedded server is this package's own, a container NVIDIA's in Docker.
    """

    carla: Literal["embedded", "external"]
    host: str
    port: int
    nurec: Literal["embedded", "container", "external"]
    nurec_port: int


def check_external(servers: ReplayServers) -> None:
    """Raise InputError when a server that should run already does not, before any is started."""
    if servers.carla == "external":
        _expect_listener("CARLA", servers.host, servers.port)
    if servers.nurec == "external":
        _expect_listener("NuRec", "127.0.0.1", servers.nurec_port)


def _expect_listener(what: str, host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except OSError as error:
        raise InputError(
            f"no {what} listens at {host}:{port} ({error.strerror or error}); start it, or leave "
            "its address out to have one started here"
        ) from error


def carla_address(
    teardown: Teardown, scene: Scene, servers: ReplayServers, output: Path
) -> tuple[str, int]:
    """Return host and port of the CARLA of a replay; an embedded one ends with ``teardown``.

    InputError for a scene without a map.
    """
    if scene.xodr is None:
        raise InputError(f"the scene {scene.scene_id} has no map.xodr, which CARLA needs")
    if servers.carla == "external":
        return servers.host, servers.port
    road = output / "map" / "scene.xodr"
    road.parent.mkdir(exist_ok=True)
    road.write_text(scene.xodr, encoding="utf-8")
    port = free_port(pair=True)
    asked = {"run_dir": output, "map": road, "carla_port": port, "nurec": False}
    run = checked_config(asked, "replay")
    server = started_server(run, output / "logs" / "carla_server.log", CARLA_SERVER)
    teardown.add("the CARLA server", partial(server.end, GRACE_S))
    return "127.0.0.1", port


def nurec_address(teardown: Teardown, package: Path, servers: ReplayServers, output: Path) -> str:
    """Return the address of the NuRec of a replay; what is started here ends with ``teardown``."""
    if servers.nurec == "external":
        return f"127.0.0.1:{servers.nurec_port}"
    log = output / "logs" / "nurec_server.log"
    if servers.nurec == "embedded":
        port = free_port()
        asked = {"run_dir": output, "scene": package, "nurec_port": port, "embedded_carla": False}
        run = checked_config(asked, "replay")
        server = started_server(run, log, NUREC_SERVER)
        teardown.add("the NuRec server", partial(server.end, GRACE_S))
        return f"127.0.0.1:{port}"
    log.parent.mkdir(parents=True, exist_ok=True)
    lines = teardown.keep("the log of NuRec's container", log.open("w", encoding="utf-8"))
    wish = ContainerOptions(
        package,
        image_from(os.environ),
        gpus_from(os.environ),
        arguments=("--enable-editing-actors",),
    )
    container = NurecContainer(wish, lambda line: print(line, file=lines, flush=True))
    return f"127.0.0.1:{teardown.keep('the container', container.__enter__()).port}"
