"""Broken and hostile scene packages end in one sentence that names the place."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.scene import open_scene, read_surface

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def members(package: Path) -> Members:
    """The members of a good package, its long lists cut short so that tests are quick."""
    with zipfile.ZipFile(package) as file:
        found = {name: file.read(name) for name in file.namelist()}
    rig = json.loads(found["rig_trajectories.json"])
    (way,) = rig["rig_trajectories"]
    for key in ("T_rig_worlds", "T_rig_world_timestamps_us"):
        way[key] = way[key][:5]
    for key in ("cameras_frame_timestamps_us", "cameras_frame_T_rig_worlds"):
        way[key] = {camera: rows[:3] for camera, rows in way[key].items()}
    tracks = json.loads(found["sequence_tracks.json"])
    data = tracks["dummy_chunk_id"]["tracks_data"]
    for key in ("tracks_poses", "tracks_timestamps_us"):
        data[key] = [rows[:4] for rows in data[key]]
    found["rig_trajectories.json"] = json.dumps(rig).encode()
    found["sequence_tracks.json"] = json.dumps(tracks).encode()
    found["mesh.ply"] = found["mesh_ground.ply"]
    return found


@pytest.fixture
def pack(tmp_path: Path) -> Callable[[Members], Path]:
    def write(content: Members) -> Path:
        write_archive(tmp_path / "hostile.usdz", content)
        return tmp_path / "hostile.usdz"

    return write


def refused(path: Path, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_scene(path)
    assert "hostile.usdz" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(150))
def test_flipped_bytes(members: Members, pack: Any, seed: int) -> None:
    rng = random.Random(seed)
    path = pack({k: v for k, v in members.items() if not k.startswith("mesh")})
    data = bytearray(path.read_bytes())
    # Half of the flips hit the ZIP's directory at the end, where they hurt most.
    begin = rng.choice((0, len(data) - 700))
    for _ in range(rng.choice((1, 2, 20))):
        data[rng.randrange(begin, len(data))] = rng.randrange(256)
    path.write_bytes(data)
    try:
        scene = open_scene(path)
    except InputError:
        return
    assert len(scene.rig_trajectory.stamps_us) == len(scene.rig_trajectory.world_from_rig)


@pytest.mark.parametrize("seed", range(120))
def test_flipped_json(members: Members, pack: Any, seed: int) -> None:
    """Damage behind a correct checksum: the content itself lies."""
    rng = random.Random(seed)
    name = rng.choice(
        [
            "metadata.yaml",
            "data_info.json",
            "rig_trajectories.json",
            "sequence_tracks.json",
            "map.xodr",
        ]
    )
    data = bytearray(members[name])
    for _ in range(rng.choice((1, 3))):
        data[rng.randrange(len(data))] = rng.choice(b'0123456789-.eE"[]{},:\x00\xff an')
    with contextlib.suppress(InputError):
        open_scene(pack(members | {name: bytes(data)}))


@pytest.mark.parametrize("seed", range(40))
def test_flipped_mesh(members: Members, pack: Any, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(members["mesh.ply"])
    for _ in range(3):
        data[rng.randrange(rng.choice((250, len(data))))] = rng.randrange(256)
    scene = open_scene(pack(members | {"mesh.ply": bytes(data)}))
    try:
        surface = read_surface(scene)
    except InputError:
        return
    assert surface is not None
    assert surface.triangles.max() < len(surface.vertices)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_cut_off(members: Members, pack: Any, share: float) -> None:
    path = pack(members)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, "is not a scene package")


def test_no_such_file(tmp_path: Path) -> None:
    refused(tmp_path / "hostile.usdz", "no scene package")


@pytest.mark.parametrize("name", ["data_info.json", "rig_trajectories.json"])
def test_members_that_must_be_there(members: Members, pack: Any, name: str) -> None:
    refused(pack({k: v for k, v in members.items() if k != name}), f"has no member {name}")


def test_members_that_may_be_missing_are_noted(members: Members, pack: Any) -> None:
    kept = {k: members[k] for k in ("data_info.json", "rig_trajectories.json")}
    scene = open_scene(pack(kept))
    assert scene.scene_id == scene.sequence_id
    assert scene.tracks == ()
    assert scene.xodr is None
    assert [note.split(":")[0] for note in scene.notes] == [
        "no sequence_tracks.json",
        "no metadata.yaml",
        "no map.xodr",
    ]
    assert read_surface(scene) is None


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil", "a\\b.json", "a/../../b", "c:/x"])
def test_names_outside_the_package(members: Members, pack: Any, name: str) -> None:
    refused(pack(members | {name: b"x"}), "would lie outside the package")


def test_repeated_members(members: Members, pack: Any) -> None:
    path = pack(members)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("data_info.json", b"{}")
    refused(path, "holds data_info.json twice")


def test_encrypted_members(members: Members, pack: Any) -> None:
    path = pack(members)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    path.write_bytes(data)
    refused(path, "is encrypted")


def test_members_packed_beyond_reason(members: Members, pack: Any) -> None:
    path = pack(members)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.bin", bytes(20_000_000))
    refused(path, "would unpack to 20000000 bytes")


def test_a_size_that_lies(members: Members, pack: Any) -> None:
    path = pack(members)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<II", data, entry + 20, 1 << 31, 1 << 31)
    path.write_bytes(data)
    refused(path, "metadata.yaml")


def test_packed_and_loose_members_are_only_noted(members: Members, tmp_path: Path) -> None:
    path = tmp_path / "loose.usdz"
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            packed = zipfile.ZIP_DEFLATED if name == "map.xodr" else zipfile.ZIP_STORED
            file.writestr(name, data, packed)
    notes = open_scene(path).notes
    assert any("map.xodr is compressed" in note for note in notes)
    assert any("not at a multiple of 64 bytes" in note for note in notes)


def edit(members: Members, name: str, change: Callable[[Any], None]) -> Members:
    content = copy.deepcopy(json.loads(members[name]))
    change(content)
    return members | {name: json.dumps(content).encode()}


def set_in(*keys: Any) -> Callable[[Any], Callable[[Any], None]]:
    def to(value: Any) -> Callable[[Any], None]:
        def change(content: Any) -> None:
            for key in keys[:-1]:
                content = content[key]
            content[keys[-1]] = value

        return change

    return to


RIG, TRACKS = "rig_trajectories.json", "sequence_tracks.json"
WAY = ("rig_trajectories", 0)
DATA = ("dummy_chunk_id", "tracks_data")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("data_info.json", set_in("pose-range", "end-timestamp_us")(5), "pose-range .* is empty"),
        ("data_info.json", set_in("pose-range")({}), r"field pose-range\.start-timestamp_us"),
        ("data_info.json", set_in("sequence_id")(""), "field sequence_id"),
        (RIG, set_in("T_world_base")([[1, 0, 0, 0]] * 4), "T_world_base is not a rotation"),
        (RIG, set_in("T_world_base", 0)([1, 2, 3]), r"field T_world_base\.0"),
        (RIG, set_in(*WAY, "T_rig_worlds", 2)([[1e10] * 4] * 4), "T_rig_worlds is not a rotation"),
        (RIG, set_in(*WAY, "T_rig_world_timestamps_us")([3, 2, 1, 4, 5]), "do not increase"),
        (RIG, set_in(*WAY, "T_rig_world_timestamps_us")([3]), "5 poses and 1 stamps"),
        (RIG, set_in(*WAY, "T_rig_world_timestamps_us")([1e300] * 5), "timestamps_us"),
        (RIG, set_in("rig_trajectories")([]), "field rig_trajectories"),
        (RIG, set_in("camera_calibrations")([]), "field camera_calibrations"),
        (TRACKS, set_in(*DATA, "tracks_id")(["a", "b"]), "not of one length"),
        (TRACKS, set_in(*DATA, "tracks_poses", 0, 1)([0] * 7), "quaternion of length zero"),
        (TRACKS, set_in(*DATA, "tracks_poses", 0, 1)([0] * 6), "field .*tracks_poses"),
        (
            TRACKS,
            set_in("dummy_chunk_id", "cuboidtracks_data", "cuboids_dims", 0)([0, 1, 1]),
            "has a box of",
        ),
    ],
)
def test_fields_that_lie(
    members: Members, pack: Any, name: str, change: Callable[[Any], None], words: str
) -> None:
    refused(pack(edit(members, name, change)), words)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ({"dim": [1, 2], "centroid": [0, 0, 0]}, "is not a centroid and a dim"),
        ({"dim": [4, 2, -1], "centroid": [0, 0, 0]}, "is not a centroid and a dim"),
        ({"dim": [4, 2, 1], "centroid": [0, 0, 0], "rot": [0, 0, 1.5]}, "rig_bbox is turned"),
    ],
)
def test_boxes_of_the_ego_that_lie(
    members: Members, pack: Any, box: dict[str, list[float]], words: str
) -> None:
    scene = open_scene(pack(edit(members, RIG, set_in(*WAY, "rig_bbox")(box))))
    assert any(words in note for note in scene.notes)
    assert (scene.ego_box is None) == ("turned" not in words)


def test_cameras_that_lie(members: Members, pack: Any) -> None:
    def unknown_kind(content: Any) -> None:
        next(iter(content["camera_calibrations"].values()))["camera_model"]["type"] = "periscope"

    refused(pack(edit(members, RIG, unknown_kind)), "camera camera_front.*unknown camera model")

    def no_size(content: Any) -> None:
        model = next(iter(content["camera_calibrations"].values()))["camera_model"]
        del model["parameters"]["resolution"]

    refused(pack(edit(members, RIG, no_size)), "lacks its field 'resolution'")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("data_info.json", b"{", "is not JSON"),
        ("data_info.json", b"[" * 200_000, "is not JSON"),
        ("metadata.yaml", b"\xff\xfe", "is not YAML"),
        ("metadata.yaml", b"scene_id: [1", "is not YAML"),
        ("metadata.yaml", b"[" * 5_000, "is not YAML"),
        ("metadata.yaml", b"a: 1", "field scene_id"),
        ("map.xodr", b"<!DOCTYPE x><OpenDRIVE/>", "DOCTYPE"),
        ("map.xodr", b"\xff", "is not UTF-8"),
    ],
)
def test_members_of_the_wrong_kind(
    members: Members, pack: Any, name: str, data: bytes, words: str
) -> None:
    refused(pack(members | {name: data}), words)


def test_a_yaml_of_aliases_stays_small(members: Members, pack: Any) -> None:
    levels = [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 12)]
    bomb = "\n".join(["a0: &a0 [x, x, x]", *levels, "scene_id: *a11"]).encode()
    refused(pack(members | {"metadata.yaml": bomb}), "aliases stand for more than")


def test_a_damaged_member_is_found_by_its_checksum(members: Members, pack: Any) -> None:
    path = pack(members)
    data = path.read_bytes()
    at = data.index(b'"sequence_id"')
    path.write_bytes(data[: at + 3] + b"X" + data[at + 4 :])
    refused(path, "data_info.json is damaged: Bad CRC-32")
