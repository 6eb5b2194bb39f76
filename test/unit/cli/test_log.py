"""``carla-nurec log``: recordings shown and converted, as a user calls it."""

from __future__ import annotations

import csv
import json
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.recorder_log import read_log
from carla_nurec_bridge.recorder_log.layouts import PacketKind

HERO = 174
COLLISIONS = (
    ((1.0, 2.0), struct.pack("<HIII??", 1, 0, HERO, 175, True, False)),
    ((3.0, 3.05), struct.pack("<HIII??", 1, 0, HERO, 2**32 - 1, True, False)),
)


def run(capfd: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    code = main(["log", *map(str, args)])
    out, err = capfd.readouterr()
    return code, out, err


def test_info(capfd, real_recording_path: Path) -> None:
    code, out, _ = run(capfd, "info", real_recording_path)
    assert code == 0
    assert "24.724 s in 847 frames" in out
    assert "99,939" in out
    code, out, _ = run(capfd, "info", real_recording_path, "--carla")
    assert out.endswith("\nFrames: 847\nDuration: 24.7237 seconds\n")


def test_actors_and_frames(capfd, real_recording_path: Path) -> None:
    code, out, _ = run(capfd, "actors", real_recording_path)
    rows = [line.split() for line in out.splitlines() if line.strip().startswith("17")]
    assert code == 0
    assert [row[0] for row in rows] == ["174", "175"]
    # 194.3 m and 53.1 km/h agree with the recorded kinematics (14.7 m/s at most).
    assert rows[0][-2:] == ["194.3", "53.1"]
    code, out, _ = run(capfd, "frames", real_recording_path, "--events", "--from", 24)
    assert "scenario (175) goes" in out
    assert "24.598" in out


def test_blocked_and_collisions(capfd, real_recording_path: Path) -> None:
    assert "nobody stood still for 30 s" in run(capfd, "blocked", real_recording_path)[1]
    out = run(capfd, "blocked", real_recording_path, "--min-time", 3, "--all", "--carla")[1]
    assert out.count("static.prop") > 100
    assert "no collision" in run(capfd, "collisions", real_recording_path)[1]


def test_collisions_are_listed_once(capfd, real_recording: bytes, tmp_path: Path) -> None:
    """Collision packets put into the real file by hand, for 1 s of contact and for one frame."""
    path = tmp_path / "real.log"
    path.write_bytes(real_recording)
    log = read_log(path)
    data, done = bytearray(), 0
    for frame in log.frames:
        (packet,) = log.packets(frame, PacketKind.COLLISION)
        for (start_s, end_s), body in COLLISIONS:
            if start_s <= frame.elapsed_s <= end_s:
                data += real_recording[done : packet.offset - 5]
                data += struct.pack("<BI", PacketKind.COLLISION, len(body)) + body
                done = packet.offset + packet.size
    path.write_bytes(data + real_recording[done:])
    out = run(capfd, "collisions", path)[1]
    rows = [line for line in out.splitlines() if "hero (174)" in line]
    assert len(rows) == 2
    assert "scenario (175)" in rows[0]
    assert "the scenery" in rows[1]
    assert rows[0].split()[-1].startswith("1.0")
    assert "the scenery" not in run(capfd, "collisions", path, "--between", "hero", "vehicle")[1]


def test_convert_to_log_is_the_same_bytes(capfd, real_recording_path: Path, tmp_path: Path) -> None:
    target = tmp_path / "again.log"
    assert run(capfd, "convert", real_recording_path, target)[0] == 0
    assert target.read_bytes() == real_recording_path.read_bytes()
    code, _, err = run(capfd, "convert", real_recording_path, target)
    assert code == 2
    assert "--overwrite" in err
    assert run(capfd, "convert", real_recording_path, target, "--overwrite")[0] == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.log"]


def test_convert_to_json(capfd, real_recording_path: Path, tmp_path: Path) -> None:
    run(capfd, "convert", real_recording_path, tmp_path / "run.json")
    document = json.loads((tmp_path / "run.json").read_text())
    assert (document["map"], len(document["frames"])) == ("Town01", 847)
    packets = {p["kind"]: p for p in document["frames"][0]["packets"]}
    hero = next(r for r in packets["EVENT_ADD"]["records"] if r["actor_id"] == HERO)
    assert hero["location_cm"] == pytest.approx([10700, 13300, 64.5025], abs=1e-3)
    assert packets["TRAFFIC_LIGHT_TIME"]["records"][0]["green"] == 10.0


def test_convert_to_csv(capfd, real_recording_path: Path, tmp_path: Path) -> None:
    run(capfd, "convert", real_recording_path, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["id"] == str(HERO)]
    assert len(rows) == 846
    # (10700, 13300, 64.5) cm in CARLA's left-handed world.
    assert (rows[0]["x_m"], rows[0]["y_m"], rows[0]["role_name"]) == (
        "107.0000",
        "-133.0000",
        "hero",
    )
    a, b = rows[400], rows[401]
    step_s = float(b["time_s"]) - float(a["time_s"])
    for axis in "xyz":
        moved = float(b[f"{axis}_m"]) - float(a[f"{axis}_m"])
        assert moved / step_s == pytest.approx(float(b[f"v{axis}_mps"]), abs=0.2)


def test_convert_to_mcap(capfd, real_recording_path: Path, tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    pytest.importorskip("carla")
    from mcap.reader import make_reader
    from rosbags.rosbag2 import Reader

    from carla_nurec_bridge.recording import decode
    from carla_nurec_bridge.scenarios.events import ScenarioEvent, write_events

    town, events = tmp_path / "town.xodr", tmp_path / "events.json"
    town.write_text(ROAD)
    write_events(events, {}, [ScenarioEvent("hard_brake", 3.0, 4.0, (), "hero brakes")])
    extras = ("--map", town, "--events", events)
    code, _, err = run(capfd, "convert", real_recording_path, tmp_path / "run.mcap", *extras)
    assert (code, err) == (0, "")
    with (tmp_path / "run.mcap").open("rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        assert summary is not None
        counts = {
            channel.topic: summary.statistics.channel_message_counts[channel.id]
            for channel in summary.channels.values()
        }
        assert counts == {
            "/clock": 847,
            "/tf": 847,
            "/objects": 847,
            "/objects/markers": 847,
            "/odometry": 846,
            "/rosout": counts["/rosout"],
            "/map/markers": 1,
        }
        metadata = {m.name: m.metadata for m in reader.iter_metadata()}
        assert "- run.mcap" in metadata["rosbag2"]["serialized_metadata"]
        messages = [
            decode(message.data, "nav_msgs/msg/Odometry")
            for _, _, message in reader.iter_messages(["/odometry"])
        ]
        warnings = [
            (message.log_time, decode(message.data, "rcl_interfaces/msg/Log"))
            for _, _, message in reader.iter_messages(["/rosout"])
        ]
    warned = [(time_ns, m.msg) for time_ns, m in warnings if m.level == 30]  # type: ignore[attr-defined]
    assert len(warned) == 1
    assert warned[0][1] == "hero brakes"
    after_s = (warned[0][0] - summary.statistics.message_start_time) / 1e9
    assert after_s == pytest.approx(3.0, abs=0.03)
    with Reader(tmp_path / "run.mcap") as bag:
        assert bag.message_count == sum(counts.values())
        assert bag.duration == pytest.approx(24.7237e9, abs=1e6)
    speeds = [m.twist.twist.linear.x for m in messages]  # type: ignore[attr-defined]
    assert 14.0 < max(speeds) < 16.0
    assert min(speeds) > -0.2
    # base_link is the rear axle, 1.4 m behind the actor at (107, -133), which looks along x.
    first = messages[0].pose.pose.position  # type: ignore[attr-defined]
    assert first.x == pytest.approx(107.0 - 1.41, abs=0.15)
    assert first.y == pytest.approx(-133.0, abs=0.05)


def test_what_cannot_be_done_is_said(capfd, real_recording_path: Path, tmp_path: Path) -> None:
    cases = [
        (("convert", real_recording_path, tmp_path / "x.txt"), "must end in one of"),
        (("convert", real_recording_path, tmp_path / "no" / "x.csv"), "cannot write"),
        (("convert", tmp_path / "none.log", tmp_path / "x.csv"), "cannot read the recording"),
        (("info", __file__), "is not a CARLA recording"),
        (
            ("convert", real_recording_path, tmp_path / "x.csv", "--map", __file__),
            "are for .mcap files",
        ),
    ]
    for args, sentence in cases:
        code, _, err = run(capfd, *args)
        assert (code, sentence in " ".join(err.split())) == (2, True), err
    assert list(tmp_path.iterdir()) == []


def test_a_cut_file_gives_what_is_whole(capfd, real_recording: bytes, tmp_path: Path) -> None:
    (tmp_path / "cut.log").write_bytes(real_recording[:1_000_000])
    code, _, err = run(capfd, "convert", tmp_path / "cut.log", tmp_path / "whole.log")
    assert code == 0
    assert "the 249 whole frames before it are used" in " ".join(err.split())
    assert read_log(tmp_path / "whole.log").note is None
    assert real_recording.startswith((tmp_path / "whole.log").read_bytes())


@pytest.mark.parametrize("verb", ["info", "frames", "actors", "collisions", "blocked", "convert"])
def test_help_has_examples(verb: str) -> None:
    from carla_nurec_bridge.cli.main import cli

    result: Result = CliRunner().invoke(cli, ["log", verb, "--help"])
    assert result.exit_code == 0
    assert f"carla-nurec log {verb}" in result.output


ROAD = """<?xml version="1.0"?>
<OpenDRIVE><header revMajor="1" revMinor="4" name="t"/>
<road name="r" length="40" id="1" junction="-1">
<planView><geometry s="0" x="0" y="0" hdg="0" length="40"><line/></geometry></planView>
<lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center>
<right><lane id="-1" type="driving" level="false">
<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right></laneSection></lanes></road>
</OpenDRIVE>
"""


def test_what_no_message_can_hold_is_refused(capfd, tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    pytest.importorskip("carla")
    from carla_nurec_bridge.recorder_log import LogWriter

    writer = LogWriter(tmp_path / "long.log", "Town01", 0)
    writer.write_frame(0.0, [])
    writer.write_frame(1e12, [])
    writer.close()
    code, _, err = run(capfd, "convert", tmp_path / "long.log", tmp_path / "long.mcap")
    assert code == 2
    assert "lasts 1e+12 s" in " ".join(err.split())
    assert not (tmp_path / "long.mcap").exists()
