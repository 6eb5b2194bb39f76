"""``nim serve`` as a user starts it, and what it refuses to start with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
import web

from carla_nurec_bridge.cli.main import main


def test_it_says_first_that_it_is_no_model_serves_and_ends_by_a_signal(tmp_path):
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"counts": {"bus": 2}}))
    words = ["nim", "serve", "--port", "0", "--facts", facts, "--fault", "server-error:1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "carla_nurec_bridge.cli.main", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "NIM_TOKEN": "a key that nobody may read", "PYTHONUNBUFFERED": "1"},
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        assert "no model" in process.stdout.readline()
        ready = process.stdout.readline()
        url = ready.split()[-1]
        assert process.stdout.readline() == "fault: server-error in the next 1 requests\n"
        request = {
            "url": f"{url}/chat/completions",
            "headers": {"Authorization": "Bearer a key that nobody may read"},
            "json": {
                "model": "carla-nurec/scene-facts",
                "messages": [{"role": "user", "content": "?"}],
            },
            "timeout": 30,
        }
        assert web.post(**request).status_code == 503
        answer = web.post(**request).json()
        assert "two buses" in answer["choices"][0]["message"]["content"]
        assert web.get(f"{url}/models", timeout=120).status_code == 401
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(120) == 0
        assert "nobody may read" not in ready + rest
        assert "Traceback" not in rest
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--fault", "earthquake"], "there are rate-limit"),
        (["--fault", "slow:often"], "'often' is no number"),
        (["--fault", "slow:0"], "'0' is no number"),
        (["--host", "0.0.0.0"], "set NIM_TOKEN"),
        (["--host", "192.0.2.1"], "set NIM_TOKEN"),
    ],
)
def test_what_it_does_not_start_with_is_told_in_a_sentence(monkeypatch, capsys, options, words):
    monkeypatch.delenv("NIM_TOKEN", raising=False)
    assert main(["nim", "serve", "--port", "0", *options]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("content", ["[1]", "{", "", "\ufeff{}", "[" * 100_000])
def test_a_file_without_facts_is_named(tmp_path, capsys, content):
    path = tmp_path / "facts.json"
    path.write_text(content)
    assert main(["nim", "serve", "--port", "0", "--facts", str(path)]) == 2
    assert "no file of scene facts" in " ".join(capsys.readouterr().err.split())


def test_a_port_that_is_taken_is_named(capsys):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["nim", "serve", "--port", str(port)]) == 2
    assert f"127.0.0.1:{port}" in capsys.readouterr().err
