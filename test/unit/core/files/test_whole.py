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


def of(pid: int, file: Path) -> Path:
    """Return the part that a process would write of a file."""
    own = part_of(file)
    return own.with_name(own.name.replace(f"-{os.getpid()}.part", f"-{pid}.part"))


def test_what_killed_writers_left_goes_and_that_of_others_stays(tmp_path: Path) -> None:
    file = tmp_path / "a[1].json"
    left, under_way = of(NOBODY, file), of(1, file)
    other = of(NOBODY, tmp_path / "b.json")
    elsewhere = tmp_path / f".a[1].json.another-machine-4026531836-{NOBODY}.part"
    for part in (left, under_way, other, elsewhere):
        part.touch()
    assert write_whole(file, b"all") == hashlib.sha256(b"all").hexdigest()
    assert set(tmp_path.iterdir()) == {file, under_way, other, elsewhere}
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
