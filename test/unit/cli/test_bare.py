"""Verbs that read and write files, on a machine with neither CARLA nor ROS 2."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from realdata import real
from small_dataset import write_dataset

from carla_nurec_bridge.cli.dataset.export import NAMES
from carla_nurec_bridge.cli.main import VERBS, main
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.cosmos.clip.clip import ControlClip
from carla_nurec_bridge.cosmos.clip.manifest import ClipCamera, ClipContent, write_manifest
from carla_nurec_bridge.cosmos.clip.streams import ControlOptions
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.recording import BagOptions, BagReader, BagWriter
from carla_nurec_bridge.recording.types import canonical

GROUPS = (
    "bag",
    "cosmos check",
    "dataset annotate",
    "dataset check",
    "dataset facts",
    "dataset events",
    "dataset export",
    "log",
    "scene",
)
HAVE_NO_ROS = """
import importlib.abc, json, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in ("carla", "rclpy") or top.endswith(("_msgs", "_interfaces")):
            raise ModuleNotFoundError(f"No module named {top!r}", name=name)

sys.meta_path.insert(0, Refuse())
told, sys.stdout = sys.stdout, sys.stderr
from carla_nurec_bridge.cli.main import main

for line in sys.stdin:
    print(json.dumps(main(json.loads(line))), file=told, flush=True)
"""
RunBare = Callable[[Sequence[Sequence[object]]], None]


@pytest.fixture(scope="module")
def run_bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunBare]:
    """Run command lines one after the other in a process that finds neither."""
    said = tmp_path_factory.mktemp("bare") / "said.txt"
    with (
        said.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", HAVE_NO_ROS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None

        def run(lines: Sequence[Sequence[object]]) -> None:
            for line in lines:
                print(json.dumps([str(word) for word in line]), file=process.stdin, flush=True)
                assert process.stdout.readline() == "0\n", f"{line}: {said.read_text()[-2000:]}"

        yield run
        process.stdin.close()
        assert process.wait(60) == 0


def test_every_verb_of_files_says_how_it_is_used(run_bare: RunBare) -> None:
    verbs = [verb for verb in VERBS if verb.startswith(GROUPS)]
    assert {verb.split()[0] for verb in verbs} == {"bag", "cosmos", "dataset", "log", "scene"}
    run_bare([[*verb.split(), "--help"] for verb in verbs])


def test_data_sets_are_checked_and_exported(run_bare: RunBare, tmp_path: Path) -> None:
    run = write_dataset(tmp_path / "run", ("one",), ("front",)).path
    exports = [["dataset", "export", run, "--to", f, "-o", tmp_path / f] for f in NAMES]
    run_bare([["dataset", "check", run], *exports])


@pytest.fixture
def begin(real_recording: bytes, tmp_path: Path) -> Path:
    """Return the first seconds of the real recording."""
    path = tmp_path / "begin.log"
    path.write_bytes(real_recording[:400_000])
    return path


def test_recordings_are_read_and_converted(run_bare: RunBare, begin: Path, tmp_path: Path) -> None:
    town, log = real("opendrive/Town01.xodr.gz"), begin
    targets = [tmp_path / f"bare.{form}" for form in ("log", "json", "csv", "mcap")]
    run_bare(
        [
            *(["log", v, log] for v in ("info", "frames", "actors", "collisions", "blocked")),
            *(["log", "convert", log, target] for target in targets[:-1]),
            ["log", "convert", log, targets[-1], "--map", town],
        ]
    )
    here = tmp_path / "here.mcap"
    assert main(["log", "convert", str(log), str(here), "--map", str(town)]) == 0
    assert _messages(tmp_path / "bare.mcap") == _messages(here)


def _messages(path: Path) -> list[tuple[str, int, bytes]]:
    """Return what a bag file says, alignment bytes cleared, which middleware leaves as they are."""
    folder = path.with_suffix("")
    folder.mkdir()
    path.rename(folder / "bag_0.mcap")
    with BagReader(folder) as bag:
        return [(topic, stamp, canonical(data, kind)) for topic, kind, stamp, data in bag.raw()]


def test_events_of_a_bag_are_found(run_bare: RunBare, begin: Path, tmp_path: Path) -> None:
    town, bag, found = real("opendrive/Town01.xodr.gz"), tmp_path / "bag", tmp_path / "found.json"
    bag.mkdir()
    file = tmp_path / "bag_0.mcap"
    run_bare([["log", "convert", begin, file]])
    file.rename(bag / file.name)
    window = ["-s", 0.25, "-d", 2]
    run_bare([["dataset", "events", bag, "--map", town, "-o", found, *window]])
    told = json.loads(found.read_text())
    assert 1.9e9 < told["end_ns"] - told["start_ns"] <= 2e9
    assert told["thresholds"]["near_miss_ttc_s"] == 0.95
    assert told["actors"] == [{"track_id": 1, "actor_id": 175, "object_class": "car"}]
    assert all(
        told["start_ns"] <= event["start_ns"] <= event["end_ns"] <= told["end_ns"]
        for event in told["events"]
    )
    assert main(["dataset", "events", str(bag), "-o", str(found)]) == 2  # no map in it


def test_scenes_are_built_and_shown(run_bare: RunBare, begin: Path, tmp_path: Path) -> None:
    scene, drive, town = (
        tmp_path / "a.usdz",
        tmp_path / "drive.csv",
        real("opendrive/Town01.xodr.gz"),
    )
    drive.write_text("stamp_s,x,y\n" + "".join(f"{k},{k},0\n" for k in range(1, 20)))
    run_bare(
        [
            ["scene", "build", "--recording", begin, "--map", town, "-o", scene],
            ["scene", "build", "--trajectory", drive, "-o", tmp_path / "b.usdz"],
            ["scene", "info", scene],
            ["scene", "check", scene],
            ["scene", "list", tmp_path],
        ]
    )


def test_bags_are_shown_and_recovered(run_bare: RunBare, tmp_path: Path) -> None:
    folder = tmp_path / "bag"
    with BagWriter(folder, BagOptions()) as bag:
        words = bag.add_stream("/words", "std_msgs/msg/String", ())
        for frame in range(5):
            bag.write(words, frame, b"\0\1\0\0\1\0\0\0\0")
    run_bare([["bag", "info", folder, "--hashes"]])
    file = folder / "bag_0.mcap"
    file.write_bytes(file.read_bytes()[:-300])
    run_bare([["bag", "recover", folder], ["bag", "info", folder]])


def test_clips_are_checked(run_bare: RunBare, tmp_path: Path) -> None:
    model = OpenCVPinholeCamera.from_fov(96, 64, 90.0)
    nothing = np.zeros(0, np.uint8)
    clip = ControlClip(tmp_path, model, 16.0, ControlOptions(), frozenset({"depth"}))
    clip.add(
        LabelledFrame("eye", model, 0, nothing, np.ones((64, 96), np.float32), nothing, nothing)
    )
    camera = ClipCamera("eye", model, Shutter.GLOBAL, np.eye(4), "base_link", "ego", 16.0)
    write_manifest(
        tmp_path,
        ClipContent(
            camera,
            clip.close(),
            clip.options,
            clip.stamps_ns,
            [0],
            [np.eye(4)],
            {"depth": "CARLA"},
            {"depth": "test"},
            clip.instances(),
        ),
    )
    run_bare([["cosmos", "check", tmp_path]])
