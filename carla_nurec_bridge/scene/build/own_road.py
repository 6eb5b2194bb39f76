"""A road along a drive, for those that no OpenDRIVE map was made of."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from ...core.errors import InputError
from ...core.frames import Matrix
from ..geodesy import GeoReference, projection
from .samples import Vectors

LANE_M = 3.5
_SHOULDER_M = 1.5
_STEP_M = 2.0
_SMOOTH_M = 3.0
_PIECE_M = 5.0
_BEYOND_M = 40.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def road_along(map_from_base: Matrix, place: GeoReference, name: str) -> str:
    """Return an OpenDRIVE text: one road of two lanes, the drive (N, 4, 4) in its right one.

    It begins and ends 40 m beyond the drive and follows its heights. InputError when the drive is
    shorter than 4 m.
    """
    centre = _centre_line(map_from_base)
    root = ElementTree.Element("OpenDRIVE")
    header = ElementTree.SubElement(
        root,
        "header",
        revMajor="1",
        revMinor="5",
        name=name,
        date="2025-01-01T00:00:00",
        north="0",
        south="0",
        east="0",
        west="0",
    )
    ElementTree.SubElement(header, "geoReference").text = projection(place)
    road = ElementTree.SubElement(root, "road", name=name, id="1", junction="-1", rule="RHT")
    ElementTree.SubElement(road, "type", s="0", type="rural")
    length = _geometries(ElementTree.SubElement(road, "planView"), centre)
    road.set("length", f"{length[-1]:.9f}")
    _elevations(ElementTree.SubElement(road, "elevationProfile"), length, centre[:, 2])
    ElementTree.SubElement(road, "lateralProfile")
    _lanes(ElementTree.SubElement(road, "lanes"))
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _centre_line(map_from_base: Matrix) -> Vectors:
    """Return points (K, 3) a piece apart between the lanes, half a lane left of the drive."""
    points = map_from_base[:, :3, 3]
    kept = [0]
    for k in range(1, len(points)):
        if np.linalg.norm(points[k, :2] - points[kept[-1], :2]) >= _STEP_M:
            kept.append(k)
    if len(kept) < 3:
        raise InputError(
            f"the drive is shorter than {2 * _STEP_M:g} m, too short for a road along it; give "
            "the map of the place with --map"
        )
    path = _evenly(points[kept], 1.0)
    path = np.column_stack([_eased(column) for column in path.T])
    first, last = (_unit(path[4] - path[0]), _unit(path[-1] - path[-5]))
    beyond = np.arange(1.0, _BEYOND_M + 1.0)[:, None]
    path = np.concatenate([path[0] - beyond[::-1] * first, path, path[-1] + beyond * last])
    directions = np.gradient(path[:, :2], axis=0)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    path[:, :2] += 0.5 * LANE_M * np.column_stack([-directions[:, 1], directions[:, 0]])
    return _evenly(path, _PIECE_M)


def _evenly(points: Vectors, spacing_m: float) -> Vectors:
    """Return points along a path about ``spacing_m`` apart, both ends kept."""
    moved = np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1)
    arc_m = np.concatenate([[0.0], np.cumsum(moved)])
    wanted = np.linspace(0.0, arc_m[-1], max(int(arc_m[-1] / spacing_m), 4) + 1)
    return np.asarray(CubicSpline(arc_m, points)(wanted))


def _eased(column: Vectors) -> Vectors:
    """Smooth one coordinate along the path; the ends stay, reflected through themselves."""
    reach = min(int(4 * _SMOOTH_M), len(column) - 1)
    before = 2.0 * column[0] - column[reach:0:-1]
    after = 2.0 * column[-1] - column[-2 : -reach - 2 : -1]
    smooth = gaussian_filter1d(np.concatenate([before, column, after]), _SMOOTH_M)
    return np.asarray(smooth[reach : reach + len(column)])


def _unit(direction: Vectors) -> Vectors:
    """Return a direction per metre of the ground, its slope included."""
    return np.asarray(direction / np.hypot(direction[0], direction[1]))


def _geometries(plan: ElementTree.Element, points: Vectors) -> Vectors:
    """Write a cubic piece from point to point; return s (K,) of the points in metres."""
    along = np.concatenate(
        [[0.0], np.cumsum(np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1))]
    )
    slopes = CubicSpline(along, points[:, :2])(along, 1)
    s = [0.0]
    for k, (a, b) in enumerate(zip(points[:-1, :2], points[1:, :2], strict=True)):
        heading = float(np.arctan2(slopes[k, 1], slopes[k, 0]))
        turn = np.array([[np.cos(heading), np.sin(heading)], [-np.sin(heading), np.cos(heading)]])
        piece_m = along[k + 1] - along[k]
        end, leave, arrive = (
            turn @ (b - a),
            turn @ slopes[k] * piece_m,
            turn @ slopes[k + 1] * piece_m,
        )
        second, third = 3.0 * end - 2.0 * leave - arrive, leave + arrive - 2.0 * end
        p = 0.5 * (_NODES + 1.0)[:, None]
        speed = np.linalg.norm(leave + 2.0 * p * second + 3.0 * p * p * third, axis=1)
        length = float(0.5 * speed @ _WEIGHTS)
        geometry = ElementTree.SubElement(
            plan,
            "geometry",
            s=f"{s[-1]:.9f}",
            x=f"{a[0]:.6f}",
            y=f"{a[1]:.6f}",
            hdg=f"{heading:.9f}",
            length=f"{length:.9f}",
        )
        names = ("aU", "bU", "cU", "dU", "aV", "bV", "cV", "dV")
        values = (0.0, leave[0], second[0], third[0], 0.0, leave[1], second[1], third[1])
        poly = {name: f"{value:.9f}" for name, value in zip(names, values, strict=True)}
        ElementTree.SubElement(geometry, "paramPoly3", {"pRange": "normalized"} | poly)
        s.append(s[-1] + length)
    return np.array(s)


def _elevations(profile: ElementTree.Element, s: Vectors, z: Vectors) -> None:
    spline = CubicSpline(s, z)
    for k, start in enumerate(s[:-1]):
        d, c, b, a = spline.c[:, k]
        ElementTree.SubElement(
            profile,
            "elevation",
            s=f"{start:.9f}",
            a=f"{a:.6f}",
            b=f"{b:.9f}",
            c=f"{c:.12f}",
            d=f"{d:.12f}",
        )


def _lanes(lanes: ElementTree.Element) -> None:
    section = ElementTree.SubElement(lanes, "laneSection", s="0")
    _lane(ElementTree.SubElement(section, "left"), 2, "shoulder", _SHOULDER_M, "none")
    _lane(section[-1], 1, "driving", LANE_M, "solid")
    _lane(ElementTree.SubElement(section, "center"), 0, "none", 0.0, "broken")
    _lane(ElementTree.SubElement(section, "right"), -1, "driving", LANE_M, "solid")
    _lane(section[-1], -2, "shoulder", _SHOULDER_M, "none")


def _lane(side: ElementTree.Element, number: int, kind: str, width_m: float, mark: str) -> None:
    lane = ElementTree.SubElement(side, "lane", id=str(number), type=kind, level="false")
    if number:
        ElementTree.SubElement(lane, "width", sOffset="0", a=f"{width_m:g}", b="0", c="0", d="0")
    ElementTree.SubElement(
        lane, "roadMark", sOffset="0", type=mark, weight="standard", color="white", width="0.15"
    )
