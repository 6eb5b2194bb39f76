"""All the lanes over a point, and how far points are from where vehicles may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.loading.deferred import deferred
from ..opendrive.geometry import speed_limit
from ..opendrive.model import DRIVABLE, LaneSection, OpenDriveMap, Road
from ..opendrive.strips import CARRIAGEWAY, Strip
from ..opendrive.surface import pavement

spatial = deferred("scipy.spatial")

Array = NDArray[np.float64]
Ground = Literal["lanes", "lanes_and_parking", "carriageway"]
"""Driving lanes; these and parking; everything paved and level, closed junctions too."""

_SAME_PLACE_M = 2.5
_NEAREST = 32
_SLACK_M = 1e-6
_FAR_M = 1e3
_NEXT = [1, 2, 0]
_GROUNDS: tuple[Ground, ...] = ("lanes", "lanes_and_parking", "carriageway")


@dataclass(frozen=True)
class LaneSpot:
    """A driving lane at a place: its number in the map, and what holds there.

    ``heading_rad`` is that of its traffic; ``limit_mps`` is None where no limit is set.
    """

    lane: int
    road_id: str
    lane_id: int
    heading_rad: float
    in_junction: bool
    limit_mps: float | None

    @property
    def name(self) -> str:
        """OpenDRIVE's road and lane, as ``12.-1``."""
        return f"{self.road_id}.{self.lane_id}"


class LaneCover:
    """The lanes of a map as triangles that are asked about points."""

    def __init__(self, opendrive: OpenDriveMap) -> None:
        built = pavement(opendrive)
        kept = zip(built.strips, built.kept, strict=True)
        strips = [(strip, keep) for strip, keep in kept if strip.lane.type in CARRIAGEWAY]
        pieces = [_triangles(strip, keep) for strip, keep in strips]
        corners = np.concatenate([piece[0] for piece in pieces])
        self._corners = corners[:, :, :2]
        self._z = corners[:, :, 2].mean(axis=1)
        self._spots = [
            spot for n, (strip, keep) in enumerate(strips) for spot in _spots(n, strip, keep)
        ]
        types = np.concatenate(
            [np.full(len(p[0]), s.lane.type) for p, (s, _) in zip(pieces, strips, strict=True)]
        )
        on_lanes = np.isin(types, list(DRIVABLE))
        self._of = {
            "lanes": on_lanes,
            "lanes_and_parking": on_lanes | (types == "parking"),
            "carriageway": np.ones(len(types), bool),
        }
        middles = self._corners.mean(axis=1)
        self._reach_m = float(np.linalg.norm(self._corners - middles[:, None], axis=2).max())
        self._trees = {
            ground: (np.flatnonzero(self._of[ground]), spatial.cKDTree(middles[self._of[ground]]))
            for ground in _GROUNDS
            if self._of[ground].any()
        }
        self._fillings = built.fillings
        self._joined = _joined(opendrive, [strip for strip, _ in strips])

    def over(self, points: Array) -> list[tuple[LaneSpot, ...]]:
        """Return the driving lanes over each of points (N, 2 or 3); several in junctions.

        A lane more than 2.5 m above or below a point that has a height is not there.
        """
        if "lanes" not in self._trees:
            return [() for _ in points]
        which, tree = self._trees["lanes"]
        near = tree.query_ball_point(points[:, :2], self._reach_m)
        rows = np.repeat(np.arange(len(points)), [len(each) for each in near])
        candidates = which[np.concatenate(near).astype(np.int64)]
        there = _inside(points[rows, :2], self._corners[candidates])
        if points.shape[1] > 2:
            there &= np.abs(self._z[candidates] - points[rows, 2]) < _SAME_PLACE_M
        spots: list[dict[int, LaneSpot]] = [{} for _ in points]
        inside = np.flatnonzero(there)
        order = inside[np.argsort(candidates[inside], kind="stable")]
        for row, triangle in zip(rows[order].tolist(), candidates[order].tolist(), strict=True):
            spot = self._spots[triangle]
            spots[row][spot.lane] = spot
        return [tuple(found[lane] for lane in sorted(found)) for found in spots]

    def nearest(self, point: Array) -> tuple[LaneSpot, float] | None:
        """Return the driving lane nearest to a point (3,), and how far it is in metres."""
        if "lanes" not in self._trees:
            return None
        which, tree = self._trees["lanes"]
        _, near = tree.query(point[:2], k=min(_NEAREST, len(which)))
        candidates = which[np.atleast_1d(near)]
        away = self._distances(point, candidates)
        best = int(np.argmin(away))
        return self._spots[int(candidates[best])], float(away[best])

    def outside_m(self, points: Array, ground: Ground) -> Array:
        """Return how far (N,) points (N, 3) are outside a kind of ground, zero on it.

        Ground more than 2.5 m above or below does not count; 1000 m stands for none at all.
        """
        away = np.full(len(points), _FAR_M)
        if ground in self._trees:
            which, tree = self._trees[ground]
            _, near = tree.query(points[:, :2], k=min(_NEAREST, len(which)))
            for row, (point, ids) in enumerate(
                zip(points, near.reshape(len(points), -1), strict=True)
            ):
                away[row] = min(float(self._distances(point, which[ids]).min()), _FAR_M)
        if ground == "carriageway" and len(self._fillings):
            for row in np.flatnonzero(away > 0.0).tolist():
                away[row] = min(away[row], self._from_fillings(points[row]))
        return away

    def connected(self, lane: int, other: int) -> bool:
        """Say whether two lanes are one, or follow each other."""
        return lane == other or (lane, other) in self._joined

    def _distances(self, point: Array, triangles: NDArray[np.int64]) -> Array:
        away = _distance_m(point[:2], self._corners[triangles])
        return np.where(np.abs(self._z[triangles] - point[2]) < _SAME_PLACE_M, away, np.inf)

    def _from_fillings(self, point: Array) -> float:
        low, high = self._fillings[:, 0], self._fillings[:, 2]
        beyond = np.maximum(low[:, :2] - point[:2], point[:2] - high[:, :2]).clip(0.0)
        level = np.abs(low[:, 2] - point[2]) < _SAME_PLACE_M
        return float(np.where(level, np.hypot(beyond[:, 0], beyond[:, 1]), _FAR_M).min())


