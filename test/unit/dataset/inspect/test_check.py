"""A check of a data set names every kind of damage, and where it is; a whole one has none."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.store import Dataset, RunWriter


@pytest.fixture
def run(dataset, tmp_path):
    return shutil.copytree(dataset.path, tmp_path / "run")


def problems_of(run) -> tuple[str, ...]:
    return check_dataset(Dataset(run), lambda *_: None).problems


def edit(path, change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def repaint(path, change) -> None:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    change(pixels)
    cv2.imwrite(str(path), pixels)


def test_a_whole_data_set_has_no_problem(dataset):
    steps = []
    verdict = check_dataset(dataset, lambda *step: steps.append(step))
    assert verdict.problems == ()
    assert (verdict.scenarios, verdict.views) == (2, 12)
    assert verdict.files == len(dataset.manifest.files) == 2 * (5 + 2 * 3 * 6)
    assert verdict.size == sum((dataset.path / f).stat().st_size for f in dataset.manifest.files)
    assert [step[0] for step in steps] == sorted(step[0] for step in steps)
    assert steps[-1] == (verdict.files + 12, verdict.files + 12)


LABELS, IDS = "one/front/labels/000001.json", "one/front/instance_segmentation/000001.png"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("visible_px", 7, f"{LABELS}: track 1: visible_px is 7, its mask has 504"),
        (
            "box_visible_px",
            [12, 30, 29, 20],
            f"{LABELS}: track 1: box_visible_px is (12.0, 30.0, 29.0, 20.0), its mask has (12.0, ",
        ),
        (
            "pixel_id",
            255,
            f"{LABELS}: track 1: 504 of 504 pixels of its mask lack its id 255",
        ),
        ("actor_id", 5, f"{LABELS}: track 1: actor_id is 5, in scenario.json 40753"),
        ("track_id", 9, f"{LABELS}: track 2 follows track 9"),
        ("visible_fraction", 1.5, f"{LABELS}: track 1: visible_fraction is 1.5, which is no part"),
        ("mask", None, f"{LABELS}: track 1: mask, box_visible_px and visible_px do not agree"),
        ("truncation", "much", f"{LABELS}: objects.0.truncation:"),
    ],
)
def test_a_label_that_is_not_its_pixels(run, field, value, words):
    edit(run / LABELS, lambda truth: truth["objects"][0].update({field: value}))
    found = problems_of(run)
    assert f"{LABELS}: its SHA-256 is not the manifest's: the content was changed" in found
    assert any(problem.startswith(words) for problem in found), found


@pytest.mark.parametrize("counts", ["nd0d0\\10000", "", "~~~~", "é", "Rh0000000" * 400])
def test_a_mask_whose_run_lengths_are_spoilt(run, counts):
    edit(run / LABELS, lambda truth: truth["objects"][1]["mask"].update(counts=counts))
    words = f"{LABELS}: track 2: the run lengths of a mask are not those of 96x64 pixels"
    assert words in problems_of(run)


def test_a_box_that_is_not_where_the_camera_sees_it(run):
    edit(run / LABELS, lambda t: t["objects"][2]["box_camera"]["centre_m"].__setitem__(0, 0.0))
    words = f"{LABELS}: track 3: box_camera is not where the camera's pose puts box_map"
    assert words in problems_of(run)


def test_pixels_that_are_in_no_mask(run):
    repaint(run / IDS, lambda ids: ids.__setitem__((slice(0, 2), slice(0, 3)), 300))
    assert (
        f"{LABELS}: 26 pixels of the instance image have the id 300, of which the masks hold 20"
        in problems_of(run)
    )


def test_an_actor_with_pixels_and_without_an_entry(run):
    edit(run / LABELS, lambda truth: truth["objects"].pop(1))
    assert f"{LABELS}: track 2 has 20 pixels and no entry" in problems_of(run)


def test_images_of_another_size_or_kind(run):
    cv2.imwrite(str(run / "two/left/edges/000000.png"), np.zeros((10, 20), np.uint8))
    (run / "two/left/rgb/000002.jpg").write_bytes(b"no image")
    (run / "two/front/depth/000000.tiff").unlink()
    found = problems_of(run)
    assert "two/left, frame 0: edges is 20x10 instead of 96x64" in found
    assert any(p.startswith("two/left/rgb/000002.jpg is no image of rgb") for p in found)
    assert [p for p in found if "depth" in p] == [
        "two/front/depth/000000.tiff: the file is missing"
    ]


def test_depth_that_lies_nowhere(run):
    repaint(
        run / "one/left/depth/000000.tiff", lambda depth: depth.__setitem__((0, 0), float("nan"))
    )
    assert "one/left, frame 0: depth has 1 pixels that lie nowhere" in problems_of(run)


def test_a_frame_without_an_image_that_the_others_have(run):
    gone = "one/left/rgb/000001.jpg"
    (run / gone).unlink()
    edit(run / "manifest.json", lambda manifest: manifest["files"].pop(gone))
    assert problems_of(run) == (f"{gone}: there is none of frame 1",)


def test_a_file_that_nobody_knows(run):
    (run / "one/notes.txt").write_text("mine")
    (run / ".one.part").mkdir()
    (run / ".one.part/unfinished").write_text("")
    assert problems_of(run) == ("one/notes.txt: a file that manifest.json does not know",)


def test_scenarios_that_were_not_finished_are_told_and_no_damage(run):
    writer = RunWriter(run, (), None)
    writer.start("three", "k")
    writer.fail("three", "k", "frame 7 is missing")
    writer.start("four", "k")
    with (run / "ledger.jsonl").open("a") as file:
        file.write('{"name": "fi')
    verdict = check_dataset(Dataset(run), lambda *_: None)
    assert verdict.problems == ()
    assert verdict.unfinished == (
        "three is not finished, its last turn failed: frame 7 is missing",
        "four is not finished, its last turn started",
    )
    (run / "ledger.jsonl").write_text("[]\n")
    assert problems_of(run) == ("ledger.jsonl, line 1 is no entry of a ledger",)


def test_frames_that_are_missing_or_late(run):
    lines = (run / "one/frames.jsonl").read_text().splitlines(keepends=True)
    (run / "one/frames.jsonl").write_text("".join(lines[:2]))
    (run / "two/frames.jsonl").write_text("".join(lines).replace("1100000000", "1100000001"))
    found = problems_of(run)
    assert "one/frames.jsonl has 2 frames instead of 3" in found
    assert "two/frames.jsonl: frame 1 is not at t0 + k dt" in found
    assert "two/left/labels/000001.json: stamp_ns is 1100000000 instead of 1100000001" in found


def test_frames_of_a_bag_keep_their_own_stamps(run):
    for name, source in (("one", {"bag": "drive"}), ("two", {})):
        edit(run / name / "scenario.json", lambda t, source=source: t.update(source=source))
        frames = run / name / "frames.jsonl"
        frames.write_text(frames.read_text().replace("1100000000", "1100000001"))
    late = [problem for problem in problems_of(run) if "frames.jsonl: frame" in problem]
    assert late == ["two/frames.jsonl: frame 1 is not at t0 + k dt"]
    frames = run / "one/frames.jsonl"
    frames.write_text(frames.read_text().replace("1200000000", "1100000001"))
    assert "one/frames.jsonl: frame 2 is not after the one before" in problems_of(run)


@pytest.mark.parametrize("name", ["scenario.json", "frames.jsonl", "calibration/left.json"])
def test_a_scenario_without_one_of_its_files(run, name):
    (run / "one" / name).unlink()
    assert problems_of(run) == (
        f"one/{name}: the file is missing",
        f"cannot read one/{name}: No such file or directory",
    )


def test_a_camera_without_a_pose_for_each_frame(run):
    path = "one/calibration/left.json"
    edit(run / path, lambda told: told.update(map_from_camera=told["map_from_camera"] * 2))
    assert f"{path} has 2 poses for 3 frames" in problems_of(run)


def test_a_rate_that_whole_nanoseconds_do_not_tell(run):
    """At 24 Hz a frame takes 41 666 666.7 ns, and two of them 83 333 333.3 ns."""
    edit(run / "one/scenario.json", lambda truth: truth.update(dt_ns=41_666_667))
    frames = run / "one/frames.jsonl"
    text = frames.read_text().replace("1100000000", "1041666667")
    frames.write_text(text.replace("1200000000", "1083333333"))
    assert not [problem for problem in problems_of(run) if "frames.jsonl: frame" in problem]


def test_a_ledger_that_is_no_text(run):
    (run / "ledger.jsonl").write_bytes(b"\xff\xfe\n")
    assert problems_of(run) == ("ledger.jsonl, line 1 is no entry of a ledger",)


def test_a_wrong_field_of_an_event_is_named(run):
    edit(run / "one/events/events.json", lambda events: events[0].update(start_ns="soon"))
    words = "one/events/events.json: 0.start_ns: "
    assert any(problem.startswith(words) for problem in problems_of(run))


def test_events_of_nobody_and_never(run):
    path = run / "one/events/events.json"
    events = json.loads(path.read_text())
    path.write_text(json.dumps([{**events[0], "track_ids": [77], "end_ns": 5}, events[0]]))
    found = problems_of(run)
    where = "one/events/events.json: collision_001"
    assert f"{where}: scenario.json knows no track 77" in found
    assert f"{where} does not go from one frame to a later one" in found
    assert f"{where} is there twice" in found
