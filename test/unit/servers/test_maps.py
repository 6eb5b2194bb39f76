"""Maps by name: CARLA's ``_Opt`` twins, files that come and go, and spawn points listed beside."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.servers.carla.calls.world import get_map_info
from carla_nurec_bridge.town.level import open_level
from carla_nurec_bridge.town.maps import MapLibrary, find_maps
from carla_nurec_bridge.town.spawn_list import ListedSpawn, read_spawn_list

if TYPE_CHECKING:
    from conftest import World

TOWN = config_path("maps", "demo_town.xodr")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with Town05 and the layered Town10HD only."""
    (tmp_path / "Town05.xodr").write_bytes(TOWN.read_bytes())
    (tmp_path / "Town10HD_Opt.xodr.gz").write_bytes(gzip.compress(TOWN.read_bytes()))
    return tmp_path


def write_list(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.spawn_points.csv"
    path.write_text(text)
    return path


def test_each_map_has_its_twin_with_and_without_layers(folder: Path) -> None:
    library = MapLibrary(folder)
    assert library.names() == ["Town05", "Town05_Opt", "Town10HD", "Town10HD_Opt"]
    for name in ("Town05_Opt", "/Game/Carla/Maps/Town10HD"):
        source = library.read(name)
        assert source.name == name.rsplit("/", 1)[-1]
        assert source.text == TOWN.read_text()


def test_a_twin_that_lies_there_is_the_one_that_is_read(folder: Path) -> None:
    other = TOWN.read_text().replace("<OpenDRIVE", "<!-- layered --><OpenDRIVE")
    (folder / "Town05_Opt.xodr").write_text(other)
    library = MapLibrary(folder)
    assert library.names().count("Town05_Opt") == 1
    assert library.read("Town05_Opt").text == other
    assert library.read("Town05").text != other


def test_files_are_seen_as_they_come_and_go(folder: Path) -> None:
    library = MapLibrary(folder)
    with pytest.raises(InputError, match=r"Map 'Town07' not found in .*Town05"):
        library.read("Town07")
    (folder / "Town07.xodr").write_bytes(TOWN.read_bytes())
    assert "Town07_Opt" in library.names()
    assert library.read("Town07").name == "Town07"
    (folder / "Town07.xodr").unlink()
    assert "Town07" not in library.names()


@pytest.mark.parametrize("wanted", ["Town05", "Town05_Opt", "/Game/Carla/Maps/Town05_Opt"])
def test_a_server_starts_on_either_name(folder: Path, wanted: str) -> None:
    library, name = find_maps(wanted, folder)
    assert name == wanted.rsplit("/", 1)[-1]
    assert library.path(name) == folder / "Town05.xodr"


def test_listed_spawn_points_are_taken_in_their_order(folder: Path) -> None:
    write_list(folder, "Town05", "x,y,z,pitch,yaw,roll\n1.5,-2,0.3,0,90,0\n 3, 4, 0.5, 1, -2, 3\n")
    assert MapLibrary(folder).read("Town05_Opt").spawns == (
        ListedSpawn(1.5, -2.0, 0.3, 0.0, 90.0, 0.0),
        ListedSpawn(3.0, 4.0, 0.5, 1.0, -2.0, 3.0),
    )
    write_list(folder, "Town05_Opt", "index,x,y,z\n0,7,8,9\n")
    assert MapLibrary(folder).read("Town05_Opt").spawns == (ListedSpawn(7.0, 8.0, 9.0),)
    write_list(folder, "Town05_Opt", "0,1.5,2.5,3.5\n1,-4,5,6\n")
    assert MapLibrary(folder).read("Town05_Opt").spawns == (
        ListedSpawn(1.5, 2.5, 3.5),
        ListedSpawn(-4.0, 5.0, 6.0),
    ), "as CARLA's own tool writes it"
    assert MapLibrary(folder).read("Town10HD").spawns is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must name the columns"),
        ("x,y\n1,2\n", "must name the columns"),
        ("x,y,z,heading\n1,2,3,4\n", "must name the columns"),
        ("x,y,z\n1,2,3\n1,two,3\n", "line 3 of .* is no spawn point"),
        ("x,y,z\n1,2\n", "line 2 of .* is no spawn point"),
        ("x,y,z\n1,2,inf\n", "line 2 of .* not finite"),
        ("x,y,z\n1,2,3,4\n", "line 2 of .* more values"),
    ],
)
def test_a_list_that_is_none_is_named(folder: Path, text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_spawn_list(write_list(folder, "Town05", text))


def test_clients_are_told_the_listed_points(
    world: World, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    computed = world.simulation.episode.level.spawns
    (x, y, z), (_, yaw, _) = computed[3]
    write_list(folder, "Town05", f"index,x,y,z\n0,{x},{y},{z}\n1,9999,9999,0\n")
    source = MapLibrary(folder).read("Town05")
    with caplog.at_level(logging.WARNING):
        level = open_level(source.name, source.text, source.spawns)
    assert len(level.spawns) == 2
    location, (pitch, turned, roll) = level.spawns[0]
    assert location == (x, y, z)
    assert (pitch, roll) == (0.0, 0.0)
    assert (turned - yaw + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=0.01)
    assert level.spawns[1][0] == (9999.0, 9999.0, 0.0)
    assert "1 of 2 listed spawn points lie beside all lanes" in caplog.text
    before = world.simulation.maps
    world.simulation.maps = MapLibrary(folder)
    world.simulation.load("Town05_Opt")
    info = get_map_info(world.simulation)
    world.simulation.maps = before
    world.simulation.load("demo_town")
    assert info.name == "Carla/Maps/Town05_Opt"
    assert [point.location for point in info.spawn_points] == [(x, y, z), (9999.0, 9999.0, 0.0)]
