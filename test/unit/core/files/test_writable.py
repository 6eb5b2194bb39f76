"""A folder that cannot be written in is named before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.writable import make_writable


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    make_writable(tmp_path / "a" / "b")
    make_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nothing")):
        with pytest.raises(InputError, match=f"cannot write in {place}"):
            make_writable(place)


@pytest.mark.parametrize("below", ["", "a", "a/b"])
def test_a_file_in_the_way_is_named_whatever_is_asked_for_below_it(
    below: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError) as refused:
        make_writable(file / below)
    there = str(file) if below else "it"
    assert f": {there} is a file, not a folder;" in str(refused.value)
