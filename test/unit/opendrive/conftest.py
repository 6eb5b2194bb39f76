"""Maps for the tests: our own town, small ones made for one purpose, and real ones if at hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from realdata import real

from carla_nurec_bridge.opendrive import (
    OpenDriveMap,
    map_name,
    parse,
    read_opendrive,
)

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "config/maps/demo_town.xodr"
EVERY = [
    "demo_town",
    "Town01.xodr.gz",
    "Town10HD.xodr.gz",
    "Town03_2019.xodr.gz",
    "TemplateOpenDrive.xodr",
    "esmini/curves_elevation.xodr",
    "esmini/e6mini.xodr",
    "esmini/fabriksgatan.xodr",
    "esmini/fabriksgatan_traffic_lights.xodr",
    "esmini/jolengatan.xodr",
    "esmini/straight_500m_signs.xodr",
    "esmini/two_plus_one.xodr",
]


def real_map(name: str) -> Path:
    """Return the path of a real map; CARLA's own towns are not part of this repository."""
    return real(f"opendrive/{name}")


@cache
def opened(path: Path) -> tuple[OpenDriveMap, str]:
    """Return a map and the text that clients of it get, read once for all tests."""
    read = parse(read_opendrive(path), map_name(path))
    return read, read.text


@pytest.fixture(scope="session")
def demo() -> OpenDriveMap:
    """Return the demo town."""
    return opened(DEMO)[0]


@pytest.fixture(scope="session")
def town01() -> OpenDriveMap:
    """Return CARLA's Town01."""
    return opened(real_map("Town01.xodr.gz"))[0]


@pytest.fixture(params=EVERY)
def any_map(request: pytest.FixtureRequest) -> tuple[OpenDriveMap, str]:
    """Return each map in turn with its text."""
    return opened(DEMO if request.param == "demo_town" else real_map(request.param))


@pytest.fixture(scope="session")
def make_road() -> Callable[..., str]:
    """Return the maker of one road's XML."""
    return road_xml


@pytest.fixture(scope="session")
def make_map() -> Callable[..., OpenDriveMap]:
    """Return a function from roads' XML to the parsed map."""
    return lambda *roads, more="": parse(map_xml(*roads, more=more), "made")


def road_xml(
    geometry: str = '<geometry s="0" x="0" y="0" hdg="0" length="100"><line/></geometry>',
    *,
    length: float = 100.0,
    road_id: int = 1,
    elevation: str = "",
    lateral: str = "",
    offset: str = "",
    lane: str = '<width sOffset="0" a="3.5" b="0" c="0" d="0"/>',
    more: str = "",
) -> str:
    """Return a road with one driving lane and one sidewalk on its right side."""
    return f"""
    <road name="r{road_id}" length="{length}" id="{road_id}" junction="-1">
      <planView>{geometry}</planView>
      <elevationProfile>{elevation}</elevationProfile>
      <lateralProfile>{lateral}</lateralProfile>
      <lanes>{offset}
        <laneSection s="0">
          <center><lane id="0" type="none" level="false"/></center>
          <right>
            <lane id="-1" type="driving" level="false">{lane}</lane>
            <lane id="-2" type="sidewalk" level="false">
              <width sOffset="0" a="2" b="0" c="0" d="0"/>
            </lane>
          </right>
        </laneSection>
      </lanes>{more}
    </road>"""


def map_xml(*roads: str, more: str = "") -> str:
    """Return an OpenDRIVE text of roads."""
    header = '<header revMajor="1" revMinor="4" name="" version="1" date=""/>'
    return f'<?xml version="1.0"?><OpenDRIVE>{header}{"".join(roads)}{more}</OpenDRIVE>'
