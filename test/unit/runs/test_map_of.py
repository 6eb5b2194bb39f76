from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path, map_file
from carla_nurec_bridge.runs.map_of import recorded_map


@pytest.mark.parametrize(
    "name", ["demo_town", "Carla/Maps/demo_town", "/Game/Carla/Maps/demo_town"]
)
def test_a_shipped_map_is_taken_by_its_name(name: str) -> None:
    assert map_file(name) == config_path("maps", "demo_town.xodr")


def test_files_stay_as_they_are_given_and_other_names_are_refused() -> None:
    for path in ("town.xodr", "maps/town.xodr.gz", "/maps/town"):
        assert map_file(path) == Path(path)
    with pytest.raises(InputError, match=r"no map is shipped as Town77 \(there is .*demo_town"):
        map_file("Town77")


def test_a_recording_names_its_map(real_recording_path: Path, tmp_path: Path) -> None:
    data = real_recording_path.read_bytes()
    assert recorded_map(real_recording_path, Path("demo_town")) == map_file("demo_town")
    with pytest.raises(InputError, match="recorded in Town01, which is not shipped.*--map"):
        recorded_map(real_recording_path, None)
    # The name is a length of 16 bits, then the text; it stands once, in the header.
    own = tmp_path / "own.log"
    own.write_bytes(data.replace(b"\x06\x00Town01", b"\x09\x00demo_town", 1))
    assert recorded_map(own, None) == map_file("demo_town")
