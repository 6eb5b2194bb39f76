"""The demo as a user runs it: whole runs in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from programs import run
from realdata import real
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability
from shared_memory import Watch, unused
from small_rig import small_rig

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.cameras.models import camera_from_json
from carla_nurec_bridge.core.frames import Matrix, invert, matrix_from_quaternion
from carla_nurec_bridge.core.machine.forked import ADDRESS
from carla_nurec_bridge.cosmos.clip.video import count_frames
from carla_nurec_bridge.recording import BagReader
from carla_nurec_bridge.report.schema import schema_file
from carla_nurec_bridge.scene import open_scene

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]


def processes_of(folder: Path) -> dict[int, str]:
    """Processes whose command line names a run's folder."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if str(folder) in words and int(path.parent.name) != os.getpid():
            found[int(path.parent.name)] = words
    return found


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two runs with one seed, started as a user does; it holds the second one."""
    folder = tmp_path_factory.mktemp("demo")
    out = folder / "run"
    argv = [sys.executable, "-m", "carla_nurec_bridge.cli.main", "demo", "--repeat", "2"]
    argv += ["--seconds", "1", "--set", f"rig={small_rig(folder)}", "--out", str(out)]
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={name: value for name, value in os.environ.items() if name != ADDRESS},
    )
    with Watch(process.pid) as watch:
        said, _ = process.communicate()
    logs = "".join(f"\n{log.name}: {log.read_text()[-1500:]}" for log in out.glob("logs/*.log"))
    assert process.returncode == 0, said[-5000:] + logs
    assert processes_of(out) == {}
    assert watch.names, "nothing was watched"
    assert unused(watch.names) == set()
    return out


def test_both_runs_are_complete_and_equal(twice: Path) -> None:
    first, second = json.loads((twice / "repeat.json").read_text())
    assert first["complete"]
    assert second["complete"]
    assert first["hashes"] == second["hashes"]
    assert first["run_sha256"] == second["run_sha256"]


def test_counts_follow_from_rates_and_ticks(twice: Path) -> None:
    report = json.loads((twice / "report.json").read_text())
    recorded = {topic: stream["recorded"] for topic, stream in report["streams"].items()}
    # One second at 20 Hz: 21 states, 20 pictures of a camera, 10 sweeps at 10 Hz.
    assert recorded["/odometry"] == recorded["/clock"] == recorded["/command/ackermann"] == 21
    assert recorded["/camera/front_wide_120fov/image_raw/compressed"] == 20
    assert recorded["/camera/carla_front/depth/image_raw"] == 20
    assert recorded["/lidar/top/points"] == 10
    assert report["commands"] == {"accepted": 21, "late": 0, "refused": 0}
    assert report["objects"]["not_renderable"] == 0
    assert report["drive"]["distance_m"] > 0.5
    assert report["drive"]["collisions"] == []


def test_reports_of_runs_keep_to_the_shipped_schema(twice: Path) -> None:
    schema = Draft202012Validator(json.loads(schema_file().read_text()))
    for error in schema.iter_errors(json.loads((twice / "report.json").read_text())):
        pytest.fail(f"{error.json_path}: {error.message}")


def test_the_bag_says_what_the_report_says(twice: Path) -> None:
    assert main(["bag", "info", str(twice / "bag")]) == 0
    report = json.loads((twice / "report.json").read_text())
    with AnyReader([twice / "bag"]) as reader:
        latched = {
            c.topic
            for c in reader.connections
            if c.ext.offered_qos_profiles[0].durability == QosDurability.TRANSIENT_LOCAL
        }
        counts = {c.topic: c.msgcount for c in reader.connections}
    for topic, stream in report["streams"].items():
        assert counts[topic] == stream["recorded"] + stream["extra"]
    assert {"/tf_static", "/map/opendrive", "/route", "/robot_description"} <= latched
    with BagReader(twice / "bag") as bag:
        tallies = bag.tallies()
    for topic, stream in report["streams"].items():
        if stream["sha256"]:
            assert tallies[topic].sha256 == stream["sha256"], topic


def _pose(pose: Any) -> Matrix:
    p, q = pose.position, pose.orientation
    return matrix_from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def test_boxes_enclose_the_pixels_of_their_objects(twice: Path) -> None:
    instance, calibration = (
        f"/camera/carla_front/{name}" for name in ("instance/image_raw", "calibration")
    )
    with BagReader(twice / "bag") as bag:
        found: dict[str, dict[int, Any]] = {}
        for topic, stamp, message in bag.messages([instance, calibration, "/objects", "/odometry"]):
            found.setdefault(topic, {})[stamp] = message
    text = next(iter(found[calibration].values())).data
    model = camera_from_json(json.loads(text)["camera_model"])
    base_from_camera = np.array(json.loads(text)["rig_from_camera"]).reshape(4, 4)
    corners = np.array(list(product((-0.5, 0.5), repeat=3)))
    shares = []
    for stamp, image in found[instance].items():
        ids = np.frombuffer(bytes(image.data), np.int32).reshape(image.height, image.width)
        ego = _pose(found["/odometry"][stamp].pose.pose)
        camera_from_map = invert(ego @ base_from_camera)
        for detection in found["/objects"][stamp].detections:
            size = detection.bbox.size
            camera_from_box = camera_from_map @ _pose(detection.bbox.center)
            points = corners * (size.x, size.y, size.z) @ camera_from_box[:3, :3].T
            points += camera_from_box[:3, 3]
            rows, columns = np.nonzero(ids == int(detection.id))
            if len(rows) < 40 or points[:, 2].min() < 0.5:
                continue
            pixels, _ = model.project(points)
            seen = np.column_stack((columns + 0.5, rows + 0.5))
            shares.append(
                np.mean(
                    np.all(
                        np.abs(seen - (pixels.min(0) + pixels.max(0)) / 2)
                        <= np.ptp(pixels, 0) / 2 + 1,
                        axis=1,
                    )
                )
            )
    assert len(shares) >= 20
    assert min(shares) > 0.98


def test_a_scene_built_from_the_bag_is_the_scene_of_the_run(twice: Path, tmp_path: Path) -> None:
    out = tmp_path / "again.usdz"
    assert main(["scene", "build", "--bag", str(twice / "bag"), "-o", str(out)]) == 0
    first, again = open_scene(twice / "scene.usdz"), open_scene(out)
    assert first.xodr == again.xodr
    assert {t.track_id: t.appearance for t in first.tracks} == {
        t.track_id: t.appearance for t in again.tracks
    }
    for one, other in zip(first.cameras, again.cameras, strict=True):
        assert (one.logical_id, one.model, one.shutter) == (
            other.logical_id,
            other.model,
            other.shutter,
        )
        assert np.array_equal(one.rig_from_camera, other.rig_from_camera)
        frames = len(other.frame_stamps_us)
        assert frames == 20
        assert np.array_equal(one.frame_stamps_us[:frames], other.frame_stamps_us)
    # The agent drives as it did in the rehearsal that the first scene was recorded from.
    ways = [("rig", first.rig_trajectory, again.rig_trajectory)]
    ways += [(t.track_id, first.track(t.track_id), t) for t in again.tracks]
    for name, one, other in ways:
        for stamp in range(again.time_range_us[0], again.time_range_us[1], 100_000):
            there = first.map_from_world @ one.at(stamp)
            assert np.abs(there - again.map_from_world @ other.at(stamp)).max() < 1e-4, name


def test_control_videos_have_the_cameras_frames(twice: Path) -> None:
    manifest = json.loads((twice / "controls/manifest.json").read_text())
    assert manifest["frames"] == 20
    assert {"rgb", "depth", "edges", "semantic", "instance"} < manifest["videos"].keys()
    for video in manifest["videos"].values():
        assert count_frames(twice / "controls" / video["file"]) == 20
    with BagReader(twice / "bag") as bag:
        stamps = [s for _, _, s, _ in bag.raw(["/camera/carla_front/depth/image_raw"])]
    assert manifest["stamps_ns"] == stamps
    assert (twice / "contact_sheet.png").stat().st_size > 100_000


def test_a_real_recording_is_replayed(real_recording_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "replay"
    town01 = real("opendrive/Town01.xodr.gz")
    words = ("demo", "--replay", real_recording_path, "--map", town01, "--seconds", 0.5)
    done = run(*words, "--set", f"rig={small_rig(tmp_path)}", "--out", out)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    report = json.loads((out / "report.json").read_text())
    assert report["complete"]
    assert report["mode"] == "replay"
    assert report["commands"] is None
    assert report["drive"]["route_completion"] is None
    assert report["objects"]["seen"] >= 1
    assert report["replay_error_m"]["mean"] < 0.2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--replay", "nowhere.log"), "there is no file nowhere.log"),
        (("--map", "nowhere.xodr"), "there is no file nowhere.xodr"),
        (("--set", "rig=nobody"), "no rig file nobody"),
        (("--set", "speed=3"), "--set speed=3: a run has no such field"),
        (("--set", "vehicles=-1"), "--set vehicles=-1: Input should be"),
        (("--set", "vehicles"), "FIELD=VALUE"),
        (("--seconds", "0"), "0.1<=x<=3600"),
        (("--out", "/proc/nowhere"), "cannot write in /proc/nowhere"),
        (("--set", "ego_blueprint=no.such.car"), "no blueprint 'no.such.car'"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    assert main(["demo", "--out", str(tmp_path / "run"), *arguments]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err + said.out


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/mine.txt").write_text("precious")
    done = run("demo", "--out", tmp_path, "--seconds", 1)
    assert done.returncode == 2
    assert "holds files of something else" in " ".join(done.stderr.split())
    assert (tmp_path / "logs/mine.txt").read_text() == "precious"
