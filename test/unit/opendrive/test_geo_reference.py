from __future__ import annotations

import math

import numpy as np
import pytest
from pyproj import CRS, Geod, Transformer

from carla_nurec_bridge.opendrive import parse
from carla_nurec_bridge.opendrive.geo_reference import (
    GeoReference,
    client_place,
    north_of,
    parse_geo_reference,
    to_earth,
    to_map,
)

WKT = CRS.from_epsg(25832).to_wkt()
POINTS = np.array([[0.0, 0.0, 0.0], [1500.0, -800.0, 12.0], [-72.419, -1.75, 0.3]])


@pytest.mark.parametrize(
    ("text", "crs", "offset"),
    [
        ("+proj=tmerc +lat_0=48.1 +lon_0=11.5", "", (0.0, 0.0)),
        (
            "+proj=tmerc +lat_0=49 +lon_0=8 +k=0.9996 +x_0=100 +y_0=-200 +datum=WGS84",
            "",
            (0.0, 0.0),
        ),
        ("+proj=tmerc +lat_0=49 +lon_0=8 +k_0=0.5 +ellps=WGS84 +units=m +no_defs", "", (30.0, 4.0)),
        ("+proj=utm +zone=32 +datum=WGS84", "", (691000.0, 5334000.0)),
        ("+proj=utm +zone=54 +south +datum=WGS84", "", (500000.0, 7000000.0)),
        ("EPSG:25832", "", (691000.0, 5334000.0)),
        ("EPSG:25832+5783", "EPSG:25832", (691000.0, 5334000.0)),
        ("+init=epsg:32633", "EPSG:32633", (400000.0, 5800000.0)),
        (WKT, "", (691000.0, 5334000.0)),
        ("+proj=merc +lon_0=3 +datum=WGS84", "", (0.0, 5000000.0)),
        ("+lat_0=42 +lon_0=2", "+proj=tmerc +lat_0=42 +lon_0=2", (0.0, 0.0)),
    ],
)
@pytest.mark.parametrize("heading", [0.0, 0.3])
def test_points_lie_where_proj_has_them(
    text: str, crs: str, offset: tuple[float, float], heading: float
) -> None:
    place = parse_geo_reference(
        f"{text} +alt_0=519" if text.startswith("+") else text, (*offset, 2.0, heading)
    )
    assert place.given
    x = offset[0] + math.cos(heading) * POINTS[:, 0] - math.sin(heading) * POINTS[:, 1]
    y = offset[1] + math.sin(heading) * POINTS[:, 0] + math.cos(heading) * POINTS[:, 1]
    to_degrees = Transformer.from_crs(crs or text, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    fixes = to_earth(place, POINTS)
    # A nanodegree is a tenth of a millimetre.
    assert fixes[:, 0] == pytest.approx(latitude, abs=1e-9)
    assert fixes[:, 1] == pytest.approx(longitude, abs=1e-9)
    assert fixes[:, 2] == pytest.approx(
        POINTS[:, 2] + 2.0 + (519.0 if text.startswith("+") else 0.0)
    )
    assert to_map(place, fixes) == pytest.approx(POINTS, abs=1e-3)


def test_north_is_up_on_earth_and_turned_by_the_projection_in_the_map() -> None:
    here = parse_geo_reference("+proj=tmerc +lat_0=48 +lon_0=11 +datum=WGS84")
    near, far = to_earth(here, [[0.0, 0.0, 0.0], [0.0, 100.0, 0.0]])
    azimuth, _, metres = Geod(ellps="WGS84").inv(near[1], near[0], far[1], far[0])
    assert (azimuth, metres) == pytest.approx((0.0, 100.0), abs=1e-3)
    assert float(north_of(here, near)) == pytest.approx(math.pi / 2.0, abs=1e-6)
    # Two degrees east of the middle of its zone north leans by about 2 sin(latitude) degrees.
    utm = parse_geo_reference("+proj=utm +zone=32 +datum=WGS84", (649000.0, 5318000.0, 0.0, 0.0))
    lean = math.degrees(float(north_of(utm, to_earth(utm, np.zeros(3)))) - math.pi / 2.0)
    longitude = utm.longitude_deg - 9.0
    expected = math.degrees(
        math.atan(math.tan(math.radians(longitude)) * math.sin(math.radians(utm.latitude_deg)))
    )
    assert lean == pytest.approx(expected, abs=1e-3)


def test_a_place_that_is_made_is_a_transverse_mercator_about_it() -> None:
    place = GeoReference(48.1351, 11.582, 500.0, "as given")
    proj = Transformer.from_crs(
        "EPSG:4326", "+proj=tmerc +lat_0=48.1351 +lon_0=11.582 +datum=WGS84", always_xy=True
    )
    longitude, latitude = proj.transform(*POINTS[:, :2].T, direction="INVERSE")
    assert to_earth(place, POINTS)[:, 0] == pytest.approx(latitude, abs=1e-10)
    assert to_earth(place, POINTS)[:, 1] == pytest.approx(longitude, abs=1e-10)


def test_units_of_the_projection_are_those_of_the_projection() -> None:
    feet = parse_geo_reference("+proj=tmerc +lat_0=48 +lon_0=11 +datum=WGS84 +units=us-ft")
    metres = parse_geo_reference("+proj=tmerc +lat_0=48 +lon_0=11 +datum=WGS84")
    assert to_earth(feet, POINTS) == pytest.approx(to_earth(metres, POINTS), abs=1e-9)


def test_what_is_assumed_is_told() -> None:
    geoid = parse_geo_reference("+proj=tmerc +lat_0=1 +lon_0=2 +geoidgrids=egm96_15.gtx +vunits=m")
    assert geoid.given
    raised = parse_geo_reference("EPSG:25832", (691000.0, 5334000.0, 519.0, 0.0))
    assert raised.altitude_m == 519.0
    assert raised.why.endswith("no altitude given: 0 m, +519 m of the offset")
    assert "above the geoid are taken as those above the ellipsoid" in geoid.why
    assert "no altitude given" in geoid.why


def test_the_offset_of_the_header_is_read() -> None:
    header = (
        "<header><geoReference>+proj=utm +zone=32 +datum=WGS84</geoReference>"
        '<offset x="691000" y="5334000" z="510" hdg="0.1"/></header>'
    )
    place = parse(f"<OpenDRIVE>{header}</OpenDRIVE>").geo_reference
    assert place.offset == (691000.0, 5334000.0, 510.0, 0.1)
    assert place.altitude_m == 510.0
    assert "and offset" in place.why
    bad = parse(f"<OpenDRIVE>{header.replace('0.1', 'north')}</OpenDRIVE>").geo_reference
    assert not bad.given
    assert "<offset> is no number" in bad.why


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+proj=tmerc +lat_0=48.5 +lon_0=-11.5e-1 +x_0=9", (48.5, -1.15)),
        ("+proj=utm +zone=54", (42.0, 2.0)),
        ("+proj=tmerc +lon_0=11", (42.0, 2.0)),
        ("", (42.0, 2.0)),
    ],
)
def test_carlas_client_reads_the_origin_only(text: str, expected: tuple[float, float]) -> None:
    carla = pytest.importorskip("carla")
    assert client_place(text) == expected
    header = f"<header><geoReference>{text}</geoReference></header>"
    theirs = carla.Map("m", f"<OpenDRIVE>{header}</OpenDRIVE>").transform_to_geolocation(
        carla.Location()
    )
    assert (theirs.latitude, theirs.longitude) == pytest.approx(expected, abs=1e-9)
