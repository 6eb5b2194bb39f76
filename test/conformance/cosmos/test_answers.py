"""Servers whose videos are not what was asked, and jobs for every backend that there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.cosmos.jobs.contracts import CONTRACTS
from carla_nurec_bridge.cosmos.jobs.failures import JobFailed, WrongVideo
from carla_nurec_bridge.cosmos.jobs.protocols.connect import connect
from carla_nurec_bridge.cosmos.jobs.protocols.server import Update
from carla_nurec_bridge.cosmos.jobs.run import run_job
from carla_nurec_bridge.cosmos.jobs.spec import load_spec
from carla_nurec_bridge.servers.cosmos import CosmosServer

from .conftest import FRAMES, HEIGHT, TOKEN, WIDTH, make_clip

MAKE_VIDEO = "carla_nurec_bridge.servers.cosmos.worker.make_video"


def write(path: Path, frames: int, rate: Fraction, size: tuple[int, int]) -> None:
    writer = VideoWriter(path, *size, rate, VideoOptions())
    noise = np.random.default_rng(7).integers(0, 255, (48, 64 + frames, 3), np.uint8)
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for index in range(frames):
        picture[:48, :64] = noise[:, index : index + 64]
        writer.add(picture)
    writer.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def makes(
    frames: int = FRAMES,
    rate: Fraction = Fraction(16),
    size: tuple[int, int] = (WIDTH, HEIGHT),
    spoil: Callable[[Path], None] = lambda _path: None,
) -> Callable[..., dict[str, Any]]:
    """Return a stand-in for the embedded server's model."""

    def make_video(_task: Any, target: Path, *_rest: Any, watermark: bool) -> dict[str, Any]:
        write(target, frames, rate, size)
        spoil(target)
        return {}

    return make_video


WRONG = {
    "24 frames/s instead of 16": makes(rate=Fraction(24)),
    "60 frames instead of 93": makes(frames=60),
    "64x48 instead of 128x72": makes(size=(64, 48)),
    "ends after|frames instead of 93": makes(spoil=cut),  # what a decoder notices first
    "60 frames instead of 93; 24 frames/s instead of 16; 64x48": makes(60, Fraction(24), (64, 48)),
}


@pytest.mark.parametrize("path", ["", "/transfer2.5"])
def test_a_wrong_video_is_no_finished_job(
    server: CosmosServer, clip: Path, tmp_path: Path, monkeypatch, capsys, path: str
):
    common = ["overcast", "--clip", str(clip), "--token", TOKEN, "--poll-interval", "0.1"]
    common += ["--retries", "0"]
    for number, (words, model) in enumerate(WRONG.items()):
        monkeypatch.setattr(MAKE_VIDEO, model)
        folder = tmp_path / str(number)
        output = ["--output", str(folder / "v.mp4"), "--seed", str(number)]
        assert main(["cosmos", "submit", server.url + path, *common, *output]) == 1, words
        told = " ".join(capsys.readouterr().err.split())
        assert re.search(words, told)
        assert "v.wrong.mp4" in told
        assert {p.name for p in folder.iterdir()} == {"v.wrong.mp4", "v.wrong.job.json"}
        record = json.loads((folder / "v.wrong.job.json").read_text())
        assert record["state"] == "failed"
        assert record["asked"] == {"frames": 93, "rate_hz": 16.0, "width": 128, "height": 72}
        assert re.search(words, "; ".join(record["faults"]))
    batch = ["cosmos", "batch", server.url + path, *common, "--seeds", "77"]
    assert main([*batch, "--output", str(tmp_path / "many")]) == 1
    (row,) = map(json.loads, (tmp_path / "many" / "ledger.jsonl").read_text().splitlines())
    assert row["state"] == "failed"
    assert row["returned"] == record["returned"]


