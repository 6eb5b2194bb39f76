"""Detour tile sets: the bytes in which the client's pedestrians find their way.

One file is a header, the parameters of the mesh, and one tile (version 7). Detour's axes are
(x, height, y) of CARLA's world.
"""

from __future__ import annotations

import struct

import numpy as np

from .navigation import (
    CROSSWALK,
    SIDEWALK,
    Polygon,
    WalkArea,
)

SET_MAGIC, SET_VERSION = 0x4D534554, 1
TILE_MAGIC, TILE_VERSION = 0x444E4156, 7
FLAGS = {SIDEWALK: 2, CROSSWALK: 4}
NO_LINK = 0xFFFFFFFF
MOST_CORNERS = 6
MOST_POLYGONS = 1 << 16
MOST_VERTICES = 0xFFFE
WALKER_HEIGHT_M, WALKER_RADIUS_M, WALKER_CLIMB_M = 1.8, 0.3, 0.4
MARGIN_M = 1.0
_LINK_BYTES = 12


def tile_set(area: WalkArea) -> bytes:
    """Return a walk area as a Detour file; empty when it has more corners than a tile can hold."""
    if len(area.vertices) > MOST_VERTICES or len(area.polygons) >= MOST_POLYGONS:
        return b""
    points = area.vertices[:, [0, 2, 1]] * (1.0, 1.0, -1.0)
    low, high = points.min(axis=0) - MARGIN_M, points.max(axis=0) + MARGIN_M
    across = _across(area.polygons)
    links = sum(other != 0 for row in across for other in row)
    fans = [len(polygon) - 2 for polygon in area.polygons]
    header = struct.pack(
        "<5iI9i10f",
        TILE_MAGIC,
        TILE_VERSION,
        0,
        0,
        0,
        0,
        len(area.polygons),
        len(points),
        links + 1,
        len(area.polygons),
        0,
        sum(fans),
        0,
        0,
        len(area.polygons),
        WALKER_HEIGHT_M,
        WALKER_RADIUS_M,
        WALKER_CLIMB_M,
        *low,
        *high,
        0.0,
    )
    tile = b"".join(
        (
            header,
            points.astype("<f4").tobytes(),
            *(_polygon(*entry) for entry in zip(area.polygons, across, area.kinds, strict=True)),
            bytes(_LINK_BYTES * (links + 1)),
            *_detail_meshes(fans),
            *(_fan(count) for count in fans),
        )
    )
    # The reference of the only tile: its first salt, above the bits that number polygons.
    reference = 1 << max(len(area.polygons) - 1, 1).bit_length()
    size = high - low
    return b"".join(
        (
            struct.pack("<3i", SET_MAGIC, SET_VERSION, 1),
            struct.pack("<5f2i", *low, size[0], size[2], 1, reference),
            struct.pack("<Ii", reference, len(tile)),
            tile,
        )
    )


def _across(polygons: tuple[Polygon, ...]) -> list[list[int]]:
    """Return for every edge of every polygon the number (from 1) of its neighbour, 0 for none."""
    sides = {
        edge: index
        for index, polygon in enumerate(polygons, start=1)
        for edge in zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    }
    return [
        [sides.get((b, a), 0) for a, b in zip(polygon, (*polygon[1:], polygon[0]), strict=True)]
        for polygon in polygons
    ]


def _polygon(corners: Polygon, across: list[int], kind: int) -> bytes:
    spare = [0] * (MOST_CORNERS - len(corners))
    return struct.pack(
        "<I6H6HHBB", NO_LINK, *corners, *spare, *across, *spare, FLAGS[kind], len(corners), kind
    )


def _detail_meshes(fans: list[int]) -> list[bytes]:
    starts = np.cumsum([0, *fans])
    return [
        struct.pack("<2I2B2x", 0, start, 0, count)
        for start, count in zip(starts.tolist(), fans, strict=False)
    ]


def _fan(count: int) -> bytes:
    """Return the triangles of a polygon; the last byte marks, two bits each, its outer sides."""
    return b"".join(
        struct.pack("<4B", 0, i, i + 1, (i == 1) | 1 << 2 | (i == count) << 4)
        for i in range(1, count + 1)
    )
