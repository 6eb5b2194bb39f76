"""Our client beyond the plain case: batches that resume, Ctrl-C, exit codes, requeued events."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from programs import Program

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.whole import part_of
from carla_nurec_bridge.cosmos.jobs.batch import plan, run_batch
from carla_nurec_bridge.cosmos.jobs.protocols.connect import connect
from carla_nurec_bridge.cosmos.jobs.protocols.server import Update
from carla_nurec_bridge.cosmos.jobs.run import run_job
from carla_nurec_bridge.cosmos.jobs.spec import load_spec
from carla_nurec_bridge.servers.cosmos import CosmosServer, CosmosServerOptions

from .conftest import TOKEN, make_clip

FAST = ["--retries", "0", "--poll-interval", "0.1", "--token", TOKEN]


def test_batch_goes_on_where_it_stopped(server: CosmosServer, clip: Path, tmp_path: Path):
    items = plan([Path("fog_dense"), Path("dawn")], [1, 2], clip)
    http, client = connect(server.url, token=TOKEN, poll_s=0.05)
    first = run_batch(http, client, items[:2], tmp_path, lambda _name, _update: None)
    (tmp_path / "fog_dense_seed_2.mp4").unlink()
    second = run_batch(http, client, items, tmp_path, lambda _name, _update: None)
    client.close()
    assert first.done == ("fog_dense_seed_1", "fog_dense_seed_2")
    assert second.skipped == ("fog_dense_seed_1",)
    assert second.done == ("fog_dense_seed_2", "dawn_seed_1", "dawn_seed_2")
    # The lost file was fetched again, not made again.
    assert sum(server.jobs.counts().values()) == 4
    videos = {path.read_bytes() for path in tmp_path.glob("*.mp4")}
    assert len(videos) == 4


@pytest.mark.parametrize("path", ["", "/transfer2.5"])
@pytest.mark.usefixtures("held")
def test_ctrl_c_cancels_on_the_server(server: CosmosServer, clip: Path, tmp_path: Path, path: str):
    http, client = connect(server.url + path, token=TOKEN, poll_s=0.05)

    def interrupt(update: Update) -> None:
        if update.state == "running":
            raise KeyboardInterrupt

    spec = load_spec(Path("dawn"), clip=clip)
    with pytest.raises(KeyboardInterrupt):
        run_job(http, client, spec, tmp_path / "v.mp4", interrupt)
    client.close()
    cancelled(server)
    counts = server.jobs.counts()
    assert (counts["cancelled"], sum(counts.values())) == (1, 1)
    assert not list(tmp_path.glob("*.mp4")) + list(tmp_path.glob(".*.part"))


def cancelled(server: CosmosServer) -> None:
    """Wait until the server has cancelled its one job."""
    deadline = time.monotonic() + 60
    while server.jobs.counts()["cancelled"] != 1:
        assert time.monotonic() < deadline, server.jobs.counts()
        time.sleep(0.05)


def test_uploads_go_on_where_they_were_interrupted(
    server: CosmosServer, clip: Path, tmp_path: Path
):
    spec = load_spec(Path("dawn"), clip=clip)
    sent: list[str] = []

    def interrupt(update: Update) -> None:
        if update.state == "uploading" and update.share > 0.4:
            raise KeyboardInterrupt

    for listener, puts in ((interrupt, 2), (lambda _update: None, 2), (lambda _update: None, 0)):
        http, client = connect(server.url, token=TOKEN, poll_s=0.05)
        http.client.event_hooks["request"] = [lambda r: sent.append(f"{r.method} {r.url.path}")]
        try:
            run_job(http, client, spec, tmp_path / "v.mp4", listener)
        except KeyboardInterrupt:
            assert listener is interrupt
        client.close()
        assert sum(line.startswith("PUT") for line in sent) == puts
        sent.clear()
    assert sum(server.jobs.counts().values()) == 1


def test_the_server_hears_how_depth_was_encoded(server: CosmosServer, tmp_path: Path):
    clip = make_clip(tmp_path / "clip", 93, 16)
    encoding = {"mode": "inverse", "near_m": 2.5, "far_m": 80.0}
    entry = {"file": "depth.mp4", "view": {}, "encoding": {"what": "grey", **encoding}}
    (clip / "manifest.json").write_text(json.dumps({"videos": {"depth": entry}}))
    http, client = connect(server.url, token=TOKEN, poll_s=0.05)
    spec = load_spec(Path("fog_dense"), clip=clip)
    outcome = run_job(http, client, spec, tmp_path / "v.mp4", lambda _u: None, may_fit=True)
    told = http.json("GET", f"/v1/jobs/{outcome.job_id}/result")["worker_manifest"]
    assert told["depth_read_as"] == ["inverse", 2.5, 80.0]
    wrong = replace(spec, seed=9, depth=encoding | {"near_m": 90.0})
    with pytest.raises(InputError, match=r"encodings.depth: depth range 90.0 to 80.0 m"):
        run_job(http, client, wrong, tmp_path / "w.mp4", lambda _u: None)
    client.close()


def test_jobs_of_a_batch_let_others_go_first(server: CosmosServer, clip: Path, tmp_path: Path):
    http, client = connect(server.url, token=TOKEN, poll_s=0.05, priority="batch")
    run_batch(http, client, plan([Path("dawn")], [3], clip), tmp_path, lambda _n, _u: None)
    client.close()
    (job,) = server.jobs.matching(None, None, None, 10)
    assert job["priority"] == "batch"


def test_sigterm_cancels_too_and_orphans_of_killed_clients_go(
    server: CosmosServer, clip: Path, tmp_path: Path, held: pytest.MonkeyPatch
):
    target = tmp_path / "out" / "v.mp4"
    target.parent.mkdir()
    own = part_of(target)
    orphan = own.with_name(own.name.replace(f"-{os.getpid()}.", "-4194305."))  # no such process
    other = part_of(target.with_name("w.mp4"))
    orphan.touch()
    other.touch()
    argv = ["cosmos", "submit", server.url, "dawn", "--output", str(target), *FAST]
    process = Program(*argv, "--clip", clip)
    for line in process.stderr:
        if "running" in line:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=250)
    assert process.returncode == 130
    cancelled(server)
    held.undo()
    assert main([*argv, "--clip", str(clip)]) == 0
    assert {path.name for path in target.parent.iterdir()} == {"v.mp4", "v.job.json", other.name}


def test_jobs_are_listed_and_cancelled(state_dir: Path, clip: Path, tmp_path: Path, capsys):
    server = CosmosServer(CosmosServerOptions(state_dir, port=0, token=TOKEN))
    server.worker.start = lambda: None  # type: ignore[method-assign]
    server.worker.ready.set()
    with server:
        _, client = connect(server.url, token=TOKEN)
        spec = load_spec(Path("dawn"), clip=clip)
        job_id = client.begin(spec, client.upload(spec.videos(), lambda _u: None), "key")
        client.close()
        jobs = ["cosmos", "jobs", server.url, "--token", TOKEN]
        assert main([*jobs, "--status", "done"]) == 0
        assert "no jobs" in capsys.readouterr().out
        assert main(jobs) == 0
        assert f"{job_id}  transfer2.5  queued, 0 before it" in capsys.readouterr().out
        assert main([*jobs, "--cancel", job_id]) == 0
        assert main([*jobs, "--status", "cancelled", "--json"]) == 0
        assert json.loads(capsys.readouterr().out.partition("\n")[2])[0]["id"] == job_id
        for wrong in (job_id, "j_none"):
            assert main([*jobs, "--cancel", wrong]) == 2
    assert server.worker.state == "starting"


def test_exit_codes(server: CosmosServer, clip: Path, tmp_path: Path, capsys):
    submit = ["cosmos", "submit", server.url, "night_rain", "--output", f"{tmp_path}/out/"]
    assert main([*submit, "--clip", str(clip), *FAST]) == 0
    assert (tmp_path / "out" / "output.mp4").is_file()
    assert "sha256" in capsys.readouterr().out
    assert main([*submit, "--clip", str(make_clip(tmp_path / "odd", 20, 20)), *FAST]) == 2
    assert main([*submit, "--clip", str(clip), *FAST[:-1], "wrong"]) == 2
    assert main(["cosmos", "submit", "http://127.0.0.1:9", "dawn", "--clip", str(clip), *FAST]) == 3
    late = [*submit, "--clip", str(clip), "--seed", "77", "--deadline", "1", *FAST]
    server.worker.close()
    assert main(late) == 3


def test_exit_code_of_a_failed_job(server: CosmosServer, clip: Path, tmp_path: Path, monkeypatch):
    def fail(*_arguments: object, watermark: bool) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("carla_nurec_bridge.servers.cosmos.worker.make_video", fail)
    command = ["cosmos", "submit", server.url, "dawn", "--clip", str(clip), *FAST]
    assert main([*command, "--output", str(tmp_path / "v.mp4")]) == 1
