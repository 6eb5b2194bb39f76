"""``carla-nurec cosmos controls`` on a real recording, played in a server that others use too."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from programs import run
from realdata import real

from carla_nurec_bridge.core.frames import matrix_from_quaternion
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.cosmos.clip.check import check_clip
from carla_nurec_bridge.cosmos.clip.manifest import read_manifest
from carla_nurec_bridge.cosmos.clip.masters import read_master
from carla_nurec_bridge.cosmos.clip.streams import STREAMS
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.recorder_log import Log, read_log
from carla_nurec_bridge.recorder_log.trajectories import trajectories
from carla_nurec_bridge.runs.processes.own_server import START_S, own_carla

pytest.importorskip("carla")
pytestmark = pytest.mark.conformance

HERO, OTHER = 174, 175
SETTINGS = (
    "import carla, os, sys\n"
    "world = carla.Client('127.0.0.1', int(sys.argv[1])).get_world()\n"
    "settings = world.get_settings()\n"
    "print(settings.synchronous_mode, settings.fixed_delta_seconds,\n"
    "      len(world.get_actors().filter('sensor.*')), flush=True)\n"
    "os._exit(0)\n"
)


class Server:
    """An embedded CARLA with Town01, and the commands that are run against it."""

    def __init__(self, log: Path, port: int) -> None:
        self.log = log
        self.port = port

    def controls(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.verb("cosmos", "controls", *arguments)

    def verb(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        group, verb, *rest = arguments
        server = ("--host", "127.0.0.1", "--port", self.port)
        return run(group, verb, "-f", self.log, *server, "--size", "320x180", "--fps", 10, *rest)

    def settings(self) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", SETTINGS, str(self.port)],
            capture_output=True,
            text=True,
            timeout=250,
            check=True,
        )
        return done.stdout.split()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    log = real("recorder/DistanceBetweenVehicles_0.9.13.log")
    town, port = real("opendrive/Town01.xodr.gz"), free_port(pair=True)
    config = RunConfig(
        map=town, nurec=False, carla_port=port, run_dir=folder, start_deadline_s=START_S
    )
    with own_carla(config, folder / "server.log"):
        yield Server(log, port)


@pytest.fixture(scope="module")
def clip(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    done = server.controls("-s", "2", "--frames", "12", "--depth", "inverse", "-o", str(folder))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "wait for encoders" in done.stdout
    return folder / "front"


def poses(manifest: dict[str, Any]) -> np.ndarray:
    rows = manifest["map_from_camera_xyz_xyzw"]
    return np.array([matrix_from_quaternion(row[:3], row[3:]) for row in rows])


def test_every_stream_has_every_frame(clip: Path) -> None:
    assert check_clip(clip).problems == ()
    manifest = read_manifest(clip)
    assert manifest["videos"].keys() == STREAMS.keys()
    assert manifest["stamps_ns"] == [100_000_000 * k for k in range(12)]
    numbers = manifest["source_frames"]
    assert np.diff(numbers).min() >= 1


def test_the_cameras_follow_the_recorded_way(server: Server, clip: Path) -> None:
    manifest = read_manifest(clip)
    way = np.stack([recorded(read_log(server.log), HERO, 2.0 + 0.1 * k) for k in range(12)])
    camera = poses(manifest)[:, :3, 3]
    assert np.linalg.norm(camera[-1] - camera[0]) > 2.0
    offset = camera - way  # the street is straight
    np.testing.assert_allclose(offset, np.broadcast_to(offset[:1], offset.shape), atol=0.01)
    assert manifest["recording"]["start_s"] == 2.0
    assert players(manifest)[HERO]["is_ego"]
    assert players(manifest)[OTHER]["blueprint"] == "vehicle.nissan.patrol"


def recorded(log: Log, actor_id: int, time_s: float) -> np.ndarray:
    """Return where an actor was recorded at a moment."""
    track = trajectories(log)[actor_id]
    places = track.map_from_actor[:, :3, 3]
    return np.array([np.interp(time_s, track.times_s, places[:, axis]) for axis in range(3)])


def players(manifest: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {player["recorded_id"]: player for player in manifest["recording"]["actors"]}


def test_the_other_cars_mask_follows_its_box(clip: Path) -> None:
    manifest = read_manifest(clip)
    [row] = [row for row in manifest["agreement"] if row["id"] == OTHER]
    assert row["frames"] >= 10
    assert row["iou_min"] > 0.7
    assert row["inside_min"] > 0.97
    [entry] = [entry for entry in manifest["instances"] if entry["id"] == OTHER]
    assert entry["recorded_id"] == OTHER
    pixels = sum(int((ids == OTHER).sum()) for ids in read_master(clip / "instance.mkv"))
    assert entry["pixels"] == pixels


def test_the_measured_depth_range_is_told(clip: Path) -> None:
    encoding = read_manifest(clip)["videos"]["depth"]["encoding"]
    assert encoding["mode"] == "inverse"
    assert 1.0 < encoding["near_m"] < 5.0
    assert 30.0 < encoding["far_m"] < 655.0


def test_another_start_shows_the_same_moment(server: Server, clip: Path, tmp_path: Path) -> None:
    done = server.controls(
        "-s", "2.5", "--frames", "1", "--streams", "rgb,instance_master", "-o", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr[-2000:]
    later = read_manifest(tmp_path / "front")
    assert later["videos"].keys() == {"rgb", "instance_master"}
    np.testing.assert_allclose(poses(later)[0], poses(read_manifest(clip))[5], atol=1e-3)
    [alone] = read_master(tmp_path / "front" / "instance.mkv")
    among = list(read_master(clip / "instance.mkv"))[5]
    assert (among > 0).any()
    # The second replay may give the cars other ids, which the manifests tell.
    assert np.array_equal(alone > 0, among > 0)
    assert np.unique(alone).tolist() == [0, players(later)[OTHER]["pixel_id"]]


def roadside(server: Server, file: Path) -> Path:
    """Write a sensor file of two cameras that look back at the hero as it comes."""
    track = trajectories(read_log(server.log))[HERO]
    at = int(np.searchsorted(track.times_s, 2.2))
    here = track.map_from_actor[at]
    sensors = []
    for name, ahead in (("near", 12.0), ("far", 25.0)):
        x, y, z = (here @ np.array([ahead, 0.0, 5.0, 1.0]))[:3]
        yaw = np.degrees(np.arctan2(here[1, 0], here[0, 0])) + 180.0
        attributes = {"image_size_x": 320, "image_size_y": 180, "fov": 70}
        sensors.append(
            {
                "name": name,
                "sensor": "rgb",
                "attributes": attributes,
                "transform": {
                    "location": {"x": 100 * x, "y": -100 * y, "z": 100 * z},
                    "rotation": {"pitch": -20.0, "yaw": -yaw, "roll": 0.0},
                },
            }
        )
    file.write_text(json.dumps({"units": "cm", "frame": "world", "sensors": sensors}))
    return file


def test_cameras_that_stand_in_the_world_see_the_hero_pass(server: Server, tmp_path: Path) -> None:
    file = roadside(server, tmp_path / "roadside.yaml")
    done = server.controls(
        "-s", "2", "--frames", "4", "--sensors", str(file), "-o", str(tmp_path / "clips")
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    for name in ("near", "far"):
        manifest = read_manifest(tmp_path / "clips" / name)
        assert check_clip(tmp_path / "clips" / name).problems == ()
        assert manifest["camera"]["rig_frame"] == "map"
        assert np.ptp(poses(manifest), axis=0).max() == 0.0
        number = players(manifest)[HERO]["pixel_id"]
        [hero] = [row for row in manifest["agreement"] if row["id"] == number]
        assert hero["frames"] == 4
        assert hero["iou_min"] > 0.6


def test_a_car_that_is_not_there_is_named(server: Server, tmp_path: Path) -> None:
    done = server.controls("--role", "nobody", "-o", str(tmp_path))
    assert done.returncode == 2
    assert "no vehicle with role_name 'nobody'; it has: 174" in " ".join(done.stderr.split())


def test_the_server_is_left_as_it_was_found(server: Server, clip: Path) -> None:
    assert server.settings() == ["False", "None", "0"]


def test_a_data_set_of_ego_and_roadside_cameras_tells_where_the_cars_are(
    server: Server, tmp_path: Path
) -> None:
    ego = tmp_path / "ego.yaml"
    lens = {"image_size_x": 320, "image_size_y": 180, "fov": 70}
    ahead = {
        "location": {"x": 1.6, "y": 0.0, "z": 1.7},
        "rotation": {"pitch": -5.0, "yaw": 0.0, "roll": 0.0},
    }
    bonnet = {"name": "bonnet", "sensor": "rgb", "attributes": lens, "transform": ahead}
    ego.write_text(json.dumps({"sensors": [bonnet]}))
    file, run = roadside(server, tmp_path / "roadside.yaml"), tmp_path / "set"
    wanted = ["-s", "2.6", "--frames", "4", "--sensors", str(file), "--sensors", str(ego)]
    done = server.verb("dataset", "record", *wanted, "-o", str(run))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]

    [stored] = Dataset(run).scenarios()
    assert stored.truth.cameras == ("near", "far", "bonnet")
    known = {one.recorded_id: one for one in stored.truth.actors}
    assert known[HERO].is_ego
    assert not known[OTHER].is_ego
    assert [len(state.actors) for state in stored.frames()] == [2] * 4
    # The poses are the recording's: frames are a tenth of a second apart, from 2.6 s on.
    track = trajectories(read_log(server.log))[HERO]
    hero = known[HERO].track_id
    places = [
        next(a for a in state.actors if a.track_id == hero).map_from_box.translation_m
        for state in stored.frames()
    ]
    told = np.interp(2.6 + 0.1 * np.arange(4), track.times_s, track.map_from_actor[:, 0, 3])
    assert np.diff([place[0] for place in places]) == pytest.approx(np.diff(told), abs=0.01)

    seen = 0
    for camera, recorded in (("near", HERO), ("far", HERO), ("bonnet", OTHER)):
        calibration = stored.calibration(camera)
        assert len(calibration.map_from_camera) == (4 if camera == "bonnet" else 1)
        for truth in stored.all_labels(camera):
            [one] = [o for o in truth.objects if o.recorded_id == recorded]
            assert one.ignored is None, (camera, truth.number)
            assert one.visible_fraction > 0.85
            ids = stored.image(camera, "instance_segmentation", truth.number)
            mask = one.mask.pixels()
            assert np.array_equal(mask, ids == one.pixel_id)
            # An independent projection: the corners of the box in the camera's axes by K.
            box = one.box_camera
            signs = np.array(list(product((-0.5, 0.5), repeat=3)))
            corners = signs * box.size_m @ box.frame_from_box()[:3, :3].T + box.centre_m
            flat = corners @ np.array(calibration.k).T
            hull = cv2.convexHull((flat[:, :2] / flat[:, 2:]).astype(np.float32))
            rows, columns = np.nonzero(mask)
            away = [
                cv2.pointPolygonTest(hull, (float(x) + 0.5, float(y) + 0.5), True)
                for x, y in zip(columns, rows, strict=True)
            ]
            assert min(away) > -2.0
            assert mask.sum() > 0.55 * cv2.contourArea(hull)
            depth = stored.image(camera, "depth", truth.number)[mask]
            assert abs(float(np.median(depth)) - box.centre_m[2]) < box.size_m[0]
            seen += 1
    assert seen == 12
    assert check_dataset(Dataset(run), lambda *_: None).problems == ()

    again = server.verb("dataset", "record", *wanted, "-o", str(run))
    assert "0 scenarios recorded, 1 were there before, 0 failed" in again.stdout
