"""Frames of a bag that lacks some: the others are recorded, those are counted and told."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_bag import DT_NS, T0, TRUCK, write_bag
from small_source import LABELLING

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.timings import Timings
from carla_nurec_bridge.cosmos.from_bag import BagWindow
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.record.run import RunListener, record_run
from carla_nurec_bridge.dataset.record.scenario import record_scenario
from carla_nurec_bridge.dataset.record.sources.from_bag import bag_source
from carla_nurec_bridge.dataset.record.turn import ScenarioJob
from carla_nurec_bridge.dataset.store import Dataset, RunWriter

WINDOW = BagWindow(0.0, 0.0, 0, 0.0)


def test_frames_that_a_bag_lacks_are_left_out_counted_and_told(tmp_path: Path) -> None:
    lacking = {(2, "depth"), (4, "objects")}
    bag = write_bag(tmp_path / "bag", [0, 1, 2, 3, 4, 6, 7], lacking)
    notes = []

    def record(writer, listener):
        with bag_source(bag, WINDOW, Timings()) as source:
            notes.extend(source.notes)
            return record_scenario(source, writer, LABELLING, listener, None)

    quiet = RunListener(lambda *_: None, lambda *_: None, lambda *_: None)
    run = tmp_path / "run"
    outcome = record_run(RunWriter(run, (), 1), [ScenarioJob("a", "k", record)], quiet)
    assert outcome.failed == {}
    stored = Dataset(run).scenario("a")
    assert [state.stamp_ns for state in stored.frames()] == [
        T0 + k * DT_NS for k in (0, 1, 3, 6, 7)
    ]
    assert stored.truth.frames == 5
    assert stored.truth.own_stamps
    assert stored.truth.source["frames_missed"] == 3
    assert "depth" in stored.truth.source["first_missed"]
    assert "1 frames are missing between those that all cameras have" in notes
    assert check_dataset(Dataset(run), lambda *_: None).problems == ()
    [truck] = [one for one in stored.truth.actors if one.actor_id == TRUCK]
    assert truck.pixel_id == TRUCK & 0xFFFF
    # A metre a frame, also over the gaps.
    for state in list(stored.frames())[1:]:
        [told] = [one for one in state.actors if one.track_id == truck.track_id]
        assert told.velocity_map_mps == pytest.approx((1e9 / DT_NS, 0.0, 0.0))


def test_a_bag_without_any_whole_frame_is_told(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", range(3), {(k, "semantic") for k in (1, 2)} | {(0, "depth")})
    with (
        bag_source(bag, WINDOW, Timings()) as source,
        pytest.raises(RunError, match="frame 0 of eye .* the bag has no /ns/camera/eye/depth"),
    ):
        list(source.play())
