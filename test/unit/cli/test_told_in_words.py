"""What a command line cannot do, or cannot print, is told in a sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from carla_nurec_bridge.cli import main as module
from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.ledger import Ledger
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.cosmos.clip.manifest import MANIFEST, read_manifest
from carla_nurec_bridge.runs.closed_loop.result import RESULT, read_result


@pytest.mark.parametrize("verb", [("cosmos", "controls"), ("dataset", "record")])
@pytest.mark.parametrize("option", [("--sensors", "x"), ("--role", "hero"), ("--port", "2000")])
def test_options_of_recordings_are_refused_beside_a_bag(
    verb: tuple[str, str],
    option: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*verb, "--bag", str(tmp_path), "-o", str(tmp_path / "o"), *option]) == 2
    assert f"{option[0]} is for recordings" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("args", [("--help",), ("scene", "build", "--help"), ("scenario", "list")])
def test_what_is_printed_to_a_full_disk_ends_in_a_sentence(
    args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(list(args)) == 1
        with Path(os.devnull).open("w") as roomy:  # what is left in the buffer goes there
            os.dup2(roomy.fileno(), full.fileno())
    assert capsys.readouterr().err.endswith("has no room: No space left on device\n")


@pytest.mark.parametrize("text", [b"\xe1\x00", b"a = " + b"[" * 200_000, b"a ="])
def test_a_prompt_that_is_no_toml_is_told(
    text: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = tmp_path / "prompt.toml"
    prompt.write_bytes(text)
    assert main(["cosmos", "submit", "http://127.0.0.1:9", str(prompt)]) == 2
    assert f"{prompt} is no TOML" in capsys.readouterr().err


def test_links_that_lead_in_a_circle_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert main(["dataset", "record", "--bag", str(loop), "-o", str(tmp_path / "run")]) == 1
    assert f"no bag folder {loop}" in capsys.readouterr().out
    assert main(["up", "--map", "demo_town", "--run-dir", str(loop)]) in (1, 2)
    assert "error:" in capsys.readouterr().err


def test_a_file_of_a_user_whom_nobody_knows_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = tmp_path / "prompt.toml"
    shipped = config_path("prompts", "autumn.toml").read_text()
    named = shipped.replace("]\n", ']\ninput_control = "~nobody_of_this_name/x.mp4"\n')
    prompt.write_text(f'input_video_path = "{tmp_path / "x.mp4"}"\n{named}')
    (tmp_path / "x.mp4").touch()
    assert main(["cosmos", "submit", "http://127.0.0.1:9", str(prompt)]) == 2
    assert "~nobody_of_this_name/x.mp4, which is no file" in capsys.readouterr().err


@pytest.mark.parametrize("text", [b"\xe1\n{}\n", b"[" * 200_000 + b"\n{}\n"])
def test_a_ledger_that_is_none_is_told(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").write_bytes(text)
    with pytest.raises(InputError, match="line 1 is no entry of a ledger"):
        Ledger(tmp_path / "ledger.jsonl")


@pytest.mark.parametrize(
    ("name", "read"),
    [(MANIFEST, read_manifest), (RESULT, read_result)],
)
def test_json_that_nests_without_end_is_told(
    name: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    (tmp_path / name).write_text("[" * 200_000)
    with pytest.raises(InputError, match=name):
        read(tmp_path)


@pytest.mark.parametrize(
    "verb",
    [
        ("bag", "recover", "BAG", "--out", "OUT"),
        ("cosmos", "controls", "--bag", "BAG", "-o", "OUT"),
        ("dataset", "record", "--bag", "BAG", "-o", "OUT"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(
    verb: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "x.mcap").touch()
    names = {"BAG": str(tmp_path / "bag"), "OUT": str(tmp_path / "file" / "out")}
    assert main([names.get(word, word) for word in verb]) == 2
    assert f": {tmp_path / 'file'} is a file, not a folder" in capsys.readouterr().err


def test_a_reader_that_has_gone_makes_the_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        gone.write("row\n")
        monkeypatch.setattr(sys, "stdout", gone)
        assert module._flushed(0) == 1
        gone.flush()  # as the interpreter does at its end


@pytest.mark.parametrize("verb", [("info",), ("render", "-o", "OUT")])
def test_a_unix_socket_that_is_not_there_is_not_waited_for(
    verb: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path / "out") if word == "OUT" else word for word in verb]
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        place = tmp_path / name
        assert main(["nurec", *words, "--unix-socket", str(place)]) == 2
        assert f"there is no Unix socket {place}" in capsys.readouterr().err
