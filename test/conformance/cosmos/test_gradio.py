"""The Gradio endpoints by the real gradio_client, by plain HTTP, and our client against all."""

from __future__ import annotations

import json
from pathlib import Path

import gradio_client
import pytest
import web

from carla_nurec_bridge.cosmos.clip.video import count_frames
from carla_nurec_bridge.cosmos.jobs.failures import JobFailed
from carla_nurec_bridge.cosmos.jobs.protocols.connect import connect
from carla_nurec_bridge.cosmos.jobs.protocols.http import RetryPolicy
from carla_nurec_bridge.cosmos.jobs.run import run_job
from carla_nurec_bridge.cosmos.jobs.spec import load_spec
from carla_nurec_bridge.servers.cosmos import CosmosServer, CosmosServerOptions

from .conftest import FRAMES, TOKEN

NEW, OLD, ONE = "/transfer2.5", "/transfer2.5-v1.3", "/transfer1"


def upload(url: str, path: Path) -> str:
    """Upload as the transcript does: bytes, then a call that registers them."""
    files = {"files": (path.name, path.read_bytes())}
    (there,) = web.post(f"{url}/gradio_api/upload", files=files).json()
    data = {"path": there, "meta": {"_type": "gradio.FileData"}, "orig_name": path.name}
    return json.loads(call(url, "upload_file", data)[0])["path"]


def call(url: str, name: str, argument: object) -> list:
    answer = web.post(f"{url}/gradio_api/call/{name}", json={"data": [argument]})
    assert answer.status_code == 200
    event = answer.json()["event_id"]
    stream = web.get(f"{url}/gradio_api/call/{name}/{event}", timeout=250)
    kind, data = stream.text.rsplit("event: ", 1)[1].split("\n", 1)
    assert kind == "complete"
    return json.loads(data.removeprefix("data: "))


def newer_request(url: str, clip: Path, **changes: object) -> dict:
    request = {
        "name": "a",
        "prompt": "a foggy night",
        "video_path": upload(url, clip / "rgb.mp4"),
        "seg": {"control_path": upload(url, clip / "semantic.mp4"), "control_weight": 0.5},
    }
    return request | changes


def test_plain_client_completes_a_job(server: CosmosServer, clip: Path, tmp_path: Path):
    url = server.url + NEW
    assert web.get(f"{url}/config").json()["protocol"] == "sse_v3"
    assert "/generate" in web.get(f"{url}/gradio_api/info").json()["named_endpoints"]
    video, status = call(url, "generate_video", json.dumps(newer_request(url, clip)))
    assert json.loads(status)["status"] == "success"
    answer = web.get(f"{url}/gradio_api/file={video['video']['path']}")
    (tmp_path / "v.mp4").write_bytes(answer.content)
    assert count_frames(tmp_path / "v.mp4") == FRAMES


def test_gradio_client_completes_jobs(server: CosmosServer, clip: Path, tmp_path: Path):
    options = {"verbose": False, "analytics_enabled": False, "download_files": str(tmp_path)}
    newer = gradio_client.Client(server.url + NEW, **options)
    files = [gradio_client.handle_file(str(clip / name)) for name in ("rgb.mp4", "semantic.mp4")]
    sent = [json.loads(newer.predict(file, api_name="/upload_file")) for file in files]
    request = {
        "name": "a",
        "prompt": "snow",
        "video_path": sent[0]["path"],
        "seg": {"control_path": sent[1]["path"]},
    }
    video, status = newer.predict(json.dumps(request), api_name="/generate_video")
    assert count_frames(Path(video["video"])) == FRAMES
    assert json.loads(status)["result"]["videos"]
    told = newer.predict(request, api_name="/generate")
    assert told["status"] == "success"
    newer.close()


def test_every_error_of_the_transcript(server: CosmosServer, clip: Path):
    url = server.url + NEW
    base = f"{url}/gradio_api"
    assert web.post(f"{base}/call/nope", json={"data": []}).status_code == 500
    unknown = web.get(f"{base}/call/generate_video/deadbeef")
    assert unknown.status_code == 200
    assert unknown.text == 'event: error\ndata: "404: Not Found"\n\n'
    assert web.get(f"{base}/file=/etc/passwd").status_code == 403
    missing = server.options.state_dir.resolve() / "uploads" / "none.mp4"
    assert web.get(f"{base}/file={missing}").status_code == 403
    nothing, status = call(url, "generate_video", "{no json")
    assert nothing is None
    assert status.startswith("Error parsing request JSON:")
    request = newer_request(url, clip)
    del request["name"]
    nothing, status = call(url, "generate_video", json.dumps(request))
    assert nothing is None
    assert "name: Field required" in json.loads(status)["status"]
    nothing, status = call(url, "generate_video", json.dumps(newer_request(url, clip, guidance=8)))
    assert nothing is None
    assert "guidance" in json.loads(status)["status"]
    for text, word in (("{bad", "parsing"), ('{"prompt": "x", "odd": 1}', "odd")):
        nothing, status = call(server.url + ONE, "generate_video", text)
        assert nothing is None
        assert status.startswith("Error")
        assert word in status
    nested = json.dumps({"prompt": "x", "controlnet_specs": {"edge": {}}})
    assert "controlnet_specs" in call(server.url + ONE, "generate_video", nested)[1]


@pytest.mark.parametrize("path", ["", NEW, OLD])
@pytest.mark.parametrize(
    ("fault", "words"), [("guardrail-block", "guardrail"), ("model-error", "model failed")]
)
def test_our_client_tells_a_job_without_a_video(
    state_dir: Path, clip: Path, tmp_path: Path, path: str, fault: str, words: str
):
    options = CosmosServerOptions(state_dir, port=0, token=TOKEN, faults=frozenset({fault}))
    with CosmosServer(options) as server:
        http, client = connect(server.url + path, token=TOKEN, policy=RetryPolicy(0), poll_s=0.1)
        with pytest.raises(JobFailed, match=words):
            run_job(http, client, load_spec(Path("dawn"), clip=clip), tmp_path / "v.mp4", print)
        client.close()
        assert sum(server.jobs.counts().values()) == 1
    assert not (tmp_path / "v.mp4").exists()


def test_damaged_video_fails_the_job(server: CosmosServer, clip: Path, tmp_path: Path):
    url = server.url + NEW
    (tmp_path / "bad.mp4").write_bytes(b"no video at all")
    broken = upload(url, tmp_path / "bad.mp4")
    nothing, status = call(
        url, "generate_video", json.dumps(newer_request(url, clip, video_path=broken))
    )
    assert nothing is None
    assert "no video that can be decoded" in json.loads(status)["status"]


def test_kinds_of_servers_are_told_apart(server: CosmosServer):
    kinds = {}
    for path in ("", ONE, NEW, OLD):
        _, client = connect(server.url + path, token=TOKEN)
        kinds[path] = client.contract
        client.close()
    assert kinds == {
        "": "transfer2.5",
        ONE: "transfer1",
        NEW: "transfer2.5-gradio",
        OLD: "transfer2.5-gradio",
    }