def test_what_is_no_video_at_all_is_kept_if_it_came_as_the_server_has_it(
    server: CosmosServer, clip: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(MAKE_VIDEO, makes(spoil=lambda path: path.write_bytes(b"no video")))
    http, client = connect(server.url, token=TOKEN, poll_s=0.05)
    with pytest.raises(WrongVideo, match="cannot be decoded at all"):
        run_job(http, client, load_spec(Path("dawn"), clip=clip), tmp_path / "v.mp4", print)
    client.close()
    assert (tmp_path / "v.wrong.mp4").read_bytes() == b"no video"


def test_what_a_model_is_known_to_do_is_a_note(
    server: CosmosServer, clip: Path, tmp_path: Path, monkeypatch
):
    """Transfer 1 writes 24 frames/s of 1280x704; Transfer 2.5 may keep that size (contracts)."""
    for path, model, notes in (
        ("/transfer1", makes(121, Fraction(24), (1280, 704)), ["121 frames", "1280x704", "24 fr"]),
        ("/transfer1", makes(93, Fraction(24)), ["24 frames/s, where the clip has 16"]),
        ("", makes(size=(1280, 704)), ["1280x704 instead of 128x72: transfer2.5 works"]),
    ):
        monkeypatch.setattr(MAKE_VIDEO, model)
        http, client = connect(server.url + path, token=TOKEN, poll_s=0.05)
        updates: list[Update] = []
        spec = load_spec(Path("dawn"), clip=clip)
        outcome = run_job(http, client, spec, tmp_path / "v.mp4", updates.append, again=True)
        client.close()
        assert len(outcome.verdict.notes) == len(notes)
        for note, words in zip(outcome.verdict.notes, notes, strict=True):
            assert note.startswith(words)
            assert Update("warning", message=note) in updates
        assert json.loads((tmp_path / "v.job.json").read_text())["state"] == "done"


STATE = {"status": "failed", "progress": 0, "message": "", "error": "no model"}


class RecordingServer:
    """A REST job server of every backend that checks nothing and notes what it is sent."""

    def __init__(self) -> None:
        self.job: dict[str, Any] = {}
        self.blobs: set[str] = set()
        self.served = [name for name, contract in CONTRACTS.items() if contract.enforced]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/jobs" and request.method == "POST":
            self.job = json.loads(request.content)["request"]
            return httpx.Response(202, json={"id": "j_1"})
        if request.url.path == "/v1/jobs/j_1":
            return httpx.Response(200, json=STATE)
        if request.method == "PUT":
            request.read()
            self.blobs.add(request.url.path.rsplit("/", 1)[-1])
        answers: dict[str, Any] = {
            "/v1/health/live": {"status": "ok"},
            "/v1/health/ready": {"ready": True},
            "/v1/models": {name: {"available": True} for name in self.served},
            "/v1/blobs/check": {"missing": json.loads(request.content)["ids"]}
            if request.url.path.endswith("check")
            else None,
        }
        return httpx.Response(200, json=answers.get(request.url.path, []))


@pytest.mark.parametrize("backend", [c.backend for c in CONTRACTS.values() if c.enforced])
def test_every_control_of_every_backend_can_be_sent_from_a_clip(
    tmp_path: Path, monkeypatch, backend: str
):
    contract = CONTRACTS[backend]
    rule = contract.frame_rule(contract.controls)
    rate = contract.rates[0]
    frames = rule.offset + rule.step if rule.step > 1 else rule.least
    frames = frames * rate // (contract.model_rate or rate)
    clip = make_clip(tmp_path / "clip", frames, rate)
    (clip / "hdmap.mp4").write_bytes((clip / "rgb.mp4").read_bytes())
    tables = "".join(f"[{name}]\ncontrol_weight = 0.5\n" for name in contract.controls)
    job = tmp_path / "job.toml"
    job.write_text(
        'prompt = "rain"\nnegative_prompt = ""\nnum_steps = 9\nguidance = 3.0\n'
        f"sigma_max = 70\nseed = 1\n{tables}"
    )
    there = RecordingServer()
    real = httpx.Client
    monkeypatch.setattr(
        httpx, "Client", lambda **options: real(**options, transport=httpx.MockTransport(there))
    )
    spec = load_spec(job, clip=clip)
    for named in ("auto", backend):
        http, server = connect("http://server", backend=named, controls=spec.controls)
        first = backend.replace("super", "nano")
        assert server.contract == (first if named == "auto" else backend)
    with pytest.raises(JobFailed, match="no model"):
        run_job(http, server, spec, tmp_path / "v.mp4", lambda _update: None)
    assert set(there.job["controls"]) == set(contract.controls)
    assert bool(there.job["rgb"]) == (contract.rgb != "no")
    for name, source in there.job["controls"].items():
        assert source.get("derive") or source["blob"] in there.blobs, name
