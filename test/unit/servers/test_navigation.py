"""The pedestrians' mesh of the demo town: corners, links, areas, and the bytes of the file."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.opendrive.reading.parser import parse
from carla_nurec_bridge.servers.carla.world import navigation
from carla_nurec_bridge.servers.carla.world.detour import MOST_VERTICES, tile_set
from carla_nurec_bridge.servers.carla.world.navigation import CROSSWALK, WalkArea, walk_area

HEADER_BYTES, POLYGON_BYTES, FILE_HEADER_BYTES = 100, 32, 12 + 28 + 8


@pytest.fixture(scope="module")
def area() -> WalkArea:
    text = config_path("maps", "demo_town.xodr").read_text()
    found = walk_area(parse(text, "demo_town"))
    assert found is not None
    return found


def test_polygons_are_convex_and_turn_left(area: WalkArea) -> None:
    for polygon in area.polygons:
        corners = area.vertices[list(polygon), :2]
        edges = np.roll(corners, -1, axis=0) - corners
        following = np.roll(edges, -1, axis=0)
        assert np.all(edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0] > -1e-6)


def test_every_part_of_the_town_can_be_reached_on_foot(area: WalkArea) -> None:
    by_edge: dict[tuple[int, int], list[int]] = {}
    for index, polygon in enumerate(area.polygons):
        for a, b in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
            by_edge.setdefault((min(a, b), max(a, b)), []).append(index)
    assert max(len(owners) for owners in by_edge.values()) == 2
    reached, todo = {0}, [0]
    beside: dict[int, set[int]] = {}
    for owners in by_edge.values():
        for owner in owners:
            beside.setdefault(owner, set()).update(owners)
    while todo:
        new = beside[todo.pop()] - reached
        reached |= new
        todo += new
    assert len(reached) == len(area.polygons)
    assert CROSSWALK in area.kinds


def test_file_has_the_sizes_that_its_header_promises(area: WalkArea) -> None:
    data = tile_set(area)
    magic, version, tiles = struct.unpack_from("<3i", data)
    assert (magic, version, tiles) == (0x4D534554, 1, 1)
    reference, size = struct.unpack_from("<Ii", data, 40)
    assert size == len(data) - FILE_HEADER_BYTES
    assert reference >= len(area.polygons)
    head = struct.unpack_from("<5iI9i", data, FILE_HEADER_BYTES)
    polygons, vertices, links, details, _, triangles = head[6:12]
    assert (polygons, vertices, details) == (len(area.polygons), len(area.vertices), polygons)
    assert size == (
        HEADER_BYTES
        + 12 * vertices
        + POLYGON_BYTES * polygons
        + 12 * links
        + 12 * details
        + 4 * triangles
    )


def test_edges_of_a_large_map_have_fewer_corners_than_a_tile_holds() -> None:
    block_m = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])
    town = [block_m + (120.0 * i, 120.0 * j) for i in range(25) for j in range(25)]
    corners = navigation._corners(town)
    assert 20_000 < len(corners) < MOST_VERTICES
    apart_m = np.hypot(*np.diff(navigation._corners(town[:1]), axis=0).T)
    assert apart_m.min() == navigation.CORNER_STEP_M


def test_neighbours_name_each_other(area: WalkArea) -> None:
    data = tile_set(area)
    start = FILE_HEADER_BYTES + HEADER_BYTES + 12 * len(area.vertices)
    rows = [
        struct.unpack_from("<I6H6HHBB", data, start + POLYGON_BYTES * i)
        for i in range(len(area.polygons))
    ]
    links = 0
    for number, row in enumerate(rows, start=1):
        for other in (n for n in row[7:13] if n):
            links += 1
            assert number in rows[other - 1][7:13]
    assert links > 2 * len(rows) - 10
