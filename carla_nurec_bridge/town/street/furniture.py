"""Street lamps, signal poles with their heads, and sign plates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, matrix_from_xyz_rpy
from ...opendrive.heights import height_at
from ...opendrive.model import TRAFFIC_LIGHT, OpenDriveMap
from ...opendrive.raster import Mask
from ...opendrive.signals import signal_facing, signal_place
from ...opendrive.signs import signs
from ...opendrive.stops import StopLine
from ...opendrive.surface import Pavement
from ...rendering.mesh import LIGHT, Mesh, concatenate
from .glyphs import sign_plate
from .parts import (
    Array,
    Label,
    box_quads,
    placed,
    quads,
    tube_quads,
)
from .site import Frontage

_STEEL = (92, 96, 98)
_LAMP_STEEL = (70, 74, 76)
_LAMP_GLASS = (238, 228, 198)
_LAMP_STEP_M = 28.0
_HEAD_M, _OVERHEAD_M, _POLE_M = 2.9, 5.6, 6.1
_ARM_REACH_M = 9.0


@dataclass(frozen=True, eq=False)
class SignalHead:
    """A head of a traffic light: its frame lies at the middle of its back, x to the traffic, z up.

    One signal may have several heads; all show the same state.
    """

    signal_id: str
    map_from_head: Matrix


def lamp_meshes(opendrive: OpenDriveMap, sides: list[Frontage]) -> list[Mesh]:
    """Return lamps on the sidewalks, half a metre behind the kerb, on both sides in turn."""
    meshes = []
    for side in sides:
        first = 6.0 if side.side > 0 else 6.0 + 0.5 * _LAMP_STEP_M
        for s in np.arange(side.s[0] + first, side.s[-1] - 4.0, _LAMP_STEP_M):
            edge, outward, kerb = side.at(float(s))
            if np.hypot(*(edge - kerb)[:2]) < 1.2:
                continue
            foot = kerb[:2] + 0.5 * outward
            heading = float(np.arctan2(-outward[1], -outward[0]))
            meshes.append(_lamp(foot, height_at(opendrive, (foot[0], foot[1], kerb[2])), heading))
    return meshes


def _lamp(foot: Array, z: float, heading: float) -> Mesh:
    steel, glass = _lamp_parts()
    at = (float(foot[0]), float(foot[1]), z, heading)
    return concatenate(
        [
            quads(placed(steel, *at), _LAMP_STEEL, Label.POLES),
            quads(placed(glass, *at), _LAMP_GLASS, Label.POLES, finish=LIGHT),
        ]
    )


@cache
def _lamp_parts() -> tuple[Array, Array]:
    """Return the quads (N, 4, 3) of a lamp's steel and glass; its arm reaches along x."""
    height, reach = 7.0, 1.6
    steel = np.concatenate(
        [
            tube_quads((0, 0, -0.2), (0, 0, 1.0), (0.11, 0.1), 6),
            tube_quads((0, 0, 1.0), (0, 0, height - 0.5), (0.08, 0.05), 6),
            tube_quads((0, 0, height - 0.5), (0.5, 0, height), (0.05, 0.04), 6),
            tube_quads((0.5, 0, height), (reach, 0, height + 0.05), (0.04, 0.04), 6),
            box_quads((reach - 0.1, -0.14, height), (reach + 0.55, 0.14, height + 0.12)),
        ]
    )
    glass = box_quads((reach - 0.02, -0.1, height - 0.02), (reach + 0.48, 0.1, height + 0.02))
    return steel, glass


