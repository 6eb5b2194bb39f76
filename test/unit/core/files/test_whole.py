"""Files that are there whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from carla_nurec_bridge.core.files import whole
from carla_nurec_bridge.core.files.whole import part_of, write_whole

NOBODY = 4_194_305
"""One more than the greatest process id that Linux gives."""


def test_what_killed_writers_left_goes_and_that_of_others_stays(tmp_path: Path) -> None:
    file = tmp_path / "a[1].json"
    left, under_way = tmp_path / f".a[1].json.{NOBODY}.part", tmp_path / ".a[1].json.1.part"
    other = tmp_path / f".b.json.{NOBODY}.part"
    for part in (left, under_way, other):
        part.touch()
    assert write_whole(file, b"all") == hashlib.sha256(b"all").hexdigest()
    assert {path.name for path in tmp_path.iterdir()} == {file.name, under_way.name, other.name}
    assert file.read_bytes() == b"all"


def test_a_write_that_fails_leaves_the_old_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "result.json"
    write_whole(file, b"old")

    def fail(_path: Path, _data: bytes) -> str:
        part_of(file).write_bytes(b"ne")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole, "write_synced", fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert part_of(file).name == f".result.json.{os.getpid()}.part"
