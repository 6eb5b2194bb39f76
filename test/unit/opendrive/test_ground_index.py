"""The ground's index on disk: what is read is what was built, and a broken file is built anew."""

from __future__ import annotations

import errno
import logging
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.opendrive import parse
from carla_nurec_bridge.opendrive.ground import index as ground
from carla_nurec_bridge.opendrive.ground.triangle_grid import TriangleGrid

TEXT = config_path("maps", "demo_town.xodr").read_text()


def same(one: ground.GroundIndex, other: ground.GroundIndex) -> bool:
    pairs = [
        (getattr(getattr(one, grid), f.name), getattr(getattr(other, grid), f.name))
        for grid in ("road", "land")
        for f in fields(TriangleGrid)
    ]
    pairs.append((one.owners, other.owners))
    return all(
        type(a) is type(b) and np.array_equal(a, b) and np.asarray(a).dtype == np.asarray(b).dtype
        for a, b in pairs
    )


def test_what_is_read_is_what_was_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    look = ground.ground_index.__wrapped__
    road_map = parse(TEXT, "demo_town")
    built = look(road_map)
    (file,) = (tmp_path / "carla_nurec_bridge" / "grounds").iterdir()
    with monkeypatch.context() as patched:
        patched.setattr(ground, "_built", lambda _: pytest.fail("it was built before"))
        assert same(look(road_map), built)
    whole = file.read_bytes()
    for broken in (b"", whole[:5000], bytes(len(whole))):
        file.write_bytes(broken)
        with monkeypatch.context() as patched:
            patched.setattr(ground, "_built", lambda _: built)
            assert look(road_map) is built
        with monkeypatch.context() as patched:
            patched.setattr(ground, "_built", lambda _: pytest.fail("it was mended"))
            assert same(look(road_map), built)


def test_a_full_disk_costs_the_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    grid = TriangleGrid(*(np.zeros(1) for _ in fields(TriangleGrid)))
    built = ground.GroundIndex(grid, grid, np.zeros(1, np.int32))
    monkeypatch.setattr(ground, "_built", lambda _: built)
    monkeypatch.setattr(os, "fsync", full)
    with caplog.at_level(logging.WARNING):
        assert ground.ground_index.__wrapped__(parse(TEXT, "demo_town")) is built
    assert "No space left on device" in caplog.text
    assert list((tmp_path / "carla_nurec_bridge" / "grounds").iterdir()) == []


def test_a_home_that_cannot_be_written_to_costs_the_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    built = object()
    monkeypatch.setattr(ground, "_built", lambda _: built)
    with caplog.at_level(logging.WARNING):
        assert ground.ground_index.__wrapped__(parse(TEXT, "demo_town")) is built
    assert "cannot make the cache folder" in caplog.text
