"""Hostile and odd packages: every problem is found with its member and field, and none crashes."""

from __future__ import annotations

import gzip
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from unwarned import without_warnings

from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.scene import (
    RigTrajectory,
    Scene,
    SceneCamera,
    SceneTrack,
    write_scene,
)
from carla_nurec_bridge.scene.checks.checking import check_scene

Members = dict[str, bytes]
RIG, TRACKS, INFO = "rig_trajectories.json", "sequence_tracks.json", "data_info.json"


@pytest.fixture
def members(map_path: Path, tmp_path: Path) -> Members:
    """A sound package: a rig that drives 20 m along the map's lane, 10 cm above its ground."""
    stamps = np.arange(1_000_000, 3_100_000, 100_000)
    poses = np.tile(np.eye(4), (len(stamps), 1, 1))
    poses[:, 0, 3] = np.arange(len(stamps))
    camera = SceneCamera(
        "camera_front",
        OpenCVPinholeCamera.from_fov(64, 48, 90.0),
        np.eye(4),
        Shutter.GLOBAL,
        np.array([[1_100_000, 1_130_000], [1_200_000, 1_230_000]]),
    )
    track = SceneTrack("car", "automobile", (4.0, 2.0, 1.5), stamps, poses)
    from carla_nurec_bridge.scene.geodesy import ecef_from_enu, geo_reference

    xodr = map_path.read_text()
    place = geo_reference(xodr, "map")
    map_from_world = np.eye(4)
    map_from_world[:3, 3] = (100.0, -134.75, 0.1)
    scene = Scene(
        None,
        "small",
        "small",
        (1_000_000, 3_000_001),
        RigTrajectory(stamps, poses),
        (camera,),
        (track,),
        (),
        ecef_from_enu(place) @ map_from_world,
        map_from_world,
        place,
        xodr,
    )
    path = tmp_path / "sound.usdz"
    write_scene(path, scene)
    with zipfile.ZipFile(path) as file:
        found = {name: file.read(name) for name in file.namelist()}
    found["mesh_ground.ply"] = (
        b"ply\nformat binary_little_endian 1.0\nelement vertex 3\nproperty float x\n"
        b"property float y\nproperty float z\nelement face 1\n"
        b"property list uchar int vertex_indices\nend_header\n"
        + np.arange(9, dtype="<f4").tobytes()
        + b"\x03"
        + np.arange(3, dtype="<i4").tobytes()
    )
    return found


@pytest.fixture
def problems(tmp_path: Path) -> Callable[[Members], set[tuple[str, str, str, str]]]:
    def check(content: Members) -> set[tuple[str, str, str, str]]:
        write_archive(tmp_path / "p.usdz", content)
        return {(p.level, p.member, p.field, p.text) for p in check_scene(tmp_path / "p.usdz")}

    return check


def changed(members: Members, name: str, *keys: Any, value: Any) -> Members:
    content = json.loads(members[name])
    at = content
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = value
    return members | {name: json.dumps(content).encode()}


WAY = ("rig_trajectories", 0)
DATA = ("dummy_chunk_id", "tracks_data")
CAMERA = "camera_front@small"
LEAP = [[[1, 0, 0, k * 50.0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]] for k in range(21)]


def test_a_sound_package_has_no_problem(members: Members, problems: Any) -> None:
    assert problems(members) == set()


