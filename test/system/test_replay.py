"""``carla-nurec replay`` as a user runs it: a drive from a CSV, in CARLA and in NuRec."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import programs
import pytest
from PIL import Image

from carla_nurec_bridge.cosmos.clip.video import count_frames

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(600)]


def run(*arguments: object) -> str:
    done = programs.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_drive_of_ones_own_is_seen_in_both_worlds(tmp_path: Path) -> None:
    """A left turn of 30 m radius at 10 m/s, a car waiting 25 m along it."""
    rows = ["stamp_s,lat,lon"]
    for k in range(61):
        angle = k / 10 * 10 / 30
        east, north = 30 * math.sin(angle), 30 - 30 * math.cos(angle)
        rows.append(f"{1000 + k / 10},{48 + north / 111_195:.9f},{11 + east / 74_628:.9f}")
    (tmp_path / "drive.csv").write_text("\n".join(rows) + "\n")
    angle = 25 / 30
    x, y, yaw = 30 * math.sin(angle), 30 - 30 * math.cos(angle), math.degrees(angle)
    car = [f"car,{t},{x},{y},{yaw},vehicle.tesla.model3" for t in (1000, 1006)]
    (tmp_path / "cars.csv").write_text("\n".join(["id,stamp_s,x,y,yaw_deg,blueprint", *car]) + "\n")
    scene, out = tmp_path / "s.usdz", tmp_path / "out"
    run(
        "scene",
        "build",
        "--trajectory",
        tmp_path / "drive.csv",
        "--tracks",
        tmp_path / "cars.csv",
        "-o",
        scene,
    )
    said = run(
        "replay",
        "-u",
        scene,
        "-c",
        "camera_front_wide_120fov",
        "--rig",
        "custom_views",
        "--resolution-ratio",
        "0.5",
        "--seconds",
        "1",
        "--saveimages",
        "--image-format",
        "png",
        "--move-spectator",
        "-o",
        out,
    )
    assert "10 frames" in said
    assert count_frames(out / "grid.mp4") == 10
    with (out / "images/timestamps.csv").open() as file:
        listed = list(csv.DictReader(file))
    counts = {
        "front_wide_120fov": 10,
        "fisheye": 10,
        "behind_glass": 10,
        "tele": 5,
        "carla_left": 5,
    }
    assert {name: sum(row["camera"] == name for row in listed) for name in counts} == counts
    last = [row for row in listed if row["camera"] == "front_wide_120fov"][-1]
    assert int(last["end_us"]) == 1_001_000_000
    sizes = {Image.open(out / "images" / row["file"]).size for row in listed}
    assert sizes == {(320, 180), (480, 480), (640, 360), (480, 270)}
    assert all((out / "images" / row["file"]).suffix == ".png" for row in listed)
    road = np.asarray(Image.open(out / "images" / last["file"]))[150:175, 100:220].astype(int)
    assert np.ptp(road, axis=2).mean() < 20, "grey asphalt lies ahead of the car"
    assert (out / "contact_sheet.png").is_file()
