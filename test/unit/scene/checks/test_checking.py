"""Every problem of a package is named at once, with member and field."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.scene import (
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
    write_scene,
)
from carla_nurec_bridge.scene.checks.checking import check_scene


@pytest.fixture
def members(tmp_path: Path) -> dict[str, bytes]:
    """The members of a small sound package."""
    stamps = np.array([1_000_000, 1_100_000, 1_200_000])
    poses = np.tile(np.eye(4), (3, 1, 1))
    camera = SceneCamera(
        "camera_front",
        OpenCVPinholeCamera.from_fov(64, 48, 90.0),
        np.eye(4),
        Shutter.GLOBAL,
        np.array([[1_000_000, 1_030_000]]),
    )
    track = SceneTrack("car", "automobile", (4.0, 2.0, 1.5), stamps, poses)
    scene = Scene(
        None,
        "small",
        "small",
        (1_000_000, 1_200_000),
        RigTrajectory(stamps, poses),
        (camera,),
        (track,),
        (),
        np.eye(4),
        np.eye(4),
        None,
        None,
    )
    path = tmp_path / "sound.usdz"
    write_scene(path, scene)
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def _pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def _change(members: dict[str, bytes], name: str, change: Callable[[Any], None]) -> None:
    content = json.loads(members[name])
    change(content)
    members[name] = json.dumps(content).encode()


def test_a_sound_package_has_only_warnings(members, tmp_path) -> None:
    problems = check_scene(_pack(tmp_path / "a.usdz", members))
    assert {p.level for p in problems} <= {"warning"}
    assert ("map.xodr", "") in {(p.member, p.field) for p in problems}


def test_all_problems_are_named_at_once(members, tmp_path, capsys) -> None:
    def spoil_rig(content: Any) -> None:
        (camera,) = content["camera_calibrations"].values()
        camera["camera_model"]["parameters"]["focal_length"] = [0, 0]
        camera["T_sensor_rig"][0][0] = 3.0
        content["rig_trajectories"][0]["T_rig_world_timestamps_us"][1] = 1_000_000

    def spoil_tracks(content: Any) -> None:
        (chunk,) = content.values()
        chunk["cuboidtracks_data"]["cuboids_dims"][0][1] = 0.0
        chunk["tracks_data"]["tracks_label_class"][0] = "spaceship"

    _change(members, "rig_trajectories.json", spoil_rig)
    _change(members, "sequence_tracks.json", spoil_tracks)
    _change(members, "data_info.json", lambda content: content.pop("sequence_id"))
    members["mesh_ground.ply"] = b"ply\nnothing\n"
    path = _pack(tmp_path / "b.usdz", members)
    found = {(p.level, p.member, p.field.rpartition(".")[2]) for p in check_scene(path)}
    assert found >= {
        ("error", "rig_trajectories.json", "camera_model"),
        ("error", "rig_trajectories.json", "T_sensor_rig"),
        ("error", "rig_trajectories.json", "T_rig_world_timestamps_us"),
        ("error", "sequence_tracks.json", "car"),
        ("warning", "sequence_tracks.json", "car"),
        ("error", "data_info.json", "sequence_id"),
        ("error", "mesh_ground.ply", ""),
    }
    assert main(["scene", "check", str(path)]) == 2
    assert "data_info.json: sequence_id: Field required" in capsys.readouterr().out


def test_what_is_no_package_is_one_error(tmp_path) -> None:
    (tmp_path / "c.usdz").write_bytes(b"nothing")
    (problem,) = check_scene(tmp_path / "c.usdz")
    assert problem.level == "error"
