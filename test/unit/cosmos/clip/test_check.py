"""Every kind of damage to a clip is found and named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from carla_nurec_bridge.cli.cosmos.check import command
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.cosmos.clip.check import check_clip
from carla_nurec_bridge.cosmos.clip.clip import ControlClip
from carla_nurec_bridge.cosmos.clip.manifest import ClipCamera, ClipContent, write_manifest
from carla_nurec_bridge.cosmos.clip.streams import ControlOptions
from carla_nurec_bridge.labels.frame import LabelledFrame

MODEL = OpenCVPinholeCamera.from_fov(96, 64, 90.0)
SOURCES = frozenset({"rgb", "depth", "semantic", "instance"})
FRAMES = 12


def write_clip(directory: Path, tags_of: Any) -> None:
    clip = ControlClip(directory, MODEL, 16.0, ControlOptions(), SOURCES)
    for number in range(FRAMES):
        tags = np.full((64, 96), tags_of(number), np.uint8)
        rgb = np.full((64, 96, 3), 20 * number, np.uint8)
        depth = np.full((64, 96), 5.0 + number, np.float32)
        frame = LabelledFrame(
            "eye", MODEL, 62_500_000 * number, rgb, depth, tags, tags.astype(np.int32)
        )
        clip.add(frame)
    files = clip.close()
    camera = ClipCamera("eye", MODEL, Shutter.GLOBAL, np.eye(4), "base_link", "ego", 16.0)
    content = ClipContent(
        camera,
        files,
        clip.options,
        clip.stamps_ns,
        list(range(FRAMES)),
        [np.eye(4)] * FRAMES,
        dict.fromkeys(SOURCES, "CARLA"),
        dict.fromkeys(SOURCES, "test"),
        clip.instances(),
    )
    write_manifest(directory, content)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("clips") / "eye"
    write_clip(directory, lambda number: 1 + number)
    return directory


def test_what_a_shell_makes_of_a_star_is_taken(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    shutil.copytree(whole, folder / "eye")
    (folder / "report.json").write_text("{}")
    run = CliRunner().invoke
    star = run(command, [str(path) for path in sorted(folder.iterdir())], standalone_mode=False)
    assert star.return_value == 0, star.output
    inside = run(command, [str(p) for p in (folder / "eye").iterdir()], standalone_mode=False)
    assert inside.return_value == 0
    assert inside.output.count("whole") == 1
    (folder / "other.txt").touch()
    for wrong, words in (("report.json", "is no clip"), ("other.txt", "nor part of one")):
        refused = run(command, [str(folder / wrong)], standalone_mode=False)
        assert words in str(refused.exception)


@pytest.fixture
def clip(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "eye"))


def edit(clip: Path, change: Any) -> None:
    path = clip / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_a_whole_clip_is_whole(whole: Path) -> None:
    verdict = check_clip(whole)
    assert verdict.problems == ()
    assert (verdict.streams, verdict.frames) == (11, FRAMES)
    done = CliRunner().invoke(command, [str(whole.parent)], standalone_mode=False)
    assert done.return_value == 0
    assert "whole" in done.output


def test_damage_to_files_is_named(clip: Path) -> None:
    (clip / "sky.mp4").unlink()
    data = bytearray((clip / "rgb.mp4").read_bytes())
    data[-200] ^= 1
    (clip / "rgb.mp4").write_bytes(data)
    master = clip / "depth.mkv"
    master.write_bytes(master.read_bytes()[: master.stat().st_size // 2])
    (clip / "hdmap.mp4").write_bytes(b"left over")
    done = CliRunner().invoke(command, [str(clip)], standalone_mode=False)
    assert done.return_value == 1
    flat = " ".join(done.output.split())
    assert "sky.mp4: the file is missing" in flat
    assert "rgb.mp4: its SHA-256 is not the manifest's" in flat
    assert "depth.mkv:" in flat
    assert f"frames instead of {FRAMES}; frame" in flat
    assert "hdmap.mp4: a file that the manifest does not know" in flat


def test_streams_of_other_views_are_named(clip: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["videos"]["rgb"]["view"]["camera"] = "another lens"
        manifest["stamps_ns"][3] = manifest["stamps_ns"][2]

    edit(clip, change)
    problems = " ".join(check_clip(clip).problems)
    assert "stamps_ns does not grow from frame 2 to 3" in problems
    assert "rgb.mp4: its camera, stamps are not the clip's" in problems
    assert "depth.mp4: its stamps are not the clip's" in problems


def test_a_table_that_does_not_fit_the_pictures_is_found(clip: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["camera"]["k"][0][0] += 1.0
        del manifest["instances"][2]
        manifest["instances"][0]["pixels"] += 1
        manifest["videos"]["rgb"]["file"] = "../rgb.mp4"

    edit(clip, change)
    area = 96 * 64
    shown = f"instance.mkv {area} pixels in 1 frames"
    assert set(check_clip(clip).problems) == {
        "manifest.json: camera.k is not that of camera.model",
        "../rgb.mp4: a file outside the clip's folder",
        "rgb.mp4: a file that the manifest does not know",
        f"manifest.json: instances: 1 has {area + 1} pixels in 1 frames, in {shown}",
        f"manifest.json: instances: 3 has no entry, in {shown}",
    }


def test_frames_in_another_order_than_the_master_are_found(clip: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "other", lambda number: FRAMES - number)
    shutil.copy(tmp_path / "other" / "semantic.mp4", clip)
    theirs = json.loads((tmp_path / "other" / "manifest.json").read_text())["videos"]["semantic"]
    edit(clip, lambda manifest: manifest["videos"].update(semantic=theirs))
    [problem] = check_clip(clip).problems
    assert problem == "semantic.mp4: frame 0 does not show what its master holds"


def test_a_manifest_that_is_none_is_damage(clip: Path) -> None:
    (clip / "manifest.json").write_text("{}")
    done = CliRunner().invoke(command, [str(clip)], standalone_mode=False)
    assert done.return_value == 1
    assert "format_version None" in done.output
