"""NVIDIA's NuRec server in a Docker container: started, followed, waited for, stopped."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import final

from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import DeviceRequest, Mount

import docker

from ...core.errors import (
    BridgeError,
    DeadlineError,
    InputError,
    RunError,
)
from ...core.machine.ports import free_port
from ..client.connection import open_connection
from .images import IMAGE_VARIABLE, subcommand

GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"
LABELS = {
    "port": "com.carla.nurec.port",
    "scene": "com.carla.nurec.scene",
    "owner": "com.carla.nurec.owner",
}
"""Labels of the containers; port and scene are those that CARLA's own scripts use."""

_OWNER = "carla_nurec_bridge"
_INSIDE = "/scenes"
_TRY_S = 2.0
_STOP_S = 15
_LAST_LINES = 3


@dataclass(frozen=True)
class ContainerOptions:
    """What to run.

    ``scene`` is mounted read-only. ``gpus`` are Docker's device ids; ``port`` 0 takes a free one.
    ``arguments`` follow those that name scene, host and port. ``reuse`` takes a running container
    of the same image and scene, whoever started it; ``keep`` leaves a started one running at the
    end for the next run to reuse.
    """

    scene: Path
    image: str
    gpus: tuple[str, ...]
    port: int = 0
    arguments: tuple[str, ...] = ()
    reuse: bool = True
    keep: bool = False
    ready_s: float = 300.0


