"""Recovery of bags that were cut anywhere or damaged: what is there is kept, what is lost said."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.recording import (
    BagOptions,
    BagReader,
    BagWriter,
    OfferedQos,
    recover_bag,
)
from carla_nurec_bridge.recording.types import store_of

STRING = "std_msgs/msg/String"
COUNT = 60


def string(text: str) -> bytes:
    store = store_of(STRING)
    return bytes(store.serialize_cdr(store.types[STRING](data=text), STRING))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("whole") / "bag"
    with BagWriter(directory, BagOptions(chunk_bytes=4000), {"dt_ns": 1, "streams": []}) as bag:
        words = bag.add_stream("/words", STRING, (OfferedQos(depth=3),))
        bag.add_stream("/silent", STRING, (OfferedQos(durability="transient_local", depth=1),))
        for i in range(COUNT):
            bag.write(words, i, string(f"{i}:" + "x" * 400))
    return directory


def damaged(whole: Path, target: Path, data: bytes) -> Path:
    target.mkdir()
    (target / "bag_0.mcap").write_bytes(data)
    return target


def read(directory: Path) -> list[int]:
    """Message numbers by rosbags, after mcap's own reader has checked every checksum."""
    with (directory / "bag_0.mcap").open("rb") as stream:
        list(make_reader(stream, validate_crcs=True).iter_messages())
    with AnyReader([directory]) as reader:
        return [
            int(reader.deserialize(raw, STRING).data.split(":")[0])
            for _, _, raw in reader.messages()
        ]


def data_end(data: bytes) -> int:
    """Offset just behind the data section, from the footer's summary start."""
    (summary_start,) = struct.unpack_from("<Q", data, len(data) - 8 - 20)
    return int(summary_start)


def test_a_whole_bag_is_left_alone(whole: Path) -> None:
    before = {p.name: p.read_bytes() for p in whole.iterdir()}
    recovery = recover_bag(whole)
    assert (recovery.exit_code, recovery.rewritten) == (0, False)
    assert recovery.counts == {"/words": COUNT, "/silent": 0}
    assert {p.name: p.read_bytes() for p in whole.iterdir()} == before


def test_a_cut_index_loses_nothing(whole: Path, tmp_path: Path) -> None:
    data = (whole / "bag_0.mcap").read_bytes()
    directory = damaged(whole, tmp_path / "bag", data[: data_end(data) + 10])
    recovery = recover_bag(directory)
    assert (recovery.exit_code, recovery.lost) == (0, ())
    assert read(directory) == list(range(COUNT))
    assert (directory / "bag_0.mcap.damaged").read_bytes() == data[: data_end(data) + 10]
    with AnyReader([directory]) as reader:
        assert {c.topic for c in reader.connections} == {"/words", "/silent"}
    assert recover_bag(directory).rewritten is False


@pytest.mark.parametrize("seed", range(12))
def test_a_bag_cut_anywhere_keeps_a_prefix(whole: Path, tmp_path: Path, seed: int) -> None:
    data = (whole / "bag_0.mcap").read_bytes()
    cut = random.Random(seed).randrange(200, data_end(data) - 13)
    directory = damaged(whole, tmp_path / "bag", data[:cut])
    recovery = recover_bag(directory)
    assert recovery.exit_code == 3
    assert recovery.lost
    kept = read(directory)
    assert kept == list(range(len(kept)))
    # A message takes about 440 bytes: no more than the one that was cut may be missing, beside
    # the indexes between chunks.
    assert len(kept) >= cut // 460 - 6
    assert (directory / "bag_0.mcap.damaged").read_bytes() == data[:cut]


def test_a_flipped_bit_costs_one_chunk_and_is_said(whole: Path, tmp_path: Path) -> None:
    data = bytearray((whole / "bag_0.mcap").read_bytes())
    data[data.index(b"20:xxx") + 50] ^= 1
    directory = damaged(whole, tmp_path / "bag", bytes(data))
    recovery = recover_bag(directory)
    assert recovery.exit_code == 3
    assert "1 chunks" in recovery.lost[0]
    kept = read(directory)
    assert 20 not in kept
    assert kept[0] == 0
    assert kept[-1] == COUNT - 1
    assert len(kept) >= COUNT - 12


def test_a_bag_is_one_from_its_first_moment(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "open", BagOptions(), {"dt_ns": 1, "streams": []}) as bag:
        cut = damaged(tmp_path, tmp_path / "cut", bag.path.read_bytes())
    recovery = recover_bag(cut)
    assert recovery.counts == {}
    assert read(cut) == []
    with BagReader(cut) as reader:
        assert reader.streams() == ()


def test_missing_metadata_alone_is_rewritten(whole: Path, tmp_path: Path) -> None:
    directory = damaged(whole, tmp_path / "bag", (whole / "bag_0.mcap").read_bytes())
    recovery = recover_bag(directory)
    assert recovery.exit_code == 0
    assert (directory / "metadata.yaml").is_file()
    assert read(directory) == list(range(COUNT))


def test_another_folder_leaves_the_input_untouched(whole: Path, tmp_path: Path) -> None:
    data = (whole / "bag_0.mcap").read_bytes()[:5000]
    directory = damaged(whole, tmp_path / "cut", data)
    recovery = recover_bag(directory, tmp_path / "bag")
    assert recovery.kept_original is None
    assert [p.name for p in directory.iterdir()] == ["bag_0.mcap"]
    assert (directory / "bag_0.mcap").read_bytes() == data
    assert read(tmp_path / "bag")


def test_what_is_no_bag(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no bag folder"):
        recover_bag(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"0 \.mcap files"):
        recover_bag(tmp_path / "empty")
    (tmp_path / "empty/x.mcap").write_bytes(b"certainly not")
    with pytest.raises(InputError, match="does not begin"):
        recover_bag(tmp_path / "empty")
    assert (tmp_path / "empty/x.mcap").read_bytes() == b"certainly not"
