from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from odd_maps import road, town

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.opendrive import parse
from carla_nurec_bridge.opendrive.land import land
from carla_nurec_bridge.opendrive.surface import pavement
from carla_nurec_bridge.servers.carla.world.navigation import walk_area
from carla_nurec_bridge.town.level import open_level
from carla_nurec_bridge.town.street import (
    Street,
    build_street,
    cache,
    cached_street,
)

TEXT = config_path("maps", "demo_town.xodr").read_text()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def refuse(*_: object) -> Street:
    raise AssertionError("the street is built although it is in the cache")


def test_the_second_call_maps_what_the_first_one_built(monkeypatch: pytest.MonkeyPatch) -> None:
    first = cached_street(TEXT)
    monkeypatch.setattr(cache, "build_street", refuse)
    second = cached_street(TEXT)
    assert isinstance(second.mesh.vertices, np.memmap)
    assert not second.mesh.triangles.flags.writeable
    for field in ("vertices", "triangles", "colours", "tags", "objects"):
        assert np.array_equal(getattr(first.mesh, field), getattr(second.mesh, field))
    assert [x.signal_id for x in first.lights] == [x.signal_id for x in second.lights]
    assert all(
        np.array_equal(a.map_from_head, b.map_from_head)
        for a, b in zip(first.lights, second.lights, strict=True)
    )


def test_another_text_or_seed_is_another_street() -> None:
    keys = {
        cache.street_key(TEXT, 0),
        cache.street_key(TEXT, 1),
        cache.street_key(TEXT.replace("72.0", "72.00", 1), 0),
    }
    assert len(keys) == 3


@pytest.mark.parametrize("part", ["opendrive", "town/street", "rendering"])
def test_a_street_is_built_anew_when_the_code_that_it_comes_from_changes(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, read = cache.street_key(TEXT, 0), Path.read_bytes

    def changed(path: Path) -> bytes:
        return read(path) + (b"#" if str(path.parent).endswith(part) else b"")

    monkeypatch.setattr(Path, "read_bytes", changed)
    assert cache.street_key(TEXT, 0) != before


OPEN = """
import sys
from pathlib import Path
from carla_nurec_bridge.town.street import cached_street
print("ready", flush=True)
sys.stdin.readline()
street = cached_street(Path(sys.argv[1]).read_text())
print(len(street.mesh.triangles), len(street.lights))
"""


def test_two_processes_at_once_get_the_same_street(own_cache: Path) -> None:
    argv = [sys.executable, "-c", OPEN, str(config_path("maps", "demo_town.xodr"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(argv, **pipes) for _ in range(2)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = {worker.communicate(timeout=250)[0] for worker in workers}
    assert [worker.returncode for worker in workers] == [0, 0]
    expected = build_street(parse(TEXT))
    assert answers == {f"{len(expected.mesh.triangles)} {len(expected.lights)}\n"}
    kept = list((own_cache / "carla_nurec_bridge/streets").iterdir())
    assert [path.name for path in kept] == [cache.street_key(TEXT, 0)]


def test_a_level_is_made_of_one_reading_of_its_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes long on large maps, their pavement and land, is made once for all who need it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    text = town(road(), road(2, 100.0))
    made = pavement.cache_info().misses, land.cache_info().misses
    level = open_level("made", text)
    assert walk_area(level.road_map) is None
    assert (pavement.cache_info().misses, land.cache_info().misses) == (made[0] + 1, made[1] + 1)