@pytest.mark.parametrize(
    ("name", "keys", "value", "level", "field", "words"),
    [
        (INFO, ("pose-range", "end-timestamp_us"), 10**15, "warning", "pose-range", "than a day"),
        (RIG, ("T_world_base", 0, 0), 1e9, "error", "T_world_base", "not a rotation"),
        (RIG, ("T_world_base", 0, 3), 1e300, "error", "T_world_base.0.3", "less than or equal"),
        (RIG, ("world_to_nre", "matrix", 3, 3), 2.0, "warning", "world_to_nre.matrix", "identity"),
        (
            RIG,
            (*WAY, "T_rig_worlds"),
            LEAP,
            "warning",
            "rig_trajectories.0.T_rig_worlds.1",
            "leaps there with 500 m/s",
        ),
        (
            RIG,
            (*WAY, "T_rig_worlds", 3, 0, 0),
            float("nan"),
            "error",
            "rig_trajectories.0.T_rig_worlds.3.0.0",
            "finite number; found nan",
        ),
        (
            RIG,
            (*WAY, "cameras_frame_timestamps_us", CAMERA),
            [[5, 3]],
            "warning",
            f"rig_trajectories.0.cameras_frame_timestamps_us.{CAMERA}",
            "ends before it starts",
        ),
        (
            RIG,
            (*WAY, "cameras_frame_T_rig_worlds", CAMERA),
            [],
            "warning",
            f"rig_trajectories.0.cameras_frame_T_rig_worlds.{CAMERA}",
            "0 poses for 2 frames",
        ),
        (
            RIG,
            (*WAY, "cameras_frame_T_rig_worlds", CAMERA, 1, 1, 1, 3),
            7.0,
            "warning",
            f"rig_trajectories.0.cameras_frame_T_rig_worlds.{CAMERA}.1",
            "7.00 m from the rig's path",
        ),
        (
            RIG,
            ("camera_calibrations", CAMERA, "T_sensor_rig", 0, 3),
            1500.0,
            "warning",
            f"camera_calibrations.{CAMERA}.T_sensor_rig",
            "1500 m from the rig",
        ),
        (
            RIG,
            ("camera_calibrations", CAMERA, "camera_model", "parameters", "focal_length"),
            [float("nan"), 1],
            "error",
            f"camera_calibrations.{CAMERA}.camera_model",
            "",
        ),
        (
            RIG,
            ("camera_calibrations", CAMERA, "camera_model", "type"),
            "orthographic",
            "error",
            f"camera_calibrations.{CAMERA}.camera_model",
            "unknown camera model type",
        ),
        (
            TRACKS,
            (*DATA, "tracks_flags", 0),
            "FLYING",
            "warning",
            "dummy_chunk_id.tracks_data.car",
            "its flag 'FLYING' is not a known one",
        ),
        (
            TRACKS,
            (*DATA, "tracks_poses", 0, 4, 0),
            4000.0,
            "warning",
            "dummy_chunk_id.tracks_data.car",
            "it leaps with",
        ),
        (
            TRACKS,
            (*DATA, "tracks_poses", 0, 4, 6),
            3.0,
            "warning",
            "dummy_chunk_id.tracks_data.car",
            "quaternions are not of length one",
        ),
        (
            TRACKS,
            ("dummy_chunk_id", "cuboidtracks_data", "cuboids_dims", 0),
            [400, 2, 2],
            "warning",
            "dummy_chunk_id.tracks_data.car",
            "larger than any vehicle",
        ),
    ],
)
def test_every_problem_has_its_member_and_field(
    members: Members,
    problems: Any,
    name: str,
    keys: tuple[Any, ...],
    value: Any,
    level: str,
    field: str,
    words: str,
) -> None:
    found = problems(changed(members, name, *keys, value=value))
    assert any((p[0], p[1], p[2]) == (level, name, field) and words in p[3] for p in found), found


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("virus.exe", b"MZ", "it is not a known member"),
        ("volume.nurec", b"weights", "it is not a gzip payload of NuRec"),
        ("volume.nurec", b"\x1f\x8b" + b"\xff" * 40, "it is damaged"),
        (
            "volume.nurec",
            gzip.compress(msgpack.packb({"weights": 1}), mtime=0),
            "begin with nre_data",
        ),
        ("clipgt/lane_line.parquet", b"no table", "it is not a Parquet table"),
        ("frames/camera_front/1100000.jpeg", b"GIF89a", "it is not a JPEG"),
        ("frames/camera_rear/1100000.jpeg", b"\xff\xd8\xff", "there is no camera camera_rear"),
        ("frames/camera_front/7.jpeg", b"\xff\xd8\xff", "its time lies outside the pose-range"),
        ("mesh.ply", b"ply\nformat ascii 1.0\n", "is not a binary little-endian PLY file"),
        ("default.usda", b"#sdf 1.0", "it is not a USD text layer"),
        ("metadata.yaml", b"scene_id: " + b"x" * (2 << 20), "2097162 bytes"),
        ("data_info.json", b'{"sequence_id": "small", "sequence_id": "small"', "delimiter"),
        ("map.xodr", b"<OpenDRIVE><header/><road/></OpenDRIVE>", "id"),
    ],
)
def test_members_of_the_wrong_kind(
    members: Members, problems: Any, name: str, data: bytes, words: str
) -> None:
    assert any(words in p[3] and p[1] in (name, "") for p in problems(members | {name: data}))


