"""A small clip, a running server, and a proxy that spoils connections."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import web

from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.labels.palette import semantic_rgb
from carla_nurec_bridge.servers.cosmos import CosmosServer, CosmosServerOptions

TOKEN = "a token for tests"
FRAMES, WIDTH, HEIGHT = 93, 128, 72
ROAD, BUILDING, SKY = 1, 3, 11


def write_video(path: Path, pictures: list[np.ndarray], rate_hz: int) -> None:
    height, width = pictures[0].shape[:2]
    writer = VideoWriter(path, width, height, Fraction(rate_hz), VideoOptions(crf=4))
    for picture in pictures:
        writer.add(picture)
    writer.close()


def make_clip(folder: Path, frames: int = FRAMES, rate_hz: int = 16) -> Path:
    """Write rgb, semantic, depth and edges of a street: sky above, a wall, a road below."""
    folder.mkdir(parents=True, exist_ok=True)
    tags = np.full((HEIGHT, WIDTH), ROAD, np.uint8)
    tags[:40] = BUILDING
    tags[:24] = SKY
    depth = np.full((HEIGHT, WIDTH, 3), 86, np.uint8)  # 20 m in CARLA's logarithmic grey levels
    depth[tags == SKY] = 0
    rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    rgb[tags == SKY] = (120, 160, 220)
    moving = []
    for index in range(frames):
        picture = rgb.copy()
        picture[44:52, (20 + index) % 100 : (20 + index) % 100 + 12] = (200, 180, 60)
        moving.append(picture)
    write_video(folder / "rgb.mp4", moving, rate_hz)
    write_video(folder / "semantic.mp4", [semantic_rgb(tags)] * frames, rate_hz)
    write_video(folder / "depth.mp4", [depth] * frames, rate_hz)
    write_video(folder / "edges.mp4", [np.zeros_like(rgb)] * frames, rate_hz)
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def server(state_dir: Path) -> Iterator[CosmosServer]:
    with CosmosServer(CosmosServerOptions(state_dir, port=0, token=TOKEN)) as running:
        assert running.worker.ready.wait(250)
        yield running


@pytest.fixture
def api(server: CosmosServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with web.Client(base_url=server.url, headers=headers, timeout=250) as client:
        yield client


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Keep every job running until it is cancelled; ``undo`` lets later ones be made."""

    def hold(*arguments: Any, watermark: bool) -> None:
        progress = arguments[-1]
        while True:
            progress(1, 10)
            time.sleep(0.02)

    monkeypatch.setattr("carla_nurec_bridge.servers.cosmos.worker.make_video", hold)
    return monkeypatch


class BadProxy:
    """Pass bytes between clients and a server; spoil a share of the connections, by chance.

    A spoilt one is dropped before the server hears of it, dropped after the request went through,
    delayed, or its answer is cut short.
    """

    def __init__(self, port: int, share: float, seed: int) -> None:
        self._target = port
        self._share = share
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.spoilt = {"drop": 0, "lose": 0, "delay": 0, "cut": 0}
        self.connections = 0
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for thread in self._threads:
            thread.join(60)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            kind = None
            if self._random.random() < self._share:
                kind = self._random.choice(list(self.spoilt))
                self.spoilt[kind] += 1
            thread = threading.Thread(target=self._serve, args=(client, kind), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, kind: str | None) -> None:
        with client:
            if kind == "drop":
                return
            if kind == "delay":
                time.sleep(0.4)
            try:
                server = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                return
            with server:
                up = threading.Thread(target=self._copy, args=(client, server, None), daemon=True)
                up.start()
                limit = {"lose": 0, "cut": self._random.randrange(20, 2000)}.get(str(kind))
                self._copy(server, client, limit)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, limit: int | None) -> None:
        """Copy up to ``limit`` bytes, then break both connections off."""
        passed = 0
        try:
            while piece := source.recv(1 << 16):
                if limit is not None and passed + len(piece) > limit:
                    target.sendall(piece[: limit - passed])
                    break
                target.sendall(piece)
                passed += len(piece)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def pytest_collection_modifyitems(items):
    for item in items:
        if "conformance/cosmos" in str(item.path):
            item.add_marker(pytest.mark.conformance)
