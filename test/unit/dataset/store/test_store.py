"""What is written into the native layout is read back, and what is finished stays."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.dataset.store import IMAGES, CameraCalibration, Dataset, RunWriter
from carla_nurec_bridge.dataset.store.class_groups import GROUPS, group_mask
from carla_nurec_bridge.dataset.store.layout import check_camera, check_name
from carla_nurec_bridge.dataset.store.manifest import ScenarioEntry
from carla_nurec_bridge.dataset.store.scenario_writer import ScenarioWriter
from carla_nurec_bridge.dataset.truth import (
    Event,
    EventKind,
    FrameState,
    FrameTruth,
    RigidTransform,
    ScenarioTruth,
)
from carla_nurec_bridge.report.show.overview import commands_of

STILL = RigidTransform.of(np.eye(4))
CALIBRATION = CameraCalibration(
    camera="cam",
    width=6,
    height=4,
    camera_model={"type": "opencv-pinhole", "parameters": {}},
    k=None,
    rig_from_camera=STILL,
    carrier_track_id=None,
    map_from_camera=(STILL,),
)


def scenario_truth(name: str, frames: int) -> ScenarioTruth:
    return ScenarioTruth(
        name=name,
        map_name="Town01",
        opendrive_sha256="0" * 64,
        weather=None,
        dt_ns=100_000_000,
        t0_ns=5,
        frames=frames,
        cameras=("cam",),
        actors=(),
        source={},
    )


def frame(number: int):
    stamp = 5 + number * 100_000_000
    state = FrameState(number=number, stamp_ns=stamp, source_frame=70, lights={}, actors=())
    truth = FrameTruth(camera="cam", number=number, stamp_ns=stamp, width=6, height=4, objects=())
    return state, truth


def images() -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    found = {}
    for kind in IMAGES.values():
        shape = (4, 6, 3) if kind.channels == 3 else (4, 6)
        if kind.dtype is np.float32:
            found[kind.name] = random.uniform(1, 900, shape).astype(np.float32)
        else:
            found[kind.name] = random.integers(0, np.iinfo(kind.dtype).max, shape, kind.dtype)
    found["depth"][0] = np.inf
    found["instance_segmentation"][0, 0] = 40753
    return found


def write(run, name: str, pixels=None, key: str = "k", command=("record",)) -> RunWriter:
    writer = RunWriter(run, command, 1)
    writer.start(name, key)
    scenario = ScenarioWriter(run, name)
    for number in range(2):
        state, truth = frame(number)
        scenario.add(state, [(truth, pixels or images())])
    hashes = scenario.finish(scenario_truth(name, 2), [CALIBRATION])
    scenario.close()
    writer.finish(scenario.part, name, key, ScenarioEntry(frames=2, cameras=("cam",)), hashes)
    return writer


def test_all_that_is_written_is_read_back(tmp_path):
    pixels = images()
    write(tmp_path, "one", pixels)
    stored = Dataset(tmp_path).scenario("one")
    assert stored.truth == scenario_truth("one", 2)
    assert list(stored.frames()) == [frame(0)[0], frame(1)[0]]
    assert list(stored.all_labels("cam")) == [frame(0)[1], frame(1)[1]]
    assert stored.calibration("cam") == CALIBRATION
    for kind in IMAGES:
        read = stored.image("cam", kind, 1)
        assert read.shape == pixels[kind].shape
        if kind != "rgb":
            assert np.array_equal(read, pixels[kind]), kind


def test_each_scenario_keeps_the_command_that_recorded_it(tmp_path):
    write(tmp_path, "one", command=("record", "--size", "8x8"))
    write(tmp_path, "two", command=("record", "a b"))
    manifest = Dataset(tmp_path).manifest
    told = {name: entry.command for name, entry in manifest.scenarios.items()}
    assert told == {"one": ("record", "--size", "8x8"), "two": ("record", "a b")}
    assert commands_of(Dataset(tmp_path)) == ["record --size 8x8", "record 'a b'"]


def test_depth_beyond_65_m_and_ids_above_255_are_kept_for_other_readers_too(tmp_path):
    pixels = images()
    pixels["depth"][1, :3] = (64.9, 70.0, 850.123)
    write(tmp_path, "one", pixels)
    depth = np.array(Image.open(tmp_path / "one/cam/depth/000001.tiff"))
    assert depth.dtype == np.float32
    assert np.array_equal(depth, pixels["depth"])
    ids = np.array(Image.open(tmp_path / "one/cam/instance_segmentation/000001.png"))
    assert ids[0, 0] == 40753
    normals = np.array(Image.open(tmp_path / "one/cam/normals/000001.png"))
    assert np.array_equal(normals, pixels["normals"])


def test_the_manifest_has_the_hash_of_every_file(tmp_path):
    write(tmp_path, "one")
    write(tmp_path, "two")
    files = Dataset(tmp_path).manifest.files
    there = {
        path.relative_to(tmp_path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tmp_path.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "ledger.jsonl", ".lock")
    }
    assert files == there
    assert len(files) == 2 * (3 + 2 * 8)


def test_a_finished_scenario_is_done_until_it_is_asked_for_otherwise_or_changed(tmp_path):
    write(tmp_path, "one", key="a")
    writer = RunWriter(tmp_path, ("record",), 1)
    assert writer.is_done("one", "a")
    assert not writer.is_done("one", "b")
    assert not writer.is_done("two", "a")
    with (tmp_path / "one/scenario.json").open("a") as file:
        file.write(" ")
    assert not writer.is_done("one", "a")


def test_a_scenario_that_fails_leaves_the_finished_ones_and_its_reason(tmp_path):
    write(tmp_path, "one")
    writer = RunWriter(tmp_path, ("record",), 1)
    writer.start("two", "k")
    scenario = ScenarioWriter(tmp_path, "two")
    state, truth = frame(0)
    scenario.add(state, [(truth, images())])
    with pytest.raises(RunError, match="frame 2 follows frame 0"):
        scenario.add(frame(2)[0], [])
    scenario.close()
    writer.fail("two", "k", "frame 1 is missing")
    assert [one.name for one in Dataset(tmp_path).scenarios()] == ["one"]
    assert not list(tmp_path.glob("*two*"))
    last = json.loads((tmp_path / "ledger.jsonl").read_text().splitlines()[-1])
    assert (last["name"], last["state"], last["reason"]) == ("two", "failed", "frame 1 is missing")


def test_events_are_read_back(tmp_path):
    event = Event(
        event_id="collision_001",
        kind=EventKind.COLLISION,
        start_ns=5,
        end_ns=6,
        track_ids=(3, 1),
        place_map_m=(1.0, 2.0, 0.0),
        evidence={"overlap_m": 0.2},
    )
    writer, scenario = RunWriter(tmp_path, (), None), ScenarioWriter(tmp_path, "one")
    state, truth = frame(0)
    scenario.add(state, [(truth, {})])
    scenario.add_events([event])
    hashes = scenario.finish(scenario_truth("one", 1), [CALIBRATION])
    scenario.close()
    writer.finish(scenario.part, "one", "k", ScenarioEntry(frames=1, cameras=("cam",)), hashes)
    assert Dataset(tmp_path).scenario("one").events() == (event,)


def test_what_is_no_data_set_is_named(tmp_path):
    with pytest.raises(InputError, match=r"has no manifest\.json"):
        Dataset(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is no data set, and not empty"):
        RunWriter(tmp_path, (), None)


@pytest.mark.parametrize("name", ["", ".x", "../x", "a/b", "show", "questions", "manifest.json"])
def test_a_scenario_is_not_called_like_something_else_of_a_run(name):
    with pytest.raises(InputError, match="a scenario cannot be called"):
        check_name(name)


def test_a_scenario_has_a_name_that_leaves_room_for_hidden_folders():
    check_name("é" * 100)
    with pytest.raises(InputError, match="is longer than 200 bytes"):
        check_name("é" * 101)


@pytest.mark.parametrize("name", ["", ".x", "../x", "calibration", "events", "odvg"])
def test_a_camera_is_not_called_like_something_else_of_a_scenario(name):
    with pytest.raises(InputError, match="a camera of a data set cannot be called"):
        check_camera(name)


def test_a_data_set_of_another_format_says_what_reads_it(tmp_path):
    write(tmp_path, "one")
    path = tmp_path / "manifest.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "format_version": 7, "created_by": "a package 9.1"}))
    words = (
        r"manifest\.json is of format 7, .* reads 1; use the one that wrote it \(a package 9\.1\)"
    )
    for opened in (lambda: Dataset(tmp_path), lambda: RunWriter(tmp_path, ("record",), 1)):
        with pytest.raises(InputError, match=words):
            opened()


def test_a_file_is_no_folder_for_a_data_set(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is a file; name a folder"):
        RunWriter(tmp_path / "notes.txt", (), None)


def test_a_spoilt_file_is_named_with_its_field(tmp_path):
    write(tmp_path, "one")
    path = tmp_path / "one/cam/labels/000001.json"
    path.write_text(path.read_text().replace('"width":6', '"width":"wide"'))
    with pytest.raises(InputError, match=r"000001\.json: width: .*found 'wide'"):
        Dataset(tmp_path).scenario("one").labels("cam", 1)


def test_groups_of_classes_are_disjoint_and_void_has_the_rest():
    tags = np.arange(29, dtype=np.uint8)[None]
    groups = group_mask(tags)[0]
    names = list(GROUPS)
    assert names[groups[1]] == "flat"
    assert names[groups[12]] == names[groups[13]] == "human"
    assert [names[groups[tag]] for tag in (14, 18, 7, 11, 0)] == [
        "vehicle",
        "vehicle",
        "object",
        "sky",
        "void",
    ]
    assert sum(map(len, GROUPS.values())) == len({t for g in GROUPS.values() for t in g})
