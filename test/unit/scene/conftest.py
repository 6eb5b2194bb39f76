"""A small map called like the recorded one, and the scene built from the real recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.scene import Scene, build_scene

MAP = """<?xml version="1.0"?>
<OpenDRIVE><header revMajor="1" revMinor="4" name="Town01">{reference}</header>
<road name="r" length="400" id="1" junction="-1">
<planView><geometry s="0" x="0" y="-133" hdg="0" length="400"><line/></geometry></planView>
<elevationProfile/><lateralProfile/>
<lanes><laneSection s="0">
<center><lane id="0" type="none" level="false"/></center>
<right><lane id="-1" type="driving" level="false">
<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right>
</laneSection></lanes></road></OpenDRIVE>
"""
REFERENCE = "<geoReference>+proj=tmerc +lat_0=48.1351 +lon_0=11.582 {altitude}</geoReference>"


@pytest.fixture(scope="session")
def make_map(tmp_path_factory: pytest.TempPathFactory):
    """Return a function that writes the map with a given geoReference element."""

    def write(reference: str) -> Path:
        path = tmp_path_factory.mktemp("map") / "Town01.xodr"
        path.write_text(MAP.format(reference=reference))
        return path

    return write


@pytest.fixture(scope="session")
def map_path(make_map) -> Path:
    return make_map(REFERENCE.format(altitude="+alt_0=519.5"))


@pytest.fixture(scope="session")
def package(
    map_path: Path, real_recording_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("scene") / "real.usdz"
    build_scene(map_path, real_recording_path, load_rig("demo"), path)
    return path


@pytest.fixture(scope="session")
def built(
    map_path: Path, real_recording_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Scene:
    path = tmp_path_factory.mktemp("again") / "real.usdz"
    return build_scene(map_path, real_recording_path, load_rig("demo"), path)
