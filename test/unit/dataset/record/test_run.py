"""Recording many scenarios from sources that are made up: what is finished stays."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_source import EGO, LABELLING, OTHER, Source

from carla_nurec_bridge.core.errors import DeadlineError, RunError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.cosmos.clip.check import check_clip
from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.record.run import RunListener, RunOutcome, record_run
from carla_nurec_bridge.dataset.record.scenario import record_scenario
from carla_nurec_bridge.dataset.record.source import SourceFacts
from carla_nurec_bridge.dataset.record.turn import ScenarioJob
from carla_nurec_bridge.dataset.store import Dataset, RunWriter
from carla_nurec_bridge.dataset.truth import EventKind
from carla_nurec_bridge.dataset.videos import VideoForm
from carla_nurec_bridge.labels.class_filter import class_filter
from carla_nurec_bridge.opendrive import parse


def job(name: str, source: Source, key: str = "k", videos: VideoForm | None = None) -> ScenarioJob:
    return ScenarioJob(
        name,
        key,
        lambda writer, listener: record_scenario(source, writer, LABELLING, listener, videos),
    )


def run(path: Path, *jobs: ScenarioJob) -> RunOutcome:
    listener = RunListener(lambda *_: None, lambda *_: None, lambda *_: None)
    return record_run(RunWriter(path, (), 1), jobs, listener)


def test_the_truth_of_each_camera_leaves_out_only_who_carries_it(tmp_path: Path) -> None:
    assert run(tmp_path, job("one", Source())).recorded == ("one",)
    stored = Dataset(tmp_path).scenario("one")
    tracks = {one.actor_id: one.track_id for one in stored.truth.actors}
    assert [one.is_ego for one in stored.truth.actors if one.actor_id == EGO] == [True]
    front = [[one.actor_id for one in truth.objects] for truth in stored.all_labels("front")]
    assert front == [[OTHER]] * 3
    roadside = list(stored.all_labels("roadside"))[1]
    assert {one.track_id for one in roadside.objects} == set(tracks.values())
    seen = next(one for one in roadside.objects if one.actor_id == OTHER)
    assert (seen.recorded_id, seen.visible_px, seen.box_visible_px) == (175, 12, (18, 14, 4, 3))
    ego = next(one for one in roadside.objects if one.actor_id == EGO)
    assert ego.velocity_map_mps == pytest.approx((10.0, 0.0, 0.0))


def test_carried_cameras_have_a_pose_a_frame_and_still_ones_a_single_one(tmp_path: Path) -> None:
    run(tmp_path, job("one", Source()))
    stored = Dataset(tmp_path).scenario("one")
    front, roadside = stored.calibration("front"), stored.calibration("roadside")
    assert [front.pose(n)[0, 3] for n in range(3)] == [0.0, 1.0, 2.0]
    assert len(roadside.map_from_camera) == 1
    assert roadside.pose(2)[0, 3] == -30.0
    assert roadside.carrier_track_id is None
    ego = next(one for one in stored.truth.actors if one.is_ego)
    assert front.carrier_track_id == ego.track_id
    assert np.allclose(front.k, [[20.0, 0.0, 20.0], [0.0, 20.0, 15.0], [0.0, 0.0, 1.0]])


def test_frames_tell_where_everybody_is(tmp_path: Path) -> None:
    run(tmp_path, job("one", Source()))
    states = list(Dataset(tmp_path).scenario("one").frames())
    assert [(s.number, s.stamp_ns, s.source_frame) for s in states] == [
        (0, 0, 90),
        (1, 100_000_000, 91),
        (2, 200_000_000, 92),
    ]
    assert [len(s.actors) for s in states] == [2, 2, 2]


def test_odvg_is_recorded_for_each_camera(tmp_path: Path) -> None:
    run(tmp_path, job("one", Source()))
    data = Dataset(tmp_path)
    told = [name for name in data.manifest.files if name.startswith("one/odvg/")]
    assert told == [f"one/odvg/{c}/{n:06d}.json" for c in ("front", "roadside") for n in range(3)]
    ids = {
        one["object-id"]: one["bbox_2d"]
        for one in json.loads((tmp_path / told[0]).read_text())["detections"]["instances"]
    }
    assert ids == {OTHER: [18, 14, 21, 16]}
    assert not [p for p in check_dataset(data, lambda *_: None).problems if "odvg" in p]


def test_one_that_fails_is_told_and_costs_no_other_and_is_tried_again(tmp_path: Path) -> None:
    broken = job("b", Source(breaks_at=1))
    outcome = run(tmp_path, job("a", Source()), broken, job("c", Source()))
    assert outcome.recorded == ("a", "c")
    assert outcome.failed == {"b": "CARLA sent no depth picture"}
    assert [one.name for one in Dataset(tmp_path).scenarios()] == ["a", "c"]
    assert not list(tmp_path.glob(".b*"))

    again = run(tmp_path, job("a", Source()), job("b", Source()), job("c", Source()))
    assert (again.recorded, again.kept) == (("b",), ("a", "c"))
    states = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert [(row["name"], row["state"]) for row in states] == [
        ("a", "started"),
        ("a", "done"),
        ("b", "started"),
        ("b", "failed"),
        ("c", "started"),
        ("c", "done"),
        ("b", "started"),
        ("b", "done"),
    ]


def test_an_interruption_ends_the_run_and_the_next_one_goes_on(tmp_path: Path) -> None:
    class Interrupted(Source):
        def facts(self) -> SourceFacts:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, job("a", Source()), job("b", Interrupted()))
    assert not list(tmp_path.glob("*b*"))
    again = run(tmp_path, job("a", Source()), job("b", Source()))
    assert (again.recorded, again.kept) == (("b",), ("a",))


def test_the_same_scenario_becomes_the_same_bytes_anywhere(tmp_path: Path) -> None:
    run(tmp_path / "x", job("a", Source()), job("b", Source()))
    run(tmp_path / "y", job("b", Source()))
    x, y = (Dataset(tmp_path / name).manifest.files for name in "xy")
    assert {k: v for k, v in x.items() if k.startswith("b/")} == y


@pytest.mark.parametrize("clip_percent", [0.0, 1.0])
def test_videos_are_recorded_beside_the_images(tmp_path: Path, clip_percent: float) -> None:
    form = VideoForm(DepthEncoding("inverse", 1.0, 100.0, clip_percent))
    for name in "xy":
        assert run(tmp_path / name, job("a", Source(), videos=form)).recorded == ("a",)
    data = Dataset(tmp_path / "x")
    assert data.manifest.files == Dataset(tmp_path / "y").manifest.files
    for camera in ("front", "roadside"):
        verdict = check_clip(tmp_path / "x" / "a" / camera)
        assert (verdict.problems, verdict.streams, verdict.frames) == ((), 6, 3)
    assert f"a/{camera}/depth.mp4" in data.manifest.files
    assert not [p for p in check_dataset(data, lambda *_: None).problems if "mp4" in p]


def test_a_source_that_ends_early_is_a_failure(tmp_path: Path) -> None:
    source = Source(2)
    source.frames = 3
    source.play = lambda: (frame for frame in list(Source(2).play()))  # type: ignore[method-assign]
    assert run(tmp_path, job("a", source)).failed == {"a": "a ended after 2 of 3 frames"}


def test_what_happens_in_the_frames_is_written_with_them(tmp_path: Path) -> None:
    run(tmp_path, job("mapless", Source(20)))
    source = Source(20)
    source.opendrive = parse(config_path("maps", "demo_town.xodr").read_text(), "demo_town")
    run(tmp_path, job("mapped", source))
    data = Dataset(tmp_path)
    assert data.scenario("mapless").events() == ()
    hit = data.scenario("mapped").events()[0]
    # The ego drives at 10 m/s, a metre a frame, to a car 20 m ahead; both are 4 m long.
    assert (hit.kind, hit.track_ids) == (EventKind.COLLISION, (2, 1))
    assert hit.start_ns == 17 * Source.dt_ns
    assert hit.evidence["closing_mps"] == pytest.approx(10.0)
    assert "mapped/events/events.json" in data.manifest.files


def test_a_second_recorder_is_refused_and_leaves_the_first_ones_work(tmp_path: Path) -> None:
    first = RunWriter(tmp_path, (), 1)
    with first.alone(), pytest.raises(DeadlineError, match="another command records in"):
        run(tmp_path, job("a", Source()))
    assert run(tmp_path, job("a", Source())).recorded == ("a",)


def test_what_a_killed_recorder_left_goes(tmp_path: Path) -> None:
    left = tmp_path / f".a.{'0' * 32}.part/front/rgb/000000.jpg"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"")
    (tmp_path / "ledger.jsonl").touch()
    assert run(tmp_path, job("a", Source())).recorded == ("a",)
    assert not left.exists()


def test_a_scenario_of_another_request_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    run(tmp_path, job("a", Source(4)))
    assert run(tmp_path, job("a", Source(2), "other")).recorded == ("a",)
    assert Dataset(tmp_path).scenario("a").truth.frames == 2
    assert sorted(path.name for path in (tmp_path / "a/front/rgb").iterdir()) == [
        "000000.jpg",
        "000001.jpg",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {
        "a",
        "manifest.json",
        "ledger.jsonl",
        ".lock",
        ".recording",
    }


def test_a_scenario_that_fails_anew_leaves_the_old_one(tmp_path: Path) -> None:
    run(tmp_path, job("a", Source(4)))
    assert "a" in run(tmp_path, job("a", Source(breaks_at=1), "other")).failed
    assert Dataset(tmp_path).scenario("a").truth.frames == 4


def test_a_full_disk_fails_the_scenario_in_a_sentence(tmp_path: Path, monkeypatch) -> None:
    run(tmp_path, job("a", Source()))
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "000001.tiff":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    (reason,) = run(tmp_path, job("a", Source()), job("b", Source())).failed.values()
    place = tmp_path / "b/front/depth/000001.tiff"
    assert reason == f"cannot write {place}: No space left on device"
    assert [one.name for one in Dataset(tmp_path).scenarios()] == ["a"]
    assert not list(tmp_path.glob(".b*"))


def test_a_disk_that_is_too_small_is_told_before_the_first_frame(
    tmp_path: Path, monkeypatch
) -> None:
    # 3 frames of two cameras of 40 x 30 pixels: 1440 bytes at 0.2 bytes each.
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1439))
    source = Source()
    source.play = lambda: pytest.fail("it began")  # type: ignore[method-assign]
    (reason,) = run(tmp_path, job("a", source)).failed.values()
    assert reason.startswith("3 frames of 2 cameras need at least 0.0 MB")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1441))
    assert run(tmp_path, job("a", Source())).recorded == ("a",)


def test_a_disk_that_may_be_full_before_the_end_is_told_early(tmp_path: Path, monkeypatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=40_000))
    heard: list[tuple[str, str]] = []
    listener = RunListener(lambda *_: None, lambda *told: heard.append(told), lambda *_: None)
    record_run(RunWriter(tmp_path, (), 1), [job("a", Source(30))], listener)
    ((name, told),) = heard
    assert name == "a"
    assert told.endswith(
        "30 frames of 2 cameras; the disk has 0.0 MB free, which may be too little"
    )


def test_a_ledger_that_cannot_be_written_ends_the_run_in_a_sentence(
    tmp_path: Path, monkeypatch
) -> None:
    run(tmp_path, job("a", Source()))
    before = (tmp_path / "ledger.jsonl").read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"cannot write .*ledger\.jsonl: No space left on device"):
        run(tmp_path, job("b", Source()))
    assert (tmp_path / "ledger.jsonl").read_bytes() == before


def test_a_class_filter_is_that_of_edges_and_masks_and_is_told(tmp_path: Path) -> None:
    def record(writer, listener):
        kept = replace(LABELLING, classes=class_filter(["car", "road"]).tags)
        return record_scenario(Source(), writer, kept, listener, None)

    assert run(tmp_path, ScenarioJob("a", "k", record)).recorded == ("a",)
    [stored] = Dataset(tmp_path).scenarios()
    assert stored.truth.kept_classes == ("road", "car")
    tags = stored.image("front", "semantic_segmentation", 0)
    masks = stored.image("front", "masks", 0)
    assert set(np.unique(masks[~np.isin(tags, (1, 14))])) <= {0}
    assert (masks[tags == 14] == 7).all()
    assert not stored.image("front", "edges", 0)[~np.isin(tags, (1, 14))].any()
    assert check_dataset(Dataset(tmp_path), lambda *_: None).problems == ()


def test_one_of_other_options_is_replaced_and_that_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    listener = RunListener(lambda *_: None, lambda *note: told.append(note), lambda *_: None)
    for key in ("k", "k", "other"):
        assert not told
        record_run(RunWriter(tmp_path, (), 1), [job("a", Source(), key)], listener)
    assert [name for name, _ in told] == ["a"]
    assert "its variants, marks and questions go" in told[0][1]


def test_a_camera_that_would_share_the_folder_of_events_fails_its_scenario(tmp_path: Path) -> None:
    source = Source()
    source.cameras = [replace(c, camera=replace(c.camera, name="events")) for c in source.cameras]
    assert "cannot be called 'events'" in run(tmp_path, job("a", source)).failed["a"]
