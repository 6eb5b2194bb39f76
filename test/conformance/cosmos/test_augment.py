"""``dataset augment`` against the embedded server: what is sent, kept, made again and told."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest
import yaml
from street_dataset import COUNT, RATE_HZ, image_of, write_street

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.dataset.augment.jobs import attempt as attempts
from carla_nurec_bridge.dataset.augment.jobs import clip_source
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.servers.cosmos import CosmosServer, CosmosServerOptions, worker

TOKEN = "a token for tests"  # that of the server
QUICK = ["--poll-interval", "0.05", "--retries", "1", "--backoff-initial", "0", "--jitter", "0"]
DAY = ["--only", "lighting=afternoon", "--only", "weather=clear_sky", "--only", "road=dry"]
DAY += ["--only", "season=summer,spring,autumn", "--only", "place=as_recorded"]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return write_street(tmp_path_factory.mktemp("augment") / "run").path


@pytest.fixture(scope="module", autouse=True)
def clips_encoded_once():
    """Each test sends the clip of the same template: its videos are encoded by the first."""
    write, known = clip_source.write_control_videos, {}

    def once(scenario, camera, sent, controls, depth, folder):
        key = (camera, tuple(sent.numbers), tuple(controls), depth)
        if key not in known:
            made = write(scenario, camera, sent, controls, depth, folder)
            known[key] = {name: path.read_bytes() for name, path in made.items()}
        videos = {name: folder / f"{name}.mp4" for name in known[key]}
        for name, path in videos.items():
            path.write_bytes(known[key][name])
        return videos

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip_source, "write_control_videos", once)
        yield


@pytest.fixture
def run(template, tmp_path):
    return shutil.copytree(template, tmp_path / "run")


@pytest.fixture(scope="module")
def augmented(template, tmp_path_factory):
    """A data set with its first variant, which tests only read and copy."""
    folder = tmp_path_factory.mktemp("augmented")
    run = shutil.copytree(template, folder / "run")
    with CosmosServer(CosmosServerOptions(folder / "state", port=0, token=TOKEN)) as running:
        assert running.worker.ready.wait(250)
        assert augment(run, running.url) == 0
    return run


@pytest.fixture
def run_with_one(augmented, tmp_path):
    return shutil.copytree(augmented, tmp_path / "run")


def augment(run: Path, url: str, *more: str) -> int:
    """Make variants; by the edges alone unless others are named, which is done in half the time."""
    known = ["--server", url, "--token", TOKEN, *QUICK, *DAY]
    known += [] if "--control" in more else ["--control", "edge=0.5"]
    return main(["dataset", "augment", str(run), *known, *more])


def variants(run: Path):
    return Dataset(run).scenario("street").variants("front")


def whole(run: Path) -> bool:
    return check_dataset(Dataset(run), lambda done, of: None).problems == ()


def images(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]


def one_line(text: str, words: str) -> bool:
    assert "Traceback" not in text
    return any(words in line for line in text.splitlines())


def test_every_variant_has_a_job_of_its_own_with_all_that_was_asked(run, server, api, capsys):
    more = ("--variants", "2", "--control", "edge=0.25", "--control", "seg=0.5")
    code = augment(run, server.url, *more, "--negative-prompt", "cartoon")
    told = capsys.readouterr()
    assert code == 0, told
    found = variants(run)
    assert [one.number for one in found] == [1, 2]
    assert len({one.seed for one in found}) == 2
    assert len({one.prompt for one in found}) == 2
    assert found[0].conditions != found[1].conditions
    for one in found:
        job = api.get(f"/v1/jobs/{one.attempt.job}/result").json()
        sent = job["request"]
        assert (sent["prompt"], sent["negative_prompt"]) == (one.prompt, "cartoon")
        assert sent["seed"] == one.seed == one.attempts[one.chosen].seed
        weights = {name: control["weight"] for name, control in sent["controls"].items()}
        assert weights == one.controls == {"edge": 0.25, "seg": 0.5}
        blobs = {name: control["blob"] for name, control in sent["controls"].items()}
        assert one.videos == {"rgb": sent["rgb"]["front"], **blobs}
        assert one.made_by["worker_manifest"]["guardrails"] is False
        assert (one.frames, one.rate_hz) == (COUNT, RATE_HZ)
    assert whole(run)
    assert "2 variants made, 0 there before" in told.out
    assert not (run / ".augment").exists()


def test_a_frame_of_a_variant_shows_the_frame_that_its_labels_are_of(augmented):
    shown = images(augmented / "street/front/variants/01/rgb.mp4")
    recorded = [image_of(number).astype(int) for number in range(COUNT)]
    for number in range(COUNT):
        away = [np.abs(shown[number][50:] - image[50:]).mean() for image in recorded]
        assert int(np.argmin(away)) == number


def test_the_same_command_makes_nothing_twice_and_more_goes_on(run_with_one, server, api):
    run = run_with_one
    first = variants(run)[0]
    assert augment(run, server.url) == 0
    assert api.get("/v1/jobs").json() == []
    assert augment(run, server.url, "--variants", "2") == 0
    assert len(variants(run)) == 2
    assert variants(run)[0] == first
    assert len(api.get("/v1/jobs").json()) == 1


def test_another_request_does_not_replace_what_is_there_unless_told(run_with_one, server, capsys):
    run = run_with_one
    before = (run / "street/front/variants/01/rgb.mp4").read_bytes()
    assert augment(run, server.url, "--control", "edge=1.0") == 2
    assert one_line(capsys.readouterr().err, "is there, of another request")
    assert (run / "street/front/variants/01/rgb.mp4").read_bytes() == before
    assert augment(run, server.url, "--control", "edge=1.0", "--replace") == 0
    assert variants(run)[0].controls == {"edge": 1.0}
    assert whole(run)


def strict(tmp_path: Path) -> str:
    """Return gates that no video passes."""
    gates = yaml.safe_load(config_path("augment", "quality.yaml").read_bytes())
    gates["structure"]["least_precision"] = 1.0
    path = tmp_path / "strict.yaml"
    path.write_text(yaml.safe_dump(gates))
    return str(path)


def test_what_stays_rejected_is_flagged_kept_and_told(run, server, tmp_path, capsys):
    gates = ("--gates", strict(tmp_path))
    assert augment(run, server.url, *gates, "--attempts", "2") == 1
    told = capsys.readouterr().out
    assert one_line(told, "attempt 2: edges: of the variant's the source has")
    assert "1 of all flagged" in told
    (one,) = variants(run)
    assert not one.accepted
    assert len({entry.seed for entry in one.attempts}) == 2
    assert all(entry.faults and entry.figures.edge_precision for entry in one.attempts)
    assert whole(run)
    assert augment(run, server.url, *gates, "--attempts", "2") == 1  # nothing new, still flagged
    assert variants(run) == (one,)
    assert augment(run, server.url, *gates, "--attempts", "3") == 1
    assert len(variants(run)[0].attempts) == 3


def test_a_job_that_fails_costs_no_other_and_is_made_by_the_next_turn(
    run, server, monkeypatch, capsys
):
    make, seen = worker.make_video, []

    def once_failing(task, *arguments, **options):
        seen.append(task.seed)
        if len(seen) == 1:
            raise ValueError("out of memory")
        return make(task, *arguments, **options)

    monkeypatch.setattr(worker, "make_video", once_failing)
    assert augment(run, server.url, "--variants", "2", "--at-once", "1") == 1
    told = capsys.readouterr().out
    assert one_line(told, "street/front/variants/01: job j_")
    assert "1 variants made, 0 there before, 0 of all flagged as not accepted, 1 failed" in told
    assert [one.number for one in variants(run)] == [2]
    verdict = check_dataset(Dataset(run), lambda done, of: None)
    assert verdict.problems == ()
    assert "variants/01 is not finished, its last turn failed" in verdict.unfinished[0]
    assert augment(run, server.url, "--variants", "2") == 0
    assert [one.number for one in variants(run)] == [1, 2]


def test_a_video_with_frames_missing_is_no_variant(run, server, monkeypatch, capsys):
    make = worker.make_video

    def cut(task, *arguments, **options):
        return make(type(task)(**{**task.__dict__, "max_frames": 10}), *arguments, **options)

    monkeypatch.setattr(worker, "make_video", cut)
    assert augment(run, server.url, "--attempts", "2") == 1
    told = capsys.readouterr().out
    assert one_line(told, "attempt 2: 10 frames instead of 93")
    assert one_line(told, "none of 2 attempts gave a video that can be used")
    assert variants(run) == ()
    assert whole(run)


def test_interrupted_jobs_are_cancelled_and_the_next_turn_goes_on(run, server, api, held, capsys):
    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if any(job["status"] == "running" for job in api.get("/v1/jobs").json()):
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.05)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    assert augment(run, server.url, "--variants", "2") == 130
    watcher.join()
    assert "the same command goes on" in capsys.readouterr().out
    deadline = time.monotonic() + 120
    while any(job["status"] not in ("cancelled", "failed") for job in api.get("/v1/jobs").json()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert whole(run)
    held.undo()
    assert augment(run, server.url, "--variants", "2") == 0
    assert len(variants(run)) == 2


def test_a_job_that_is_done_on_the_server_is_fetched_not_made_again(run, server, api, monkeypatch):
    """Stopped while the video is on its way: the turn after it finds the finished job."""
    monkeypatch.setattr(attempts, "finish_video", _stop)
    assert augment(run, server.url) == 130
    monkeypatch.undo()
    assert augment(run, server.url) == 0
    assert len(api.get("/v1/jobs").json()) == 1
    assert len(variants(run)) == 1


def _stop(*_: object) -> str:
    raise KeyboardInterrupt


def test_a_full_disk_ends_the_turn_with_one_sentence(run, server, monkeypatch, capsys):
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "attempt_1.mp4")

    monkeypatch.setattr(attempts, "finish_video", full)
    assert augment(run, server.url, "--variants", "2") == 1
    assert one_line(capsys.readouterr().err, "cannot write attempt_1.mp4: No space left on device")
    assert variants(run) == ()
    assert whole(run)
    monkeypatch.undo()
    assert augment(run, server.url) == 0


def test_a_server_that_is_down_is_one_sentence_and_what_is_done_stays(run_with_one, capsys):
    run = run_with_one
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert augment(run, nowhere, "--variants", "2") == 3
    assert one_line(capsys.readouterr().err, "check the address and that the server runs")
    assert len(variants(run)) == 1
    assert whole(run)
    assert augment(run, nowhere) == 0  # nothing is left to do, so nobody is asked


def test_a_wrong_token_is_one_sentence(run, server, capsys):
    assert augment(run, server.url, "--token", "another") == 2
    assert one_line(capsys.readouterr().err, "refused the token")


class Garbage(BaseHTTPRequestHandler):
    """Answers everything alike; ``answers`` go first, by path."""

    body = b"[]"
    answers: ClassVar[dict[str, bytes]] = {}

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = self.answers.get(self.path.split("?")[0], self.body)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


READY = {
    "/v1/health/live": json.dumps({"status": "ok"}).encode(),
    "/v1/health/ready": json.dumps({"ready": True}).encode(),
    "/v1/models": json.dumps({"transfer2.5": {"available": True}}).encode(),
}


@pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"missing": 3}'])
@pytest.mark.parametrize("ready", [False, True])
def test_a_server_of_garbage_is_one_sentence(run, tmp_path, capsys, body, ready):
    handler = type("Answers", (Garbage,), {"body": body, "answers": READY if ready else {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as garbage:
        thread = threading.Thread(target=garbage.serve_forever)
        thread.start()
        try:
            code = augment(run, f"http://127.0.0.1:{garbage.server_port}")
        finally:
            garbage.shutdown()
            thread.join()
    told = capsys.readouterr()
    assert code in (1, 2, 3)
    assert "Traceback" not in told.out + told.err
    assert "a fault of this program" not in told.out + told.err
    assert variants(run) == ()
    assert whole(run)


def test_a_server_of_its_own_is_started_where_none_is_named(run, capsys):
    assert main(["dataset", "augment", str(run), *DAY, "--variants", "1"]) == 0
    (one,) = variants(run)
    assert one.server == "embedded"
    assert not (run / ".augment").exists()


def test_a_guardrail_s_block_is_told_by_the_job(run, tmp_path, capsys):
    options = CosmosServerOptions(
        tmp_path / "state", port=0, token=TOKEN, faults=frozenset({"guardrail-block"})
    )
    with CosmosServer(options) as blocking:
        assert blocking.worker.ready.wait(250)
        assert augment(run, blocking.url) == 1
    assert one_line(capsys.readouterr().out, "a guardrail may have blocked it")
    assert variants(run) == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--control", "hdmap=1"], "a data set gives edge, depth, seg"),
        (["--only", "night"], "write it as lighting=night"),
        (["--scenario", "absent"], "no scenario absent"),
        (["--backend", "cosmos3-nano"], "does not serve cosmos3-nano"),
        (["--own"], "give --server or --own"),
    ],
)
def test_bad_input_is_one_sentence(run, server, capsys, more, words):
    assert augment(run, server.url, *more) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_plan_alone_asks_no_server_and_writes_nothing(run, capsys):
    before = sorted(path for path in run.rglob("*"))
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert augment(run, nowhere, "--variants", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["number"] for one in told["variants"]] == [1, 2]
    assert augment(run, nowhere, "--variants", "2", "--plan-only") == 0
    assert told["variants"][0]["prompt"] in " ".join(capsys.readouterr().out.split())
    assert sorted(path for path in run.rglob("*")) == before


def test_a_file_of_the_pipeline_sets_what_the_command_line_leaves_open(run, server, tmp_path):
    """Its weights and prompts are sent, which the pipeline itself did not do."""
    job = {"sigma": 90, "seed": 3, "guidance": 4, "num_steps": 20, "modalities": ["edge", "seg"]}
    job |= {"weights": {"edge": 0.6, "seg": 0.3}, "negative_prompt": "cartoon"}
    text = {
        "endpoints": {"cosmos": {"url": server.url, "model": "m"}},
        "cosmos": {"parameters": {**job, "positive_prompt": "p", "inference_name": "n"}},
    }
    path = tmp_path / "augmentation.yaml"
    path.write_text(yaml.safe_dump(text))
    line = ["dataset", "augment", str(run), "--config", str(path), "--token", TOKEN, *QUICK, *DAY]
    assert main([*line, "--steps", "10"]) == 0
    (one,) = variants(run)
    assert one.server == server.url
    assert one.controls == {"edge": 0.6, "seg": 0.3}
    assert (one.negative_prompt, one.sigma_max, one.guidance, one.num_steps) == (
        "cartoon",
        90.0,
        4.0,
        10,
    )
