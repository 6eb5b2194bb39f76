"""The report of a run whose figures are known."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recording import BagReader
from carla_nurec_bridge.recording.read_back.drive import read_drive
from carla_nurec_bridge.report.build import write_report
from carla_nurec_bridge.report.markdown import report_markdown
from carla_nurec_bridge.report.schema import report_schema
from carla_nurec_bridge.report.scores.asked import AskedScores
from carla_nurec_bridge.report.scores.of_bag import score_bag
from carla_nurec_bridge.report.scores.write import write_score_table
from carla_nurec_bridge.report.topdown import sweep
from carla_nurec_bridge.report.values import Report, RunFacts
from carla_nurec_bridge.scene.recorded_ego import read_recorded_ego


def test_figures_of_the_drive(report: Report) -> None:
    drive = report.drive
    # 40 frames of 50 ms at 8 m/s; the ego's box reaches from -1.05 m to 3.85 m around base_link.
    assert drive.distance_m == pytest.approx(16.0)
    assert drive.duration_s == pytest.approx(2.0)
    assert drive.route_completion == pytest.approx(0.5)
    (crash,) = drive.collisions
    assert crash.id == "7"
    # The car's rear is at 10 m: contact when base_link is beyond 6.15 m, at frame 16 (6.4 m).
    assert crash.stamp_ns - report.t0_ns == 16 * 50_000_000


def test_streams_are_complete_and_hashed(report: Report) -> None:
    assert report.complete
    streams = report.streams
    assert streams["/odometry"].expected == streams["/odometry"].recorded == 41
    assert streams["/lidar/top/points"].recorded == 20
    assert streams["/camera/front/image_raw/compressed"].recorded == 40
    assert len(streams["/odometry"].sha256 or "") == 64
    assert report.wall_s_per_simulated_s == pytest.approx(0.5)


def test_files_say_the_same(report: Report, run_dir: Path) -> None:
    written = json.loads((run_dir / "report.json").read_text())
    assert written == report.to_json() == Report.model_validate(written).to_json()
    assert written["drive"]["collisions"][0].keys() == {
        "stamp_ns",
        "object",
        "class",
        "ego_speed_mps",
    }
    text = (run_dir / "report.md").read_text()
    assert "| distance " in text
    assert "16.0 m" in text
    assert "41 accepted, 0 late, 0 refused" in text
    assert "/camera/front/image_raw/compressed" in text


def test_contact_sheet_shows_every_row(report: Report, run_dir: Path) -> None:
    sheet = np.asarray(Image.open(run_dir / "contact_sheet.png"))
    assert sheet.shape[1] > 1800
    # The semantic row holds the palette's road and sky, which no other row has.
    flat = {tuple(c) for c in sheet.reshape(-1, 3)[::7]}
    assert (128, 64, 128) in flat
    assert (70, 130, 180) in flat


def test_a_lidar_that_hits_nothing_shows_the_boxes_alone(run_dir: Path) -> None:
    with BagReader(run_dir / "bag") as bag:
        state = read_drive(bag).states[0]
    drawn = np.asarray(sweep(np.empty((0, 3), np.float32), np.eye(4), state, 320, 200))
    red, green, blue = drawn[100, 160].astype(int)  # the ego is green, in the middle
    assert green > 100
    assert green > max(red, blue) + 30


def test_an_incomplete_stream_is_said(facts: RunFacts, run_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_dir, copy)
    part = copy / "parts/cosmos_recorder.json"
    content = json.loads(part.read_text())
    content["streams"]["/odometry"]["recorded"] -= 1
    content["unheard"] = ["/odometry: a publisher offers best effort, reliable is needed"]
    part.write_text(json.dumps(content))
    again = write_report(copy, facts)
    assert not again.complete
    assert again.unheard == tuple(content["unheard"])
    assert f"\n\nNot heard: {content['unheard'][0]}\n" in (copy / "report.md").read_text()


def test_scores_and_what_was_under_way_are_told(
    facts: RunFacts, run_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_dir, copy)
    part = copy / "parts/cosmos_recorder.json"
    content = json.loads(part.read_text())
    content["streams"]["/odometry"]["under_way"] = 3
    part.write_text(json.dumps(content))
    scored = score_bag(copy, AskedScores(("neuroncap", "pdms")))
    write_score_table(copy / "scores", scored.report)
    told = write_report(copy, facts)
    assert told.scores is not None
    assert {name: one.value for name, one in told.scores.items()} == {
        one.name: one.value for one in scored.report.scores
    }
    # The run drives into a standing car at 8 m/s, which is as fast as it came: no point is left.
    assert (told.scores["neuroncap"].value, told.scores["neuroncap"].status) == (0.0, "collision")
    Draft202012Validator(report_schema()).validate(json.loads((copy / "report.json").read_text()))
    page = (copy / "report.md").read_text()
    assert re.search(r"\| NeuroNCAP +\| +0 \| +5 \| collision +\|", page)
    assert "41 (3 under way)" in page

    (copy / "scores/scores.json").write_text("{}")
    with pytest.raises(InputError, match=r"does not hold scores .*carla-nurec eval"):
        write_report(copy, facts)


def test_a_killed_recorder_is_replaced_by_its_bag(
    facts: RunFacts, report: Report, run_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_dir, copy)
    (copy / "parts/cosmos_recorder.json").unlink()
    rebuilt = write_report(copy, facts)
    assert rebuilt.complete
    assert rebuilt.run_sha256 == report.run_sha256
    assert rebuilt.frames == report.frames
    assert "the recorder was killed" in (copy / "report.md").read_text()


def test_a_run_whose_end_nobody_recorded_was_broken_off(report: Report) -> None:
    page = report_markdown(report.model_copy(update={"state": "running"}))
    assert re.search(r"\| outcome +\| broken off: the recording has no end of the run +\|", page)


def test_a_killed_ego_has_no_counts(facts: RunFacts, run_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_dir, copy)
    (copy / "parts/carla_ego.json").unlink()
    write_report(copy, facts)
    text = (copy / "report.md").read_text()
    assert "– accepted, – late, – refused" in text
    assert "None" not in text


def test_a_folder_without_a_run(facts: RunFacts, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no recording"):
        write_report(tmp_path, facts)


def test_a_recorder_without_a_run_is_no_report(
    facts: RunFacts, run_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_dir, copy)
    part = copy / "parts/cosmos_recorder.json"
    nothing = {"run_id": None, "state": None, "reason": None, "t0_ns": None}
    part.write_text(json.dumps(json.loads(part.read_text()) | nothing))
    with pytest.raises(InputError, match="the recorder ended before one began"):
        write_report(copy, facts)


def test_a_summary_that_no_node_wrote_is_named(
    facts: RunFacts, run_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_dir, copy)
    part = copy / "parts/carla_ego.json"
    part.write_text(json.dumps(json.loads(part.read_text()) | {"frames": "many"}))
    with pytest.raises(InputError, match=r"carla_ego\.json: frames: .*found 'many'"):
        write_report(copy, facts)


def test_the_ego_of_its_bag_can_be_followed(run_dir: Path) -> None:
    ego = read_recorded_ego(run_dir / "bag")
    with BagReader(run_dir / "bag") as bag:
        states = read_drive(bag).states
    assert ego.start_ns == states[0].stamp_ns
    np.testing.assert_array_equal(ego.path.stamps_ns, [state.stamp_ns for state in states])
    assert len(ego.path.stamps_ns) > 30
    last = states[-1]
    np.testing.assert_array_equal(ego.path.at(last.stamp_ns), last.ego.map_from_base)
