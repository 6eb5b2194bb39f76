"""Recording many scenarios from sources that are made up: what is finished stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, rigid
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.rig.rig import RigCamera
from carla_nurec_bridge.core.timings import Timings
from carla_nurec_bridge.cosmos.clip.check import check_clip
from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.record.frame_truth import LabelLimits
from carla_nurec_bridge.dataset.record.run import RunOutcome, ScenarioJob, record_run
from carla_nurec_bridge.dataset.record.scenario import Labelling, record_scenario
from carla_nurec_bridge.dataset.record.source import SourceCamera, SourceFacts, SourceFrame
from carla_nurec_bridge.dataset.record.visibility import by_lattice
from carla_nurec_bridge.dataset.store import Dataset, RunWriter
from carla_nurec_bridge.dataset.truth import EventKind
from carla_nurec_bridge.dataset.videos import VideoForm
from carla_nurec_bridge.labels.frame import LabelledFrame
from carla_nurec_bridge.opendrive import OpenDriveMap, parse
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState

W, H = 40, 30
MODEL = OpenCVPinholeCamera.from_fov(W, H, 90.0)
EGO, OTHER = 7, 40753
NAN = np.full(3, np.nan)
LABELLING = Labelling(LabelLimits(smallest_px2=1.0), by_lattice, "27 points")


def camera(name: str) -> RigCamera:
    pose = BODY_FROM_OPTICAL.copy()
    return RigCamera(name, "carla", name, MODEL, pose, 10.0, Shutter.GLOBAL, 0.0, ("rgb",))


def actor(actor_id: int, x: float) -> ActorState:
    who = Actor(actor_id, "", ObjectClass.CAR, (4.0, 2.0, 1.5))
    return ActorState(who, rigid(np.eye(3), (x, 0.0, 0.0)), NAN, NAN, NAN)


class Source:
    """Two cameras: one on an ego that drives towards another car, one that stands in the map."""

    ego_id = EGO
    dt_ns = 100_000_000
    level = ()
    opendrive: OpenDriveMap | None = None

    def __init__(self, frames: int = 3, breaks_at: int | None = None) -> None:
        self.cameras = [
            SourceCamera(camera("front"), carried=True),
            SourceCamera(camera("roadside"), carried=False),
        ]
        self.frames = frames
        self._breaks_at = breaks_at

    def play(self) -> Iterator[SourceFrame]:
        for number in range(self.frames):
            if number == self._breaks_at:
                raise RunError("CARLA sent no depth picture")
            ego, other = actor(EGO, float(number)), actor(OTHER, 20.0)
            views = (
                self.view("front", number, float(number), (other,)),
                self.view("roadside", number, -30.0, (ego, other)),
            )
            yield SourceFrame(
                number, number * self.dt_ns, 90 + number, (ego, other), {}, {OTHER: 175}, views
            )

    def view(
        self, name: str, number: int, x: float, actors: tuple[ActorState, ...]
    ) -> LabelledFrame:
        ids = np.zeros((H, W), np.int32)
        ids[14:17, 18:22] = OTHER
        return LabelledFrame(
            name,
            MODEL,
            number * self.dt_ns,
            np.full((H, W, 3), 100, np.uint8),
            np.full((H, W), 18.0 - x, np.float32),
            np.full((H, W), 14, np.uint8),
            ids,
            None,
            rigid(np.eye(3), (x, 0, 0)) @ BODY_FROM_OPTICAL,
            actors,
        )

    def facts(self) -> SourceFacts:
        return SourceFacts("Town01", "0" * 64, self.opendrive, None, {"made": "up"})


def job(name: str, source: Source, videos: VideoForm | None = None) -> ScenarioJob:
    return ScenarioJob(
        name,
        "k",
        lambda writer, on_frame: record_scenario(
            source, writer, LABELLING, on_frame, Timings(), videos
        ),
    )


def run(path: Path, *jobs: ScenarioJob) -> RunOutcome:
    return record_run(RunWriter(path, (), 1), jobs, lambda *_: None, lambda *_: None)


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
        assert run(tmp_path / name, job("a", Source(), form)).recorded == ("a",)
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