@lru_cache(maxsize=4)
def lane_cover(opendrive: OpenDriveMap) -> LaneCover:
    """Return the lanes of a map, built on first use and kept."""
    return LaneCover(opendrive)


def _triangles(strip: Strip, keep: NDArray[np.bool_]) -> tuple[Array, Array]:
    quads = strip.quads()[keep]
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]), quads


def _spots(number: int, strip: Strip, keep: NDArray[np.bool_]) -> list[LaneSpot]:
    """Return what holds on the triangles of a strip, in their order."""
    road, section, lane = strip.road, strip.section, strip.lane
    middle = 0.5 * (strip.inner + strip.outer)
    ahead = np.diff(middle, axis=0)[keep] * (1.0 if road.forward(lane.id) else -1.0)
    headings = np.arctan2(ahead[:, 1], ahead[:, 0]).tolist()
    s = (0.5 * (strip.s[:-1] + strip.s[1:]))[keep].tolist()
    junction = road.junction is not None
    spots = [
        LaneSpot(number, road.id, lane.id, h, junction, speed_limit(road, lane, section, at))
        for h, at in zip(headings, s, strict=True)
    ]
    return [*spots, *spots]


def _inside(points: Array, triangles: Array) -> NDArray[np.bool_]:
    """Say which triangles (N, 3, 2) a point (2,), or each of points (N, 2), lies in, edges too."""
    a, b = triangles, triangles[:, _NEXT]
    cross = (b[..., 0] - a[..., 0]) * (points[..., 1, None] - a[..., 1])
    cross = cross - (b[..., 1] - a[..., 1]) * (points[..., 0, None] - a[..., 0])
    return np.asarray((cross >= -_SLACK_M).all(axis=1) | (cross <= _SLACK_M).all(axis=1))


def _distance_m(point: Array, triangles: Array) -> Array:
    """Return how far (N,) a point is from triangles (N, 3, 2), zero inside."""
    a = triangles
    along = triangles[:, _NEXT] - a
    length = np.maximum((along**2).sum(axis=2), 1e-18)
    share = np.clip(((point - a) * along).sum(axis=2) / length, 0.0, 1.0)
    away = np.linalg.norm(a + share[..., None] * along - point, axis=2).min(axis=1)
    return np.where(_inside(point, triangles), 0.0, away)


def _joined(opendrive: OpenDriveMap, strips: list[Strip]) -> set[tuple[int, int]]:
    """Return which lanes follow each other, both ways round."""
    numbers = {(s.road.id, s.section.s, s.lane.id): n for n, s in enumerate(strips)}
    joined = set()
    for one, other in _links(opendrive):
        if one in numbers and other in numbers:
            joined |= {(numbers[one], numbers[other]), (numbers[other], numbers[one])}
    return joined


_Key = tuple[str, float, int]


def _links(opendrive: OpenDriveMap) -> Iterator[tuple[_Key, _Key]]:
    for road in opendrive.roads.values():
        for number, section in enumerate(road.sections):
            for lane in section.lanes.values():
                here = (road.id, section.s, lane.id)
                if lane.successor is not None:
                    yield from ((here, x) for x in _after(opendrive, road, number, lane.successor))
                if lane.predecessor is not None and number == 0:
                    link = road.predecessor
                    if link is not None and link.kind == "road" and link.id in opendrive.roads:
                        end = _end(opendrive.roads[link.id], link.contact == "start")
                        yield here, (link.id, end.s, lane.predecessor)
    for junction in opendrive.junctions.values():
        for connection in junction.connections:
            if not {connection.incoming, connection.connecting} <= opendrive.roads.keys():
                continue
            incoming = opendrive.roads[connection.incoming]
            connecting = opendrive.roads[connection.connecting]
            link = incoming.successor
            at_end = link is not None and link.kind == "junction" and link.id == junction.id
            begin = _end(connecting, connection.contact == "start")
            for lane_id, other_id in connection.links:
                before = _end(incoming, not at_end)
                yield (incoming.id, before.s, lane_id), (connecting.id, begin.s, other_id)


def _after(opendrive: OpenDriveMap, road: Road, number: int, lane_id: int) -> Iterator[_Key]:
    if number + 1 < len(road.sections):
        yield road.id, road.sections[number + 1].s, lane_id
    elif road.successor is not None and road.successor.kind == "road":
        following = opendrive.roads.get(road.successor.id)
        if following is not None:
            yield following.id, _end(following, road.successor.contact == "start").s, lane_id


def _end(road: Road, at_start: bool) -> LaneSection:
    return road.sections[0 if at_start else -1]
