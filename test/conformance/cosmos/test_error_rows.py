"""Every error of the specification's tables: the server gives it, the client says what to do."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import web

from carla_nurec_bridge.core.errors import BridgeError, InputError
from carla_nurec_bridge.cosmos.jobs.failures import JobFailed, OutOfTime, ServerUnreachable
from carla_nurec_bridge.cosmos.jobs.protocols.connect import connect
from carla_nurec_bridge.cosmos.jobs.protocols.http import Deadline, RetryPolicy
from carla_nurec_bridge.cosmos.jobs.protocols.server import Update
from carla_nurec_bridge.cosmos.jobs.run import run_job
from carla_nurec_bridge.cosmos.jobs.spec import load_spec
from carla_nurec_bridge.servers.cosmos import CosmosServer, CosmosServerOptions

from .conftest import TOKEN
from .test_gradio import NEW, ONE, call, newer_request, upload
from .test_rest import NOTHING, bearer, body, put

QUICK = RetryPolicy(retries=1, initial_s=0.01, jitter_s=0.0)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CosmosServer]:
    options = CosmosServerOptions(
        tmp_path_factory.mktemp("state"), port=0, token=TOKEN, max_upload_bytes=3_000_000
    )
    with CosmosServer(options) as server:
        assert server.worker.ready.wait(250)
        yield server


@pytest.fixture(scope="module")
def rest(running: CosmosServer) -> Iterator[httpx.Client]:
    with web.Client(base_url=running.url, headers=bearer(), timeout=250) as client:
        yield client


def test_without_a_token_nothing_is_read(running: CosmosServer) -> None:
    for path in ("/", "/v1/health/live", "/v1/health/ready"):
        assert web.get(running.url + path).status_code == 200
    for method, path in (("GET", "/v1/status"), ("PUT", f"/v1/blobs/{NOTHING}"), ("GET", "/v1/x")):
        answer = web.request(method, running.url + path, headers={"Authorization": "Bearer no"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "token" in answer.json()["detail"]
    # The head of an upload is answered although none of its body has come.
    with socket.create_connection(("127.0.0.1", running.port), 10) as raw:
        head = f"PUT /v1/blobs/{NOTHING} HTTP/1.1", "Host: x", "Content-Length: 900000", "", ""
        raw.sendall("\r\n".join(head).encode())
        assert raw.recv(64).startswith(b"HTTP/1.1 401")


def test_blobs(rest: httpx.Client) -> None:
    assert rest.put("/v1/blobs/short", content=b"x").status_code == 400
    assert rest.put(f"/v1/blobs/{NOTHING}", content=b"x").status_code == 400
    assert rest.get(f"/v1/blobs/{NOTHING}").status_code == 404
    assert rest.put(f"/v1/blobs/{NOTHING}", content=bytes(3_000_001)).status_code == 413
    assert rest.post("/v1/blobs/check", json={"ids": ["short"]}).status_code == 422


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"prompt": " "}, 422, "prompt"),
        ({"unknown": 1}, 422, "unknown"),
        ({"num_steps": 0}, 422, "num_steps"),
        ({"controls": {"seg": {"weight": 1.0}}}, 422, "exactly one of blob, blobs, scene"),
        ({"controls": {"seg": {"derive": True, "scene": {}}}}, 422, "exactly one of"),
        ({"backend": "nope"}, 400, "no backend 'nope'"),
        ({"rgb": {}}, 400, "needs the input (rgb) video"),
        ({"rgb": {"front": NOTHING}}, 400, "not uploaded; PUT it first"),
        ({"controls": {}}, 400, "needs at least one control"),
        ({"controls": {"lidar": {"derive": True}}}, 400, "no control 'lidar'"),
        ({"controls": {"seg": {"derive": True, "weight": 1.2}}}, 400, "outside 0..1"),
        ({"resolution": "999"}, 400, "no resolution '999'; use one of 480, 720"),
        ({"backend": "transfer2.5-av"}, 400, "needs the control 'hdmap_bbox'"),
    ],
)
def test_submissions(rest: httpx.Client, clip: Path, changes: dict, status: int, said: str) -> None:
    answer = rest.post("/v1/jobs", json=body(rest, clip, **changes))
    assert answer.status_code == status
    assert said in json.dumps(answer.json()["detail"])


def test_what_is_not_there(rest: httpx.Client, clip: Path) -> None:
    for path in ("/jobs/j_none", "/jobs/j_none/result", "/jobs/j_none/result/a", "/models/none"):
        assert rest.get(f"/v1{path}").status_code == 404
    assert rest.delete("/v1/jobs/j_none").status_code == 404
    assert rest.get("/v1/jobs", params={"limit": 0}).status_code == 422
    other = {"depth": {"blob": put(rest, clip / "depth.mp4")}}
    idle = rest.post("/v1/jobs", json=body(rest, clip, backend="cosmos3-nano", controls=other))
    assert idle.status_code == 409
    assert "no worker for cosmos3-nano" in idle.json()["detail"]["errors"][0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": None}, "name: "),
        ({"prompt": None}, "prompt or prompt_path is required"),
        ({"negative_prompt": None}, "negative_prompt: "),
        ({"guidance": 3.5}, "guidance: "),
        ({"guidance": 8}, "guidance: "),
        ({"sigma_max": 70}, "sigma_max: "),
        ({"num_conditional_frames": 3}, "num_conditional_frames: "),
        ({"context_frame_index": 0}, "context_frame_index: "),
        ({"control_weight": 1.0}, "control_weight: Extra inputs"),
        ({"seg": {"control_weight": 4.0}}, "seg.control_weight: "),
        ({"seg": None}, "at least one control is required"),
        ({"video_path": "/nowhere.mp4"}, "rgb video '/nowhere.mp4' does not exist"),
    ],
)
def test_requests_of_transfer25(
    running: CosmosServer, clip: Path, changes: dict, said: str
) -> None:
    url = running.url + NEW
    request = newer_request(url, clip, **changes)
    nothing, status = call(url, "generate_video", json.dumps(request))
    assert nothing is None
    assert said in json.loads(status)["status"]
    (told,) = call(url, "generate", request)
    assert told["result"] is None
    assert said in told["status"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"controlnet_specs": {"seg": {}}}, "unknown control 'controlnet_specs'"),
        ({"odd": 1}, "unexpected keyword argument 'odd'"),
        ({"seg": {"control_weight": -0.1, "input_control": "x"}}, "must not be negative"),
        ({"seg": {"control_weight": 0.5}}, "seg needs input_control"),
        ({"input_video_path": None, "sigma_max": 70}, "sigma_max below 80 needs input_video_path"),
        ({"input_video_path": None, "sigma_max": 80, "edge": {}}, "edge needs input_control"),
        ({"input_video_path": None, "sigma_max": 80, "vis": {}}, "vis needs input_control"),
    ],
)
def test_requests_of_transfer1(running: CosmosServer, clip: Path, changes: dict, said: str) -> None:
    url = running.url + ONE
    request = {"prompt": "fog", "input_video_path": upload(url, clip / "rgb.mp4")} | changes
    nothing, status = call(url, "generate_video", json.dumps(request))
    assert nothing is None
    assert status.startswith("Error: ")
    assert said in status


def test_files_that_were_not_uploaded(running: CosmosServer) -> None:
    for url in (running.url + NEW, running.url + ONE):
        (answer,) = call(url, "upload_file", {"path": "/etc/passwd"})
        assert "was not uploaded here" in json.loads(answer)["error"]
        assert "no file was given" in json.loads(call(url, "upload_file", None)[0])["error"]


def attempt(
    server: CosmosServer,
    path: str,
    clip: Path,
    target: Path,
    on_update: object = lambda _update: None,
    seed: int = 1,
    deadline_s: float = 60.0,
) -> BridgeError:
    """Run a job with our client, quick to give up; return what it raises."""
    http, client = connect(
        server.url + path, "auto", TOKEN, QUICK, Deadline(deadline_s), poll_s=0.02
    )
    try:
        with pytest.raises(BridgeError) as raised:
            run_job(http, client, load_spec(Path("dawn"), None, seed, clip), target, on_update)  # type: ignore[arg-type]
    finally:
        client.close()
    assert not list(target.parent.glob("*.mp4")) + list(target.parent.glob(".*.part"))
    return raised.value


def test_a_result_that_is_gone_or_damaged(
    running: CosmosServer, clip: Path, tmp_path: Path
) -> None:
    results = running.options.state_dir / "jobs"

    def spoil(name: str) -> object:
        def on_update(update: Update) -> None:
            if update.state == "fetching":
                newest = max(results.glob("*/result/output.mp4"), key=lambda f: f.stat().st_mtime)
                newest.unlink() if name == "gone" else newest.write_bytes(b"damaged")

        return on_update

    gone = attempt(running, "", clip, tmp_path / "v.mp4", spoil("gone"), seed=11)
    assert "answered 404" in str(gone)
    assert gone.exit_code == 1
    gone = attempt(running, NEW, clip, tmp_path / "v.mp4", spoil("gone"), seed=12)
    assert "answered 403" in str(gone)
    damaged = attempt(running, "", clip, tmp_path / "v.mp4", spoil("damaged"), seed=13)
    assert isinstance(damaged, ServerUnreachable)
    assert "came with 7 of" in str(damaged)
    damaged = attempt(running, NEW, clip, tmp_path / "v.mp4", spoil("damaged"), seed=14)
    assert "is no whole video" in str(damaged)


def test_a_result_that_has_expired(running: CosmosServer, clip: Path, tmp_path: Path) -> None:
    http, client = connect(running.url, "auto", TOKEN, QUICK, poll_s=0.02)
    spec = load_spec(Path("dawn"), None, 21, clip)
    run_job(http, client, spec, tmp_path / "v.mp4", lambda _update: None)
    (tmp_path / "v.mp4").unlink()
    running.jobs.expire(float("inf"))
    with pytest.raises(JobFailed, match=r"have expired on the server; use --again"):
        run_job(http, client, spec, tmp_path / "v.mp4", lambda _update: None)
    again = run_job(http, client, spec, tmp_path / "v.mp4", lambda _update: None, again=True)
    client.close()
    assert again.path.is_file()


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(("times", "said"), [(1, "cancelled"), (100, "was deleted on the server")])
def test_a_job_that_another_client_takes_away(
    running: CosmosServer, rest: httpx.Client, clip: Path, tmp_path: Path, times: int, said: str
) -> None:
    left = [times]

    def take_away(update: Update) -> None:
        if update.state in ("queued", "preparing", "running"):
            (job, *_) = rest.get("/v1/jobs", params={"limit": 1}).json()
            while left[0] and rest.delete(f"/v1/jobs/{job['id']}").status_code == 200:
                left[0] -= 1

    error = attempt(running, "", clip, tmp_path / "v.mp4", take_away, seed=31 + times)
    assert isinstance(error, JobFailed)
    assert said in str(error)


def test_a_session_that_a_gradio_server_no_longer_knows(running: CosmosServer) -> None:
    http, client = connect(running.url + NEW, "auto", None, QUICK)
    with pytest.raises(JobFailed, match=r"no longer knows the call .* nothing was sent again"):
        client.wait("a session of before", lambda _update: None)
    http.close()


def test_uploads_that_are_too_large(running: CosmosServer, clip: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.mkdir()
    for name in ("rgb", "semantic", "depth", "edges"):
        (large / f"{name}.mp4").write_bytes((clip / f"{name}.mp4").read_bytes())
    with (large / "rgb.mp4").open("ab") as file:  # what follows the video is not looked at
        file.write(b"\0\0\0\x08free" * 400_000)
    for path in ("", NEW):
        error = attempt(running, path, large, tmp_path / "v.mp4")
        assert isinstance(error, InputError)
        assert "413" in str(error) or "larger than" in str(error)


class Stub:
    """A server that gives one answer to everything."""

    def __init__(self, status: int, text: str, headers: str = "") -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked = 0
        self._answer = (
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nConnection: close\r\n"
            f"{headers}\r\n{text}"
        ).encode()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                client.recv(1 << 16)
                self.asked += 1  # before the answer: whoever has it may look at once
                client.sendall(self._answer)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_answers_that_may_pass_are_asked_for_again(status: int) -> None:
    with Stub(status, '{"detail": "busy"}', "Retry-After: 0\r\n") as stub:
        with pytest.raises(ServerUnreachable, match=rf"{status} busy, after 2 attempts"):
            connect(stub.url, "auto", None, QUICK, Deadline(20))
        assert stub.asked == 2


def test_what_is_no_cosmos_server_is_told() -> None:
    with (
        Stub(404, "nothing") as stub,
        pytest.raises(InputError, match="neither a REST job server nor"),
    ):
        connect(stub.url, "auto", None, QUICK, Deadline(20))
    with Stub(200, "<html>") as stub, pytest.raises(ServerUnreachable, match="no whole JSON"):
        connect(stub.url, "auto", None, QUICK, Deadline(20))


def test_a_server_that_never_gets_ready(state_dir: Path) -> None:
    server = CosmosServer(CosmosServerOptions(state_dir, port=0, token=TOKEN))
    server.worker.start = lambda: None  # type: ignore[method-assign]
    with server, pytest.raises(OutOfTime, match="ready: the deadline of 4 s passed"):
        connect(server.url, "auto", TOKEN, QUICK, Deadline(4.0))