def signal_parts(
    opendrive: OpenDriveMap, built: Pavement, stops: dict[str, tuple[StopLine, ...]]
) -> tuple[list[Mesh], list[SignalHead]]:
    """Return the poles of all traffic lights and their heads; none for lights beyond the land.

    A light that the file puts over a carriageway hangs on an arm of a pole beside it. Others have
    one head on the pole and, with the lane within 9 m, one on an arm over the lane.
    """
    meshes, heads = [], []
    for signal_id, (road, signal) in opendrive.signals.items():
        if signal.type != TRAFFIC_LIGHT:
            continue
        (x, y, road_z), heading = signal_place(road, signal)
        facing = signal_facing(signal, heading, stops.get(signal_id, ()))
        spot = np.array([x, y])
        row, column = built.grid.cells(spot)
        overhead = bool(built.carriageway[row, column])
        foot = spot
        if overhead:
            edge = built.grid.centres(*_nearest_free(built.carriageway, int(row), int(column)))
            away = edge - spot
            foot = edge + 0.6 * away / max(float(np.hypot(*away)), 1e-6)
        target = spot if overhead else _lane_ahead(spot, facing, stops.get(signal_id, ()))
        base = height_at(opendrive, (foot[0], foot[1], road_z))
        if not np.isfinite(base):
            continue
        tubes = [
            tube_quads((*foot, base - 0.3), (*foot, base + 0.9), (0.13, 0.11), 8),
            tube_quads((*foot, base + 0.9), (*foot, base + _HEAD_M + 0.9), (0.08, 0.07), 8),
        ]
        ahead = np.array([np.cos(facing), np.sin(facing)])
        if not overhead:
            heads.append(_head(signal_id, foot + 0.09 * ahead, base + _HEAD_M, facing))
        if target is not None:
            top = base + _POLE_M
            tubes.append(tube_quads((*foot, base + _HEAD_M), (*foot, top), (0.08, 0.07), 8))
            end = foot + (target - foot) * (1.0 + 0.35 / max(np.hypot(*(target - foot)), 0.35))
            tubes.append(tube_quads((*foot, top - 0.1), (*end, top + 0.1), (0.07, 0.05), 6))
            tubes.append(
                tube_quads((*target, base + _OVERHEAD_M), (*target, top + 0.08), (0.03, 0.03), 6)
            )
            heads.append(_head(signal_id, target + 0.05 * ahead, base + _OVERHEAD_M, facing))
        meshes.append(quads(np.concatenate(tubes), _STEEL, Label.POLES))
    return meshes, heads


def _nearest_free(taken: Mask, row: int, column: int) -> tuple[NDArray, NDArray]:
    """Return (row, column) of the free cell nearest to a taken one; itself where none is free."""
    reach = 16
    while True:
        top, left = max(row - reach, 0), max(column - reach, 0)
        window = taken[top : row + reach + 1, left : column + reach + 1]
        rows, columns = np.nonzero(window == 0)
        apart = np.hypot(rows + top - row, columns + left - column)
        whole = window.shape == taken.shape
        if len(apart) and (whole or apart.min() <= reach):
            nearest = int(apart.argmin())
            return rows[nearest] + top, columns[nearest] + left
        if whole:
            return np.asarray(row), np.asarray(column)
        reach *= 2


def _head(signal_id: str, spot: Array, z: float, facing: float) -> SignalHead:
    pose = matrix_from_xyz_rpy((float(spot[0]), float(spot[1]), z), (0.0, 0.0, facing))
    return SignalHead(signal_id, pose)


def _lane_ahead(spot: Array, facing: float, stops: tuple[StopLine, ...]) -> Array | None:
    """Return the point over the controlled lane beside a pole, None when an arm is too short."""
    if not stops:
        return None
    across = np.array([-np.sin(facing), np.cos(facing)])
    offsets = [float((np.array(stop.position[:2]) - spot) @ across) for stop in stops]
    offset = min(offsets, key=abs)
    if not 1.5 < abs(offset) < _ARM_REACH_M:
        return None
    return spot + offset * across


def sign_meshes(opendrive: OpenDriveMap) -> list[Mesh]:
    """Return posts with plates: speed limits, stop and yield signs."""
    return [
        _sign(sign.position, base, sign.facing, sign.limit or sign.kind.upper())
        for sign in signs(opendrive)
        if np.isfinite(base := height_at(opendrive, sign.position))
    ]


def _sign(place: tuple[float, float, float], base: float, facing: float, kind: str) -> Mesh:
    x, y, _ = place
    post = tube_quads((x, y, base - 0.3), (x, y, base + 2.75), (0.035, 0.035), 6)
    plate = sign_plate(kind)
    spot = (x + 0.06 * np.cos(facing), y + 0.06 * np.sin(facing), base + 2.4, facing)
    moved = placed(plate.vertices, *spot).astype(np.float32)
    return concatenate([quads(post, _STEEL, Label.POLES), plate.with_fields(vertices=moved)])
