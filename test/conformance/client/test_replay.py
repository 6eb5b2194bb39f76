"""``carla-nurec replay`` from a scene package to its pictures, with both embedded servers."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from programs import run

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy, rigid
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.cosmos.clip.video import count_frames
from carla_nurec_bridge.opendrive import parse, read_opendrive
from carla_nurec_bridge.opendrive.spawn import spawn_points
from carla_nurec_bridge.scene import (
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
    write_scene,
)
from carla_nurec_bridge.scene.geodesy import ecef_from_enu, geo_reference

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

START_US = 1_700_000_000_000_000


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A scene of half a second: the ego drives at 5 m/s, a car stands 12 m before its start."""
    xodr = read_opendrive(config_path("maps", "demo_town.xodr"))
    x, y, z, heading = spawn_points(parse(xodr))[0]
    map_from_world = matrix_from_xyz_rpy((x, y, z), (0.0, 0.0, heading))
    place = geo_reference(xodr, "demo_town")
    assert place is not None
    stamps = START_US + np.arange(6) * 100_000
    way = np.stack([rigid(np.eye(3), (0.5 * i, 0.0, 0.0)) for i in range(6)])
    box = np.stack([rigid(np.eye(3), (12.0, 0.0, 0.75))] * 6)
    front = load_rig("demo").cameras[0]
    camera = SceneCamera(
        front.logical_id,
        front.model,
        front.rig_from_camera,
        front.shutter,
        np.stack([stamps - 30_000, stamps], axis=-1),
    )
    scene = Scene(
        None,
        "short",
        "short",
        (START_US, START_US + 500_000),
        RigTrajectory(stamps, way),
        (camera,),
        (SceneTrack("ahead", "automobile", (4.5, 1.9, 1.5), stamps, box),),
        (),
        ecef_from_enu(place) @ map_from_world,
        map_from_world,
        place,
        xodr,
    )
    path = tmp_path / "short.usdz"
    write_scene(path, scene)
    return path


def test_a_scene_is_played_and_written(package: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--resolution-ratio", 0.5, "--saveimages", "--move-spectator", "-o", out)
    done = run("replay", package, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert count_frames(out / "grid.mp4") == 5
    assert (out / "contact_sheet.png").is_file()
    with (out / "images" / "timestamps.csv").open() as file:
        rows = list(csv.DictReader(file))
    nurec = [row for row in rows if row["camera"] == "front_wide_120fov"]
    assert [int(row["end_us"]) - START_US for row in nurec] == [
        100_000,
        200_000,
        300_000,
        400_000,
        500_000,
    ]
    assert all(int(row["end_us"]) - int(row["start_us"]) == 30_000 for row in nurec)
    pictures = [
        cv2.imread(str(out / "images" / row["file"])) for row in rows if row["frame"] == "5"
    ]
    assert sorted(p.shape for p in pictures) == [(180, 320, 3), (360, 640, 3)]
    assert all(p.std() > 20 for p in pictures)
    assert "not in CARLA" not in done.stdout


def test_a_camera_that_is_not_there_is_named(package: Path) -> None:
    done = run("replay", package, "-c", "camera_rear")
    assert done.returncode == 2
    assert "no camera 'camera_rear'; it has: camera_front_wide_120fov" in done.stderr