def gpus_from(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the GPUs that CUDA_VISIBLE_DEVICES names, the first one when it is not set.

    InputError when it is set and hides all of them, or names something that is no GPU.
    """
    text = environment.get(GPU_VARIABLE, "0")
    gpus = tuple(part.strip() for part in text.split(",") if part.strip())
    if not gpus or gpus == ("-1",):
        raise InputError(
            f"{GPU_VARIABLE} hides every GPU; NuRec's container needs one, set it to 0"
        )
    for gpu in gpus:
        if not re.fullmatch(r"\d+|(GPU|MIG)-[0-9A-Za-z/-]+", gpu):
            raise InputError(f"{GPU_VARIABLE}={text}: {gpu!r} is no GPU; use numbers or UUIDs")
    return gpus


@final
class NurecContainer:
    """A container that is ready for clients inside ``with``; ``on_line`` hears its log.

    Opening raises InputError when there is no Docker, image or GPU, RunError when the container
    ends before it is ready, DeadlineError when it takes too long.
    """

    def __init__(self, options: ContainerOptions, on_line: Callable[[str], None]) -> None:
        self._options = options
        self._on_line = on_line
        self._client: docker.DockerClient | None = None
        self._container: Container | None = None
        self._started = False
        self._follower: threading.Thread | None = None
        self._last: list[str] = []
        self.port = options.port

    @property
    def name(self) -> str:
        """The container's name."""
        assert self._container is not None
        return str(self._container.name)

    @property
    def reused(self) -> bool:
        """Whether it ran before and so is left running."""
        return not self._started

    def __enter__(self) -> NurecContainer:
        if not self._options.scene.is_file():
            raise InputError(f"there is no scene package {self._options.scene}")
        try:
            self._client = _engine()
            with _in_words(self._options.image):
                self._container = self._running() or self._start(self._client)
                self._follow()
                self._wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def alive(self) -> bool:
        """Say whether the container still runs."""
        return self._state() == "running"

    def close(self) -> None:
        """Stop and remove the container if it was started here; a second call does nothing."""
        client, self._client = self._client, None
        if client is None:
            return
        container = self._container
        if container is not None and self._started and not self._options.keep:
            with contextlib.suppress(NotFound):
                with contextlib.suppress(APIError):
                    container.stop(timeout=_STOP_S)
                container.remove(force=True)
        client.close()
        if self._follower is not None:
            self._follower.join(_TRY_S)

    def _running(self) -> Container | None:
        """Return a running container of this image and scene, if one may be reused."""
        assert self._client is not None
        if not self._options.reuse:
            return None
        label = f"{LABELS['scene']}={self._options.scene.resolve()}"
        for container in self._client.containers.list(filters={"label": label}):
            port = container.labels.get(LABELS["port"], "")
            same = container.attrs["Config"]["Image"] == self._options.image
            if same and port.isdecimal() and self._options.port in (0, int(port)):
                self.port = int(port)
                return container
        return None

    def _start(self, client: docker.DockerClient) -> Container:
        options = self._options
        scene = options.scene.resolve()
        try:
            client.images.get(options.image)
        except ImageNotFound:
            self._on_line(f"pulling {options.image}, which is many gigabytes")
            client.images.pull(options.image)
        self.port = options.port or free_port()
        inside = f"{_INSIDE}/{scene.name}"
        container = client.containers.create(
            options.image,
            command=[
                *subcommand(options.image),
                f"--artifact-glob={inside}",
                "--host=127.0.0.1",
                f"--port={self.port}",
                *options.arguments,
            ],
            name=f"NuRec_{_plain(scene.stem)}_run_{secrets.token_hex(4)}",
            network_mode="host",
            device_requests=[DeviceRequest(device_ids=list(options.gpus), capabilities=[["gpu"]])],
            mounts=[Mount(inside, str(scene), type="bind", read_only=True)],
            labels={
                LABELS["port"]: str(self.port),
                LABELS["scene"]: str(scene),
                LABELS["owner"]: _OWNER,
            },
        )
        self._container, self._started = container, True
        container.start()
        return container

    def _follow(self) -> None:
        """Hand on what the container prints, from a thread that ends with the container."""
        container = self._container
        assert container is not None
        since = int(time.time())

        def read() -> None:
            rest = b""
            # The engine ends the stream when the container goes; closing the client breaks it.
            with contextlib.suppress(DockerException, OSError, ValueError):
                for part in container.logs(stream=True, follow=True, since=since):
                    *lines, rest = (rest + part).split(b"\n")
                    for line in lines:
                        self._hear(line.decode("utf-8", "replace").rstrip())

        self._follower = threading.Thread(target=read, name="nurec-log", daemon=True)
        self._follower.start()

    def _hear(self, line: str) -> None:
        self._last = [*self._last, line][-_LAST_LINES:]
        self._on_line(line)

    def _wait_ready(self) -> None:
        """Wait until the server answers over gRPC."""
        deadline = time.monotonic() + self._options.ready_s
        while True:
            try:
                open_connection(f"127.0.0.1:{self.port}", _TRY_S).channel.close()
                return
            except DeadlineError:
                said = f"; its last lines: {' | '.join(self._last)}" if self._last else ""
                state = self._state()
                if state != "running":
                    raise RunError(f"the container {self.name} is {state}{said}") from None
                if time.monotonic() > deadline:
                    raise DeadlineError(
                        f"the container {self.name} did not answer on port {self.port} within "
                        f"{self._options.ready_s:g} s{said}"
                    ) from None

    def _state(self) -> str:
        assert self._container is not None
        try:
            self._container.reload()
        except NotFound:
            return "gone"
        except DockerException:
            return "unknown, because the Docker engine does not answer"
        return str(self._container.status)


def _engine() -> docker.DockerClient:
    try:
        client = docker.from_env()
        client.ping()
    except (DockerException, OSError) as error:
        where = os.environ.get("DOCKER_HOST", "its usual socket")
        raise InputError(
            f"NuRec's container needs a Docker engine, and none answers at {where}; install Docker "
            "with NVIDIA's container toolkit, or use nurec_mode embedded or external "
            f"({_reason(error)})"
        ) from error
    return client


@contextlib.contextmanager
def _in_words(image: str) -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise InputError(
            f"there is no image {image}, here or in its registry; set {IMAGE_VARIABLE} to one that "
            f"you have or may pull ({_reason(error)})"
        ) from error
    except DockerException as error:
        raise BridgeError(f"Docker refused to run {image}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    text = error.explanation if isinstance(error, APIError) and error.explanation else str(error)
    return " ".join(str(text).split())


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:40]
