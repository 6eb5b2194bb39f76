"""Listing and fetching published scenes, against a stub of the hub's HTTP API."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from programs import Program

from carla_nurec_bridge.core.errors import BridgeError, DeadlineError, InputError
from carla_nurec_bridge.scene.hub import download as download_module
from carla_nurec_bridge.scene.hub.download import WantedFile, download
from carla_nurec_bridge.scene.hub.hub import PublishedScene, choose

NAME = "someone/scenes"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "README.md": b"about",
    "sample_set/25.07_release/aaaa-1/aaaa-1.usdz": b"A" * 300_000,
    "sample_set/25.07_release/aaaa-1/labels.json": b"{}",
    "sample_set/25.07_release/bbbb-2/bbbb-2.usdz": b"B" * 1000,
    "sample_set/26.02_release/aaaa-1/aaaa-1.usdz": b"C" * 2000,
}


class _Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, str | None]]
    token: str | None
    stall_at: int | None
    refused_at: str
    cut_at: int | None

    def log_message(self, *_arguments: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.seen.append((self.command, path, self.headers.get("Range")))
        api = f"/api/datasets/{NAME}"
        given = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.token is not None and given != self.token:
            self._send(401, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"})
        elif path.startswith(f"{api}/tree/"):
            tree = [
                {"type": "file", "oid": _oid(content), "size": len(content), "path": name}
                for name, content in FILES.items()
            ]
            self._json(tree)
        elif path.startswith(api):
            siblings = [{"rfilename": name} for name in FILES]
            self._json({"id": NAME, "sha": COMMIT, "siblings": siblings, "private": False})
        elif (name := path.partition(f"/resolve/{COMMIT}/")[2]) in FILES:
            content = FILES[name]
            headers = {
                "X-Repo-Commit": COMMIT,
                "ETag": f'"{_oid(content)}"',
                "Accept-Ranges": "bytes",
            }
            begin = 0
            if self.headers.get("Range"):
                begin = int(self.headers["Range"].removeprefix("bytes=").partition("-")[0])
                headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            if self.refused_at:
                headers["Location"] = self.refused_at
                self._send(302, b"", headers)
            elif self.cut_at is not None:
                self._cut(206 if begin else 200, content[begin:], headers)
            elif self.stall_at is not None and self.command == "GET":
                self._stall(content, headers)
            else:
                self._send(206 if begin else 200, content[begin:], headers)
        elif path == "/signed":
            self._send(403, b"expired", {})
        else:
            self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})

    def _cut(self, code: int, content: bytes, headers: dict[str, str]) -> None:
        """Promise a file, send the beginning of it and hang up."""
        self.send_response(code)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content[: self.cut_at])
        self.close_connection = True

    def _stall(self, content: bytes, headers: dict[str, str]) -> None:
        """Send the beginning of a file and then nothing more, until the client goes."""
        self.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content[: self.stall_at])
        self.wfile.flush()
        self.connection.settimeout(30.0)
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def _json(self, content: Any) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(self, code: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def _oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.handler = type(
            "Handler",
            (_Hub,),
            {
                "seen": [],
                "token": None,
                "stall_at": None,
                "refused_at": "",
                "cut_at": None,
            },
        )
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def start(self, *arguments: str, token: str = "") -> Program:
        env = {
            "HF_ENDPOINT": f"http://127.0.0.1:{self.server.server_port}",
            "HF_HOME": str(self.folder / "home"),
            "HF_TOKEN": token,
            "NO_PROXY": "127.0.0.1",
            "COLUMNS": "200",
        }
        return Program("scene", *arguments, env=env)

    def run(self, *arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, token=token) as process:
            out, err = process.communicate(timeout=250)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path)
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def test_scenes_are_listed_by_release(hub: Hub) -> None:
    done = hub.run("list", "--data-set", NAME)
    assert done.returncode == 0, done.stderr
    assert "3 scenes" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines() if ".usdz" in line]
    assert [line[:2] for line in lines] == [
        ["aaaa-1", "25.07"],
        ["bbbb-2", "25.07"],
        ["aaaa-1", "26.02"],
    ]


def test_only_what_was_asked_for_is_fetched_and_only_once(hub: Hub, tmp_path: Path) -> None:
    out = tmp_path / "scenes"
    asked = ("fetch", "aaaa", "--release", "25.07", "--data-set", NAME, "--out", str(out))
    done = hub.run(*asked)
    assert done.returncode == 0, done.stderr
    found = {
        str(p.relative_to(out)) for p in out.rglob("*") if p.is_file() and ".cache" not in p.parts
    }
    assert found == {name for name in FILES if "25.07_release/aaaa-1" in name}
    package = out / "sample_set/25.07_release/aaaa-1/aaaa-1.usdz"
    assert package.read_bytes() == FILES["sample_set/25.07_release/aaaa-1/aaaa-1.usdz"]
    assert str(package) in done.stdout
    del hub.handler.seen[:]
    assert hub.run(*asked).returncode == 0
    assert not [call for call in hub.handler.seen if call[0] == "GET" and "/resolve/" in call[1]]


def test_a_killed_download_goes_on_where_it_stopped(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, name, sent = tmp_path / "scenes", "sample_set/25.07_release/bbbb-2/bbbb-2.usdz", 1 << 20
    monkeypatch.setitem(FILES, name, bytes(range(256)) * (3 * sent // 512))
    asked = ("fetch", "bbbb", "--data-set", NAME, "--out", str(out))
    hub.handler.stall_at = sent
    with hub.start(*asked) as process:
        deadline = time.monotonic() + 120.0
        while not any(p.stat().st_size == sent for p in out.rglob("*.part")):
            assert time.monotonic() < deadline, "the beginning never came"
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    hub.handler.stall_at = None
    del hub.handler.seen[:]
    done = hub.run(*asked)
    assert done.returncode == 0, done.stderr
    assert (out / name).read_bytes() == FILES[name]
    ranges = [r for command, path, r in hub.handler.seen if command == "GET" and name in path]
    assert ranges == [f"bytes={sent}-"]


def test_what_came_is_checked_and_a_broken_connection_is_mended(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_module, "_WAIT_S", 0.01)
    name = "sample_set/26.02_release/aaaa-1/aaaa-1.usdz"
    base = f"http://127.0.0.1:{hub.server.server_port}/datasets/{NAME}/resolve/{COMMIT}/{name}"
    content = FILES[name]
    heard: list[int] = []
    hub.handler.cut_at = 700
    download(WantedFile(base, len(content), _oid(content)), tmp_path / "a", {}, heard.append)
    assert (tmp_path / "a").read_bytes() == content
    assert sum(heard) == len(content)
    ranges = [r for _, path, r in hub.handler.seen if name in path]
    assert ranges == [None, "bytes=700-", "bytes=1400-"]
    with pytest.raises(BridgeError, match="what came differs from what the server lists"):
        download(WantedFile(base, len(content), "0" * 40), tmp_path / "b", {})
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a"]
    hub.handler.cut_at = 0
    with pytest.raises(DeadlineError, match="the connection broke .*, 5 times"):
        download(WantedFile(base, len(content), _oid(content)), tmp_path / "c", {})


def test_no_secret_is_printed(hub: Hub, tmp_path: Path) -> None:
    base = f"http://127.0.0.1:{hub.server.server_port}"
    hub.handler.token = "hf_secretword"
    hub.handler.refused_at = f"{base}/signed?X-Amz-Signature=5ec7e7"
    asked = ("fetch", "bbbb", "--data-set", NAME, "--out", str(tmp_path / "s"))
    done = hub.run(*asked, token="hf_secretword")
    assert done.returncode != 0
    assert "your token does not open" in done.stderr
    said = done.stdout + done.stderr
    assert "secretword" not in said
    assert "5ec7e7" not in said
    assert "Traceback" not in said


def test_a_gated_set_says_how_to_get_in(hub: Hub) -> None:
    hub.handler.token = "secret"
    done = hub.run("list", "--data-set", NAME)
    assert done.returncode == 2
    assert "accept its licence" in done.stderr
    assert "HF_TOKEN" in done.stderr
    done = hub.run("list", "--data-set", NAME, token="wrong")
    assert done.returncode == 2
    assert "your token does not open" in done.stderr
    assert "wrong" not in done.stderr
    assert hub.run("list", "--data-set", NAME, token="secret").returncode == 0


def test_a_hub_that_does_not_answer_is_one_sentence(hub: Hub) -> None:
    hub.server.server_close()
    done = hub.run("list", "--data-set", NAME)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: the Hugging Face hub did not give {NAME}: ")
    assert done.stderr.count("\n") == 1


def test_nvidias_set_asks_about_its_licence(hub: Hub) -> None:
    done = hub.run("fetch", "aaaa")
    assert "12 months" in done.stdout
    assert done.returncode == 2
    assert "--accept-licence" in done.stderr
    assert hub.handler.seen == []


def test_the_beginning_of_an_id_is_enough_if_it_is_one_scene() -> None:
    scenes = [PublishedScene(name, "25.07", f"{name}/{name}.usdz", ()) for name in ("ab1", "ab2")]
    assert choose(scenes, ["ab2"]) == [scenes[1]]
    with pytest.raises(InputError, match="'ab' fits 2 scenes"):
        choose(scenes, ["ab"])
    with pytest.raises(InputError, match="'x' fits no scene"):
        choose(scenes, ["x"])
