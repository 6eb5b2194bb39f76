"""Where a scenario takes place, by the map under what is seen and by semantic images."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...evaluation.incidents.lanes import LaneAt, MapLanes
from ...opendrive import OpenDriveMap
from ...opendrive.model import DRIVABLE
from ...world.semantic_tags import semantic_tags
from ..store.reader import StoredScenario
from .values import Layout, PlaceFacts, Setting

_SAMPLED_FRAMES = 3
_GRID = (48, 27)
_NEAR_M = 40.0
_AT_INTERSECTION = 0.15
_BEND_RAD = math.radians(8.0)
_BUILT_UP, _GREEN = 0.05, 0.15
_LEAST_SHARE, _SEEN_SHARE = 0.01, 1e-4
_ROAD_TAGS = ("road", "road_line", "ground")
Points = NDArray[np.float64]


def place_of(
    scenario: StoredScenario,
    cameras: Sequence[str],
    opendrive: OpenDriveMap | None,
    driven: Sequence[LaneAt],
) -> PlaceFacts:
    """Return where cameras look: at most 40 m away, in the first, middle and last frame.

    ``driven`` are the lanes under the vehicles that are there; they tell the layout where no
    camera has depth and semantic images.
    """
    shares = _shares(scenario, cameras)
    layout: Layout | None = None
    lanes_there = crossing = None
    if opendrive is not None:
        lanes = MapLanes(opendrive)
        ground = _ground(scenario, cameras)
        seen = [lane for lane in lanes.at(ground) if lane is not None] if len(ground) else []
        under = seen or list(driven)
        layout, lanes_there = _layout(under), _lanes_there(under, opendrive)
        if len(ground):
            crossing = any(lanes.on_crosswalk(point) for point in ground)
    return PlaceFacts(
        map_name=scenario.truth.map_name,
        layout=layout,
        driving_lanes=lanes_there,
        traffic_lights=None if shares is None else shares["traffic_light"] >= _SEEN_SHARE,
        crossing=crossing,
        setting=None if shares is None else _setting(shares),
        surfaces={name: share for name, share in (shares or {}).items() if share >= _LEAST_SHARE},
    )


def _frames(scenario: StoredScenario) -> list[int]:
    last = scenario.truth.frames - 1
    return sorted({round(part * last / (_SAMPLED_FRAMES - 1)) for part in range(_SAMPLED_FRAMES)})


def _has(scenario: StoredScenario, camera: str, kind: str, number: int) -> bool:
    return scenario.image_path(camera, kind, number).is_file()


def _shares(scenario: StoredScenario, cameras: Sequence[str]) -> dict[str, float] | None:
    """Return the share of pixels that each semantic tag has, the largest first."""
    counts = np.zeros(256, np.int64)
    for camera in cameras:
        for number in _frames(scenario):
            if _has(scenario, camera, "semantic_segmentation", number):
                tags = scenario.image(camera, "semantic_segmentation", number)
                counts += np.bincount(tags.ravel(), minlength=256)
    if not counts.any():
        return None
    named = {one.name: counts[one.tag] / counts.sum() for one in semantic_tags()}
    return dict(sorted(named.items(), key=lambda item: -item[1]))


def _ground(scenario: StoredScenario, cameras: Sequence[str]) -> Points:
    """Return points (N, 3) in the map of the road that cameras see near them."""
    road = [one.tag for one in semantic_tags() if one.name in _ROAD_TAGS]
    found = [np.empty((0, 3))]
    for camera in cameras:
        calibration = scenario.calibration(camera)
        across, down = (
            (np.arange(count) + 0.5) * size / count
            for count, size in zip(_GRID, (calibration.width, calibration.height), strict=True)
        )
        pixels = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
        rays, exist = calibration.model().unproject(np.floor(pixels) + 0.5)
        columns, rows = pixels[:, 0].astype(int), pixels[:, 1].astype(int)
        for number in _frames(scenario):
            kinds = ("depth", "semantic_segmentation")
            if not all(_has(scenario, camera, kind, number) for kind in kinds):
                continue
            depth, tags = (scenario.image(camera, kind, number)[rows, columns] for kind in kinds)
            good = exist & np.isin(tags, road) & (rays[:, 2] > 1e-3) & (depth < _NEAR_M)
            points = rays[good] * (depth[good] / rays[good, 2])[:, None]
            pose = calibration.pose(number)
            found.append(points @ pose[:3, :3].T + pose[:3, 3])
    return np.concatenate(found)


def _layout(lanes: Sequence[LaneAt]) -> Layout | None:
    if not lanes:
        return None
    if sum(lane.in_junction for lane in lanes) >= _AT_INTERSECTION * len(lanes):
        return "intersection"
    road = _main_road(lanes)
    # Lanes of both directions lie along one line: doubled angles are equal.
    doubled = np.array([2.0 * x.heading_rad for x in lanes if x.key[0] == road])
    middle = np.angle(np.exp(1j * doubled).mean())
    off_rad = np.abs(np.angle(np.exp(1j * (doubled - middle)))) / 2.0
    return "bend" if float(off_rad.max()) > _BEND_RAD else "straight_road"


def _lanes_there(lanes: Sequence[LaneAt], opendrive: OpenDriveMap) -> int | None:
    outside = [lane for lane in lanes if not lane.in_junction]
    if not outside:
        return None
    road_id = _main_road(outside)
    ((_, s_mm), _), *_ = Counter(x.key[:2] for x in outside if x.key[0] == road_id).most_common(1)
    section = opendrive.roads[road_id].section_at(s_mm / 1000.0)
    return sum(lane.id != 0 and lane.type in DRIVABLE for lane in section.lanes.values())


def _main_road(lanes: Sequence[LaneAt]) -> str:
    ((road, _), *_) = Counter(lane.key[0] for lane in lanes).most_common(1)
    return road


def _setting(shares: dict[str, float]) -> Setting | None:
    if shares["building"] >= _BUILT_UP:
        return "built_up"
    plants = shares["vegetation"] + shares["terrain"]
    return "green" if plants >= _GREEN else None
