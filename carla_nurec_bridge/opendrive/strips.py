"""The ground that lanes cover: one strip of quads for every lane of every section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .geometry import (
    lane_borders,
    lane_heights,
    road_pose,
    stations,
)
from .model import (
    DRIVABLE,
    Lane,
    LaneSection,
    OpenDriveMap,
    Road,
)

Array = NDArray[np.float64]

KERB_M = 0.12
RAISED = frozenset({"sidewalk", "curb", "median", "walking"})
"""Lane types that stand a kerb above the carriageway unless the file states heights."""
CARRIAGEWAY = DRIVABLE | {"shoulder", "border", "parking", "biking", "stop", "restricted", "bus"}
"""Lane types that are paved and level with the road."""
_MIN_LENGTH_M = 0.02


@dataclass(frozen=True, eq=False)
class Strip:
    """A lane as two rails of points: ``inner`` and ``outer`` (N, 3) at stations ``s`` (N,).

    ``base`` (2, N) is the height of the unraised road under either rail; t values are (N,).
    """

    road: Road
    section: LaneSection
    lane: Lane
    s: Array
    inner_t: Array
    outer_t: Array
    inner: Array
    outer: Array
    base: Array

    @property
    def raised(self) -> bool:
        """Say whether the strip stands above its road."""
        return bool(np.max(self.inner[:, 2] - self.base[0]) > 0.01)

    @property
    def paved(self) -> bool:
        """Say whether the strip is part of the level, paved carriageway."""
        return self.lane.type in CARRIAGEWAY and not self.raised

    def quads(self) -> Array:
        """Return the corners (N - 1, 4, 3) of the quads, counter-clockwise seen from above."""
        left, right = (self.outer, self.inner) if self.lane.id > 0 else (self.inner, self.outer)
        return np.stack([right[:-1], right[1:], left[1:], left[:-1]], axis=1)


def lane_strips(opendrive: OpenDriveMap, step_m: float = 3.0) -> list[Strip]:
    """Return the strips of all lanes that are wider than nothing."""
    return [strip for road in opendrive.roads.values() for strip in _road_strips(road, step_m)]


def _road_strips(road: Road, step_m: float) -> Iterator[Strip]:
    for section in road.sections:
        end = min(section.s_end, road.length)
        if end - section.s < _MIN_LENGTH_M:
            continue
        s = stations(road, section.s, end, step_m)
        borders = lane_borders(road, section, s)
        if not borders:
            continue
        x, y, z, _ = road_pose(road, s, np.array(list(borders.values())))
        for number, (lane_id, (inner_t, outer_t)) in enumerate(borders.items()):
            lane = section.lanes[lane_id]
            if np.max(np.abs(outer_t - inner_t)) < 0.01:
                continue
            raise_by = KERB_M if lane.type in RAISED and not len(lane.heights) else 0.0
            heights = z[number] + np.array(lane_heights(lane, section, s)) + raise_by
            rails = np.stack([x[number], y[number], heights], axis=-1)
            yield Strip(road, section, lane, s, inner_t, outer_t, rails[0], rails[1], z[number])
