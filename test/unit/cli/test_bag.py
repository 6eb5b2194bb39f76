"""``carla-nurec bag``: what it prints, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.recording import BagOptions, BagWriter
from carla_nurec_bridge.recording.types import store_of

STRING = "std_msgs/msg/String"


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    store = store_of(STRING)
    data = bytes(store.serialize_cdr(store.types[STRING](data="word"), STRING))
    plan = {
        "dt_ns": 10,
        "streams": [
            ["/words", "clock", "carla_ego", 1, True],
            ["/short", "clock", "carla_ego", 1, True],
        ],
    }
    with BagWriter(tmp_path / "bag", BagOptions(), plan) as writer:
        words = writer.add_stream("/words", STRING, ())
        short = writer.add_stream("/short", STRING, ())
        for frame in range(5):
            writer.write(words, 100 + frame * 10, data)
        writer.write(short, 100, data)
        writer.write(writer.add_stream("/end", STRING, ()), 150, data)  # after the last frame
    return tmp_path / "bag"


def test_info_counts_what_is_missing(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bag", "info", str(bag), "--hashes"]) == 3
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert rows["/words"][2:4] == ["5", "5"]
    assert rows["/short"][2:4] == ["5", "1"]


def test_a_cut_bag_is_named_then_recovered(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = bag / "bag_0.mcap"
    file.write_bytes(file.read_bytes()[:-300])
    assert main(["bag", "info", str(bag)]) == 2
    assert "bag recover" in " ".join(capsys.readouterr().err.split())
    assert main(["bag", "recover", str(bag)]) == 0
    assert "recovered 7 messages on 3 topics" in capsys.readouterr().out
    assert main(["bag", "recover", str(bag)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    file.write_bytes(file.read_bytes()[:600])
    (bag / "bag_0.mcap.damaged").unlink()
    assert main(["bag", "recover", str(bag)]) == 3
    assert "lost: the writer did not end the file" in capsys.readouterr().out
    assert main(["bag", "recover", str(bag.parent / "none")]) == 2
