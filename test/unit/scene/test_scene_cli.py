"""``carla-nurec scene build`` and ``scene info``."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.cli.main import main


def test_build_and_info(
    map_path: Path, real_recording_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.usdz"
    argv = ["scene", "build", "--map", map_path, "--recording", real_recording_path, "-o", out]
    assert main([str(a) for a in argv]) == 0
    assert "24.72 s, 3 cameras, 1 other road users" in capsys.readouterr().out
    assert main(["scene", "info", str(out)]) == 0
    shown = capsys.readouterr().out
    for words in ("847 poses", "camera_front_wide_120fov", "scenario", "map.xodr", "0.00 - 24.57"):
        assert words in shown


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["info", "none.usdz"], "error: no scene package none.usdz"),
        (["info", "LOG"], "is not a scene package"),
        (["build", "--map", "none.xodr", "--recording", "LOG", "-o", "x"], "no map file none.xodr"),
        (["build", "--map", "MAP", "--recording", "MAP", "-o", "x"], "is not a CARLA recording"),
        (["build", "--map", "MAP", "--recording", "LOG", "--rig", "no", "-o", "x"], "no rig file"),
        (["build", "--map", "MAP", "--recording", "LOG", "-o", "MAP/x.usdz"], "cannot write"),
        (["build", "--map", "MAP"], "Missing option"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(
    argv: list[str],
    sentence: str,
    map_path: Path,
    real_recording_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = {"MAP": str(map_path), "LOG": str(real_recording_path)}
    filled = [arg.replace("MAP", names["MAP"]).replace("LOG", names["LOG"]) for arg in argv]
    assert main(["scene", *filled]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == ""
    assert captured.err.count("\n") == 1 or "Usage" in captured.err
    assert "Traceback" not in captured.err
