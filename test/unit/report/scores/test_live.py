"""What the node computes as messages come is what ``carla-nurec eval`` makes of their bag."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from pyarrow import parquet

from carla_nurec_bridge.cli.main import cli
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.evaluation.scores.records import ScoreReport, TickScores
from carla_nurec_bridge.evaluation.scores.scorer import SCORES
from carla_nurec_bridge.recording import BagOptions, BagReader, BagWriter, OfferedQos
from carla_nurec_bridge.recording.read_back.drive import topics_of
from carla_nurec_bridge.recording.read_back.drive_reader import EACH_FRAME, TOLD_ONCE
from carla_nurec_bridge.recording.types import store_of
from carla_nurec_bridge.report.scores import live as live_scores
from carla_nurec_bridge.report.scores.asked import AskedScores
from carla_nurec_bridge.report.scores.live import LiveScores
from carla_nurec_bridge.report.scores.markdown import scores_markdown
from carla_nurec_bridge.report.scores.of_bag import score_bag
from carla_nurec_bridge.report.scores.page import scores_page
from carla_nurec_bridge.report.scores.parquet import METADATA_KEY
from carla_nurec_bridge.report.scores.seen import from_above, look


def replayed(run_dir: Path, asked: AskedScores) -> tuple[LiveScores, list[TickScores]]:
    """Tell the messages of a bag as they came: frame by frame, in any order within one."""
    live, ticks = LiveScores(asked, str(run_dir)), []
    with BagReader(run_dir / "bag") as bag:
        topics = topics_of(bag, (*TOLD_ONCE, *EACH_FRAME))
        key_of = {topic: key for key, topic in topics.items()}
        frames: dict[int, dict[str, Any]] = {}
        for topic, stamp_ns, message in bag.messages(list(key_of)):
            key = key_of[topic]
            if key in TOLD_ONCE:
                live.tell(key, message)
            else:
                frames.setdefault(stamp_ns, {})[key] = message
    assert live.lacks(TOLD_ONCE) == ["objects/appearance has not come"]
    for stamp_ns, messages in frames.items():
        ticks.append(live.add(stamp_ns, messages))
    return live, ticks


def test_online_equals_the_verb_to_the_last_digit(evaluated: Any) -> None:
    offline = ScoreReport.model_validate_json((evaluated.folder / "scores.json").read_text())
    live, ticks = replayed(evaluated.source, AskedScores())
    online = live.scored().report
    assert online.model_dump_json() == offline.model_dump_json()
    assert len(ticks) == live.ticks == 41
    for name, series in offline.series.items():
        assert series == tuple(tick.values[name] for tick in ticks), name
    assert [score.name for score in online.scores] == list(SCORES)
    # The run drives into a standing car: what the scores say is no matter of taste.
    assert online.score("leaderboard_2_0").component("collisions_vehicle") == 1.0
    assert online.score("neuroncap").status == "collision"


def test_the_nodes_pictures_are_those_of_the_verb_from_above(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = AskedScores(("neuroncap", "leaderboard_2_0"))
    online = from_above(replayed(run_dir, asked)[0].scored())
    offline = look(run_dir, score_bag(run_dir, asked))
    assert len(online.moments) == len(offline.moments) >= 1
    for mine, theirs in zip(online.moments, offline.moments, strict=True):
        assert mine.picture is not None
        assert theirs.picture is not None
        drawn, both = np.asarray(mine.picture), np.asarray(theirs.picture)
        np.testing.assert_array_equal(drawn, both[:, : drawn.shape[1]])
        assert both.shape[1] > drawn.shape[1]  # what a camera saw stands beside

    monkeypatch.setattr(live_scores, "MOST_KEPT", 1)
    later = from_above(replayed(run_dir, asked)[0].scored())
    assert [one.picture for one in later.moments] == [None] * len(online.moments)


@pytest.fixture
def planned(run_dir: Path, tmp_path: Path) -> Path:
    """The bag of the run again, with a plan each second: as driven, but 1.5 m beside it."""
    path_type, folder = "nav_msgs/msg/Path", tmp_path / "planned"
    folder.mkdir()
    store = store_of(path_type)
    types = store.types
    with BagReader(run_dir / "bag") as old, BagWriter(folder / "bag", BagOptions()) as new:
        keep = topics_of(old, (*TOLD_ONCE, *EACH_FRAME))
        of_topic = {s.topic: s for s in old.streams() if s.topic in keep.values()}
        channels = {t: new.add_stream(t, s.type, (OfferedQos(),)) for t, s in of_topic.items()}
        channel = new.add_stream("/ego/plan", path_type, (OfferedQos(),))
        for topic, _, stamp_ns, data in old.raw(list(channels)):
            new.write(channels[topic], stamp_ns, data)
            if topic != keep["odometry"] or stamp_ns % 1_000_000_000:
                continue
            poses = []
            for k in range(1, 11):
                sec, nanosec = divmod(stamp_ns + k * 50_000_000, 1_000_000_000)
                head = types["std_msgs/msg/Header"](
                    types["builtin_interfaces/msg/Time"](sec, nanosec), "map"
                )
                x = 8.0 * ((stamp_ns % 1_000_000_000_000) / 1e9 + k * 0.05)
                pose = types["geometry_msgs/msg/Pose"](
                    types["geometry_msgs/msg/Point"](x, 1.5, 0.0),
                    types["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0),
                )
                poses.append(types["geometry_msgs/msg/PoseStamped"](head, pose))
            sec, nanosec = divmod(stamp_ns, 1_000_000_000)
            head = types["std_msgs/msg/Header"](
                types["builtin_interfaces/msg/Time"](sec, nanosec), "map"
            )
            plan = types[path_type](head, poses)
            new.write(channel, stamp_ns, bytes(store.serialize_cdr(plan, path_type)))
    return folder


def test_plans_are_compared_online_as_offline(planned: Path) -> None:
    scored = score_bag(planned, AskedScores(("neuroncap",)))
    offline = scored.report
    live, _ = replayed(planned, AskedScores(("neuroncap",)))
    with BagReader(planned / "bag") as bag:
        for _, _, message in bag.messages(["/ego/plan"]):
            live.plan(message)
    assert live.scored().report.model_dump_json() == offline.model_dump_json()
    # Three plans of half a second in a drive of 2 s: the last one's time is no longer driven.
    assert offline.plans is not None
    assert (offline.plans.plans, offline.plans.unread) == (3, 0)
    half, *longer = offline.plans.horizons
    assert (half.plans, half.ade_m, half.fde_m) == (2, pytest.approx(1.5), pytest.approx(1.5))
    assert {each.plans for each in longer} == {0}
    assert "| 0.5 | 1.5 | 1.5 | 2 |" in scores_markdown(offline)
    page = scores_page(offline, Image.new("RGB", (8, 8)), from_above(scored))
    assert "3 plans beside what was driven." in page
    assert "What cameras saw comes with carla-nurec eval" in page


def test_options_reach_both_alike(run_dir: Path, tmp_path: Path) -> None:
    options = ["--expert", str(run_dir), "--time-limit", "1", "--reference-impact", "10"]
    words = ["eval", str(run_dir), "-o", str(tmp_path), "--scores", "neuroncap, alpasim,pdms"]
    done = CliRunner().invoke(cli, [*words, *options, "--handover", "0.3", "--parquet"])
    assert done.exit_code == 0, done.output
    asked = AskedScores(
        ("neuroncap", "alpasim", "pdms"),
        expert=run_dir,
        time_limit_s=1.0,
        reference_impact_mps=10.0,
        handover_s=0.3,
    )
    live, _ = replayed(run_dir, asked)
    assert live.scored().report.model_dump_json(indent=1) + "\n" == (
        (tmp_path / "scores.json").read_text()
    )
    report = live.scored().report
    assert report.score("neuroncap").component("reference_speed_mps") == 10.0

    # The same ticks as a table, each number the same, and the scores beside it.
    table = parquet.read_table(tmp_path / "scores.parquet")
    assert tuple(table["stamp_ns"].to_pylist()) == report.stamps_ns
    assert table["time_s"].to_pylist()[-1] == pytest.approx(report.duration_s)
    assert {n: tuple(table[n].to_pylist()) for n in table.column_names[2:]} == report.series
    told = json.loads(table.schema.metadata[METADATA_KEY])
    assert told == json.loads(report.model_dump_json(exclude={"stamps_ns", "series"}))


def test_parquet_without_its_library_is_refused_before_work(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    words = ["eval", str(run_dir), "-o", str(tmp_path / "out"), "--parquet"]
    refused = CliRunner().invoke(cli, words)
    assert isinstance(refused.exception, InputError)
    assert "--parquet needs pyarrow, which is not installed: pip install" in str(refused.exception)
    assert not (tmp_path / "out").exists()


def test_a_tick_that_is_not_later_is_refused(run_dir: Path) -> None:
    live = LiveScores(AskedScores(("neuroncap",)), "a run")
    with BagReader(run_dir / "bag") as bag:
        topics = topics_of(bag, ("odometry", "robot_description"))
        told = {topic: (stamp, data) for topic, stamp, data in bag.messages(list(topics.values()))}
    live.tell("robot_description", told[topics["robot_description"]][1])
    stamp_ns, odometry = told[topics["odometry"]]
    live.add(stamp_ns, {"odometry": odometry})
    with pytest.raises(InputError, match="in order of time, each once"):
        live.add(stamp_ns, {"odometry": odometry})