def test_the_payloads_version_is_looked_at(members: Members, problems: Any) -> None:
    def payload(version: str) -> bytes:
        head = {"version": version, "model": "nre", "state_dict": {"w": bytes(300_000)}}
        return gzip.compress(msgpack.packb({"nre_data": head}))

    why = "`nurec serve` refuses the package: nre_data holds no config"
    refused = ("warning", "volume.nurec", "", why)
    for version in ("0.2.576", "26.4.96"):
        assert problems(members | {"volume.nurec": payload(version)}) == {refused}
    whole = payload("0.2.576")
    why = "`nurec serve` refuses the package: volume.nurec is cut off: its gzip data do not end"
    cut_off = ("error", "volume.nurec", "", why)
    assert cut_off in problems(members | {"volume.nurec": whole[: len(whole) // 2]})
    why = "'7.1' is not a known version; 0.2, 25 and 26 are"
    told = ("warning", "volume.nurec", "nre_data.version", why)
    assert problems(members | {"volume.nurec": payload("7.1")}) == {refused, told}


def test_fields_that_are_there_twice(members: Members, problems: Any) -> None:
    twice = b'{"sequence_id": "gone", ' + members[INFO][1:]
    assert problems(members | {INFO: twice}) == {
        ("warning", INFO, "sequence_id", "the field is there twice; the last one counts"),
    }


def test_a_sequence_without_a_rig(members: Members, problems: Any) -> None:
    assert problems(changed(members, INFO, "sequence_id", value="else")) == {
        ("warning", RIG, "rig_trajectories", "there is no rig of data_info.json's sequence else"),
    }


@pytest.mark.parametrize("spelling", ["+alt_0", "+=alt_0"])
def test_a_map_that_lies_beside_the_way(members: Members, problems: Any, spelling: str) -> None:
    text = members["map.xodr"].decode()
    assert "+alt_0=519.5" in text
    spelt = text.replace("+alt_0=519.5", f"{spelling}=519.5")
    assert problems(members | {"map.xodr": spelt.encode()}) == set()
    low = text.replace("+alt_0=519.5", f"{spelling}=500").encode()
    ((level, member, field, words),) = problems(members | {"map.xodr": low})
    assert (level, member, field) == ("warning", "map.xodr", "header.geoReference")
    assert "the rig is +19.60 m above the road" in words
    assert f"altitude from {spelling}=" in words
    ((*_, words),) = problems(
        members | {"map.xodr": text.replace("+lat_0=48.1351", "+lat_0=48.1301").encode()}
    )
    assert "only 0% of the rig's path lies on lanes" in words


STRANGE: tuple[Any, ...] = (
    None,
    True,
    [],
    {},
    "",
    "NaN",
    0,
    -1,
    1e308,
    -1e14,
    float("nan"),
    10**30,
    [[]],
    2**63,
)


@pytest.mark.parametrize("seed", range(60))
@without_warnings
def test_strange_values_are_only_problems(members: Members, problems: Any, seed: int) -> None:
    rng = random.Random(seed)
    name = rng.choice((INFO, RIG, TRACKS))
    content = json.loads(members[name])
    for _ in range(rng.choice((1, 2))):
        at, key = content, rng.choice(list(content))
        while isinstance(at[key], dict | list) and at[key] and rng.random() < 0.85:
            at = at[key]
            key = rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
        at[key] = rng.choice(STRANGE)
    problems(members | {name: json.dumps(content).encode()})


def test_many_alike_are_counted(members: Members, problems: Any) -> None:
    content = json.loads(members[RIG])
    way = content["rig_trajectories"][0]
    way["T_rig_worlds"] = [[[2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]] * 5000
    way["T_rig_world_timestamps_us"] = list(range(1, 5001))
    found = problems(members | {RIG: json.dumps(content).encode()})
    assert sum("not a rotation" in p[3] for p in found) == 21
    assert any("4980 more problems of this kind" in p[3] for p in found)


def test_members_that_lie_over_each_other(members: Members, tmp_path: Path) -> None:
    """A directory that names one member's bytes many times unpacks to many times its size."""
    path = tmp_path / "overlap.usdz"
    write_archive(path, members)
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 1)
    (offset,) = struct.unpack_from("<I", data, first + 42)
    struct.pack_into("<I", data, second + 42, offset + 8)
    path.write_bytes(data)
    (problem,) = check_scene(path)
    assert problem.level == "error"
    assert "lie over each other" in problem.text


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_no_package_uses(members: Members, tmp_path: Path, method: int) -> None:
    path = tmp_path / "packed.usdz"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    (problem,) = check_scene(path)
    assert f"is packed by ZIP method {method}" in problem.text


def test_huge_json_is_not_even_unpacked(members: Members, tmp_path: Path) -> None:
    path = tmp_path / "huge.usdz"
    lines = b"".join(b"%050d," % k for k in range(1 << 20))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, warnings.catch_warnings():
        for name, data in members.items():
            file.writestr(name, b"[" + 2 * lines if name == TRACKS else data)
    found = [p for p in check_scene(path) if p.member == TRACKS]
    assert [p.level for p in found] == ["error"]
    assert "are the most read" in found[0].text or "times its size" in found[0].text
