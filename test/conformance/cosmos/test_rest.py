"""The REST job API by a plain HTTP client, written from the specification of its routes."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import httpx
import pytest
import web

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.cosmos.clip.video import count_frames
from carla_nurec_bridge.servers.cosmos import CosmosServer, CosmosServerOptions

from .conftest import FRAMES, TOKEN, make_clip

NOTHING = "0" * 64


def put(api: httpx.Client, path: Path) -> str:
    content = path.read_bytes()
    name = hashlib.sha256(content).hexdigest()
    answer = api.put(f"/v1/blobs/{name}", content=content, headers={"X-Filename": path.name})
    assert answer.status_code in (200, 201)
    assert answer.json() == {"id": name, "size": len(content), "existed": answer.status_code == 200}
    return name


def body(api: httpx.Client, clip: Path, **changes: object) -> dict:
    request = {
        "backend": "transfer2.5",
        "prompt": "heavy rain",
        "seed": 4,
        "controls": {"seg": {"blob": put(api, clip / "semantic.mp4"), "weight": 0.5}},
        "rgb": {"front": put(api, clip / "rgb.mp4")},
    }
    return {"request": request | changes, "manifest": {"fps": 16, "frames": FRAMES}}


def ended(api: httpx.Client, job_id: str) -> dict:
    for _ in range(600):
        info = api.get(f"/v1/jobs/{job_id}").json()
        if info["status"] in ("done", "failed", "cancelled"):
            return info
        time.sleep(0.1)
    raise AssertionError(f"{job_id} did not end: {info}")


def test_plain_client_completes_a_job(api: httpx.Client, clip: Path, tmp_path: Path):
    assert api.get("/v1/health/ready").json()["ready"] is True
    assert api.get("/v1/status").json()["guardrails"] is False
    answer = api.post("/v1/jobs", json=body(api, clip), headers={"Idempotency-Key": "one"})
    assert answer.status_code == 202
    again = api.post("/v1/jobs", json=body(api, clip), headers={"Idempotency-Key": "one"})
    job_id = answer.json()["id"]
    assert again.json()["id"] == job_id
    assert job_id.startswith("j_")
    assert len(job_id) == 18
    early = api.get(f"/v1/jobs/{job_id}/result")
    assert early.status_code == 409 or ended(api, job_id)["status"] == "done"
    assert ended(api, job_id)["progress"] == 1.0
    manifest = api.get(f"/v1/jobs/{job_id}/result").json()
    assert manifest["worker_manifest"]["guardrails"] is False
    assert manifest["worker_manifest"]["model"] is None
    (file,) = manifest["files"]
    content = api.get(f"/v1/jobs/{job_id}/result/{file['name']}").content
    assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size"], file["sha256"])
    (tmp_path / "result.mp4").write_bytes(content)
    assert count_frames(tmp_path / "result.mp4") == FRAMES
    assert api.get(f"/v1/jobs/{job_id}/result/..%2frequest.json").status_code == 404
    assert [j["id"] for j in api.get("/v1/jobs", params={"mine": "true"}).json()] == [job_id]
    assert api.delete(f"/v1/jobs/{job_id}").json()["action"] == "delete"
    assert api.get(f"/v1/jobs/{job_id}").status_code == 404


def test_contract_is_checked_with_the_fix(api: httpx.Client, tmp_path: Path):
    short = make_clip(tmp_path / "short", frames=20, rate_hz=20)
    answer = api.post("/v1/jobs", json=body(api, short))
    errors = " ".join(answer.json()["detail"]["errors"])
    assert answer.status_code == 400
    assert "93, 186, ... frames (clip has 16 at 16 frames/s)" in errors
    assert "takes 16 frames/s (clip has 20)" in errors


def test_not_ready_queued_cancelled_and_over_quota(state_dir: Path, clip: Path):
    options = CosmosServerOptions(state_dir, port=0, token=TOKEN, max_queued_per_token=2)
    server = CosmosServer(options)
    server.worker.start = lambda: None  # type: ignore[method-assign]
    with server, web.Client(base_url=server.url, headers=bearer()) as api:
        assert api.get("/v1/health/ready").status_code == 503
        first = api.post("/v1/jobs", json=body(api, clip)).json()
        second = api.post("/v1/jobs", json=body(api, clip)).json()
        assert (first["queue_position"], second["queue_position"]) == (0, 1)
        full = api.post("/v1/jobs", json=body(api, clip))
        assert (full.status_code, full.headers["retry-after"]) == (429, "2")
        assert api.delete(f"/v1/jobs/{first['id']}").json()["action"] == "cancel"
        assert api.get(f"/v1/jobs/{first['id']}").json()["status"] == "cancelled"
        assert api.get(f"/v1/jobs/{second['id']}").json()["queue_position"] == 0


def test_restart_queues_again_and_expiry_answers_410(
    state_dir: Path, clip: Path, held: pytest.MonkeyPatch
):
    options = CosmosServerOptions(state_dir, port=0, token=TOKEN, job_ttl_h=0.0)
    with (
        CosmosServer(options) as server,
        web.Client(base_url=server.url, headers=bearer()) as api,
    ):
        job_id = api.post("/v1/jobs", json=body(api, clip, prompt="snow")).json()["id"]
        while api.get(f"/v1/jobs/{job_id}").json()["status"] != "running":
            time.sleep(0.005)
    held.undo()
    with (
        CosmosServer(options) as server,
        web.Client(base_url=server.url, headers=bearer()) as api,
    ):
        assert server.jobs.requeued == 1
        assert ended(api, job_id)["status"] == "done"
        server.worker.sweep()
        assert api.get(f"/v1/jobs/{job_id}/result").status_code == 410


def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}


def test_tokens_are_kept_hashed_and_private(state_dir: Path):
    with CosmosServer(CosmosServerOptions(state_dir, port=0)) as server:
        token = (state_dir / "initial_token.txt").read_text().strip()
        secret = token.split("_", 2)[2]
        assert secret not in (state_dir / "tokens.json").read_text()
        assert (state_dir / "tokens.json").stat().st_mode & 0o077 == 0
        good = {"Authorization": f"Bearer {token}"}
        assert web.get(f"{server.url}/v1/models", headers=good).status_code == 200
        server.tokens.revoke(token.split("_")[1])
        assert web.get(f"{server.url}/v1/models", headers=good).status_code == 401


def test_listing_tokens_makes_no_state_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cosmos", "tokens", "--state", str(tmp_path / "typo")]) == 2
    assert "typo is not the state folder of a server" in capsys.readouterr().err
    assert not (tmp_path / "typo").exists()


def test_second_server_on_one_state_folder_is_refused(server: CosmosServer, state_dir: Path):
    with pytest.raises(Exception, match="another server uses"):
        CosmosServer(CosmosServerOptions(state_dir, port=0))
