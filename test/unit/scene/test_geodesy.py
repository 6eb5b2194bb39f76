"""Where a map is on earth, checked with the inverse formula and with known places."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.scene import build_scene, open_scene
from carla_nurec_bridge.scene.geodesy import GeoReference, ecef_from_enu, geo_reference

A, B = 6378137.0, 6356752.314245179
"""Half axes of WGS84 in metres, as tabulated."""


def geodetic(ecef: np.ndarray) -> tuple[float, float, float]:
    """Return latitude, longitude (deg) and height (m) by fixed-point iteration."""
    x, y, z = ecef
    e2 = 1.0 - (B / A) ** 2
    across = math.hypot(x, y)
    latitude = math.atan2(z, across * (1.0 - e2))
    for _ in range(20):
        radius = A / math.sqrt(1.0 - e2 * math.sin(latitude) ** 2)
        latitude = math.atan2(z + e2 * radius * math.sin(latitude), across)
    radius = A / math.sqrt(1.0 - e2 * math.sin(latitude) ** 2)
    height = across * math.cos(latitude) + z * math.sin(latitude) - A**2 / radius
    return math.degrees(latitude), math.degrees(math.atan2(y, x)), height


def test_known_places() -> None:
    equator = ecef_from_enu(GeoReference(0.0, 0.0, 0.0, ""))
    assert equator[:3, 3] == pytest.approx((A, 0.0, 0.0), abs=1e-6)
    assert equator[:3, 0] == pytest.approx((0.0, 1.0, 0.0), abs=1e-12), "east of Greenwich is +y"
    pole = ecef_from_enu(GeoReference(90.0, 0.0, 0.0, ""))
    assert pole[:3, 3] == pytest.approx((0.0, 0.0, B), abs=1e-6)


@pytest.mark.parametrize(("lat", "lon", "alt"), [(48.1351, 11.582, 519.0), (-33.9, -151.2, 3.0)])
def test_the_inverse_formula_agrees(lat: float, lon: float, alt: float) -> None:
    pose = ecef_from_enu(GeoReference(lat, lon, alt, ""))
    here = geodetic(pose[:3, 3])
    assert here[:2] == pytest.approx((lat, lon), abs=1e-10)
    assert here[2] == pytest.approx(alt, abs=1e-6)
    assert pose[:3, :3] @ pose[:3, :3].T == pytest.approx(np.eye(3), abs=1e-12)
    north = geodetic(pose[:3, 3] + 100.0 * pose[:3, 1])
    assert north[0] > lat
    assert north[1] == pytest.approx(lon, abs=1e-10)
    up = geodetic(pose[:3, 3] + 100.0 * pose[:3, 2])
    assert up[:2] == pytest.approx((lat, lon), abs=1e-10)
    assert up[2] == pytest.approx(alt + 100.0, abs=1e-6)


@pytest.mark.parametrize(
    ("altitude", "expected_m", "word"),
    [
        ("+alt_0=519.5", 519.5, r"\+alt_0="),
        ("+=alt_0=519.5", 519.5, r"\+=alt_0="),
        ("+h_0=12", 12.0, r"\+h_0="),
        ("", 0.0, "no altitude given"),
    ],
)
def test_altitude_spellings(altitude: str, expected_m: float, word: str) -> None:
    text = f"<OpenDRIVE><header><geoReference><![CDATA[+lat_0=48 +lon_0=11 {altitude}]]>"
    place = geo_reference(text + "</geoReference></header></OpenDRIVE>", "m")
    assert (place.latitude_deg, place.longitude_deg) == (48.0, 11.0)
    assert place.altitude_m == expected_m
    assert word.replace("\\", "") in place.why


@pytest.mark.parametrize("reference", ["", "<geoReference>+proj=tmerc</geoReference>"])
def test_maps_without_a_place_are_where_carla_puts_them(reference: str) -> None:
    place = geo_reference(f"<OpenDRIVE><header>{reference}</header></OpenDRIVE>", "m")
    assert (place.latitude_deg, place.longitude_deg) == (42.0, 2.0)
    assert "CARLA's default" in place.why


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("+lat_0=91 +lon_0=1", "cannot be used"),
        ("+proj=utm +zone=99", "+zone=99"),
        ("EPSG:4326", "no projection to metres"),
        ("+proj=longlat", "no projection to metres"),
        ("Munich", "Invalid projection: Munich"),
        ('PROJCS["x"]', "Invalid projection"),
        ("+lat_0=north +lon_0=1", "does not say where it is"),
    ],
)
def test_places_that_are_none_are_carlas_default_with_the_cause(token: str, words: str) -> None:
    text = f"<OpenDRIVE><header><geoReference>{token}</geoReference></header></OpenDRIVE>"
    place = geo_reference(text, "m")
    assert not place.given
    assert (place.latitude_deg, place.longitude_deg) == (42.0, 2.0)
    assert words in place.why
    assert "CARLA's default" in place.why


@pytest.mark.parametrize(
    "reference",
    [
        "<geoReference>+lat_0=48.1351 +lon_0=11.582 +alt_0=519.5</geoReference>",
        "<geoReference>+lat_0=48.1351 +lon_0=11.582 +=alt_0=519.5</geoReference>",
        "",
    ],
)
def test_world_to_map_through_the_earth_is_exact(
    make_map, real_recording_path: Path, tmp_path: Path, reference: str
) -> None:
    """A point 100 m ahead of the first rig pose: recording -> world -> ECEF -> map."""
    path = tmp_path / "s.usdz"
    build_scene(make_map(reference), real_recording_path, load_rig("demo"), path)
    scene = open_scene(path)
    map_point = scene.map_from_world @ (100.0, 0.0, 0.0, 1.0)
    assert map_point[:3] == pytest.approx((105.606396484 + 100.0, -133.0, 0.626830825), abs=1e-6)
    assert scene.geo_reference is not None
    ecef = scene.ecef_from_world @ (0.0, 0.0, 0.0, 1.0)
    lat, lon, height = geodetic(ecef[:3])
    place = scene.geo_reference
    assert lat == pytest.approx(place.latitude_deg - 133.0 / 111_200, abs=2e-5)
    assert lon > place.longitude_deg
    assert height == pytest.approx(place.altitude_m + 0.627, abs=0.01)
