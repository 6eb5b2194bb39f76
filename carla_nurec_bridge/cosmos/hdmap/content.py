"""What an HD map video shows of a street: lines, crossings, traffic lights and signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, matrix_from_xyz_rpy
from ...opendrive import OpenDriveMap
from ...opendrive.lines import LineKind, lane_lines
from ...opendrive.model import TRAFFIC_LIGHT
from ...opendrive.signals import signal_facing, signal_place
from ...opendrive.signs import signs
from ...opendrive.stops import Point, stop_lines
from ...town.street.marks import crosswalk_outlines
from ...world.fixtures import Fixture
from ...world.object_classes import ObjectClass

Array = NDArray[np.float64]
Rgb = tuple[int, int, int]

LINE_COLOURS: dict[LineKind, Rgb] = {
    "edge": (220, 60, 60),
    "solid": (240, 240, 240),
    "broken": (110, 170, 255),
    "stop": (255, 210, 60),
}
LINE_WIDTHS_M: dict[LineKind, float] = {"edge": 0.2, "solid": 0.15, "broken": 0.15, "stop": 0.4}
CROSSING_COLOUR: Rgb = (150, 90, 200)
SIGN_COLOUR: Rgb = (200, 200, 90)
LIGHT_COLOURS: dict[str, Rgb] = {
    "red": (255, 40, 40),
    "yellow": (255, 190, 0),
    "green": (40, 230, 90),
    "off": (120, 120, 120),
}
BOX_COLOURS: dict[ObjectClass, Rgb] = {
    ObjectClass.CAR: (60, 130, 255),
    ObjectClass.VAN: (50, 190, 210),
    ObjectClass.TRUCK: (255, 150, 40),
    ObjectClass.BUS: (255, 200, 40),
    ObjectClass.MOTORCYCLE: (200, 90, 255),
    ObjectClass.BICYCLE: (130, 255, 90),
    ObjectClass.PEDESTRIAN: (255, 90, 120),
}
OTHER_BOX: Rgb = (160, 160, 160)

_PIECE_M = 3.0
_HEAD_SIZE_M, _HEAD_ABOVE_M = (0.3, 0.35, 1.0), 3.4
_PLATE_SIZE_M, _PLATE_ABOVE_M = (0.1, 0.7, 0.7), 2.4


@dataclass(frozen=True, eq=False)
class HdMap:
    """The fixed part of an HD map, in the map frame, metres.

    ``segments`` (N, 2, 3) are pieces of lines up to 3 m long, ``colours`` (N, 3) and ``widths``
    (N,) theirs; ``crossings`` are outlines (M, 3).
    """

    segments: Array
    colours: NDArray[np.uint8]
    widths: Array
    crossings: tuple[Array, ...]
    fixtures: tuple[Fixture, ...]


def hd_map(opendrive: OpenDriveMap, fixtures: Sequence[Fixture] | None = None) -> HdMap:
    """Return the fixed part of a map; without ``fixtures`` lights and signs are OpenDRIVE's."""
    segments, colours, widths = [], [], []
    for line, kind in lane_lines(opendrive):
        pieces = _pieces(line)
        segments.append(pieces)
        colours += [LINE_COLOURS[kind]] * len(pieces)
        widths += [LINE_WIDTHS_M[kind]] * len(pieces)
    return HdMap(
        np.concatenate(segments) if segments else np.zeros((0, 2, 3)),
        np.array(colours, np.uint8).reshape(-1, 3),
        np.array(widths),
        tuple(crosswalk_outlines(opendrive)),
        tuple(_fixtures(opendrive) if fixtures is None else fixtures),
    )


def _pieces(line: Array) -> Array:
    """Cut a polyline (N, 3) into segments (M, 2, 3) of at most 3 m."""
    found = []
    for here, then in pairwise(line):
        count = max(int(np.ceil(np.linalg.norm(then - here) / _PIECE_M)), 1)
        cuts = here + (then - here) * (np.arange(count + 1) / count)[:, None]
        found.append(np.stack([cuts[:-1], cuts[1:]], axis=1))
    return np.concatenate(found) if found else np.zeros((0, 2, 3))


def _fixtures(opendrive: OpenDriveMap) -> list[Fixture]:
    """Return lights and signs where OpenDRIVE puts their posts, at a usual height above them."""
    stops = stop_lines(opendrive)
    found = []
    for signal_id, (road, signal) in opendrive.signals.items():
        if signal.type == TRAFFIC_LIGHT:
            place, heading = signal_place(road, signal)
            facing = signal_facing(signal, heading, stops.get(signal_id, ()))
            pose = _above(place, _HEAD_ABOVE_M, facing)
            found.append(Fixture("light", signal_id, pose, _HEAD_SIZE_M, pose[:3, 0]))
    for sign in signs(opendrive):
        pose = _above(sign.position, _PLATE_ABOVE_M, sign.facing)
        found.append(Fixture("sign", sign.id, pose, _PLATE_SIZE_M, pose[:3, 0]))
    return found


def _above(place: Point, height_m: float, facing: float) -> Matrix:
    x, y, z = place
    return matrix_from_xyz_rpy((x, y, z + height_m), (0.0, 0.0, facing))
