from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import fresnel

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.opendrive import Road, lane_pose, road_pose


@pytest.fixture
def only_road(make_road, make_map) -> Callable[..., Road]:
    def make(*args: object, **kwargs: object) -> Road:
        return make_map(make_road(*args, **kwargs)).road("1")

    return make


WIDE = '<width sOffset="0" a="9" b="0" c="0" d="0"/>'


def geometry(inner: str, length: float, x: float = 0.0, y: float = 0.0, hdg: float = 0.0) -> str:
    return f'<geometry s="0" x="{x}" y="{y}" hdg="{hdg}" length="{length}">{inner}</geometry>'


@pytest.mark.parametrize("curvature", [0.05, -0.2, 1e-9])
def test_an_arc_turns_about_its_centre(only_road, curvature: float) -> None:
    road = only_road(geometry(f'<arc curvature="{curvature}"/>', 30, 5, -3, 0.7), length=30)
    s = np.linspace(0, 30, 50)
    x, y, _, heading = road_pose(road, s, 0.0)
    assert np.allclose(heading, 0.7 + curvature * s, atol=1e-12)
    if abs(curvature) > 1e-6:
        centre = np.array([5 - np.sin(0.7) / curvature, -3 + np.cos(0.7) / curvature])
        assert np.allclose(np.hypot(x - centre[0], y - centre[1]), 1 / abs(curvature), atol=1e-10)
    else:
        assert np.allclose([x, y], [5 + s * np.cos(0.7), -3 + s * np.sin(0.7)], atol=1e-6)


def test_a_clothoid_is_the_fresnel_integral(only_road) -> None:
    length, end = 60.0, 0.08
    inner = f'<spiral curvStart="0" curvEnd="{end}"/>'
    road = only_road(geometry(inner, length), length=length)
    s = np.linspace(0, length, 80)
    x, y, _, heading = road_pose(road, s, 0.0)
    scale = np.sqrt(np.pi * length / end)
    sine, cosine = fresnel(s / scale)
    assert np.allclose(x, scale * cosine, atol=1e-9)
    assert np.allclose(y, scale * sine, atol=1e-9)
    assert np.allclose(heading, end / length * s**2 / 2, atol=1e-12)


def test_a_spiral_between_two_curvatures_integrates_its_heading(only_road) -> None:
    k0, k1, length = -0.03, 0.07, 45.0
    inner = f'<spiral curvStart="{k0}" curvEnd="{k1}"/>'
    road = only_road(geometry(inner, length, hdg=1.1), length=length)

    def angle(u: float) -> float:
        return 1.1 + k0 * u + 0.5 * (k1 - k0) / length * u * u

    for s in (3.0, 20.0, 45.0):
        x, y, _, _ = road_pose(road, s, 0.0)
        assert x == pytest.approx(quad(lambda u: np.cos(angle(u)), 0, s)[0], abs=1e-9)
        assert y == pytest.approx(quad(lambda u: np.sin(angle(u)), 0, s)[0], abs=1e-9)


def test_poly3_runs_over_arc_length(only_road) -> None:
    b, c, d = 0.1, 0.01, -0.0002
    road = only_road(geometry(f'<poly3 a="0" b="{b}" c="{c}" d="{d}"/>', 40), length=40)
    for s in (5.0, 22.0, 40.0):
        x, y, _, heading = (float(v) for v in road_pose(road, s, 0.0))
        assert y == pytest.approx(b * x + c * x**2 + d * x**3, abs=1e-9)
        arc = quad(lambda u: np.hypot(1.0, b + 2 * c * u + 3 * d * u * u), 0, x)[0]
        assert arc == pytest.approx(s, abs=1e-8)
        assert np.tan(heading) == pytest.approx(b + 2 * c * x + 3 * d * x * x, abs=1e-9)


def cubic(road_of: Callable[..., Road], kind: str, end: float, length: float) -> Road:
    """Return a road along (20 q, 3 q^2 + q^3), q from 0 to 1, of a stated length."""
    numbers = {"aU": 0.0, "bU": 20.0 / end, "cU": 0.0, "dU": 0.0}
    numbers |= {"aV": 0.0, "bV": 0.0, "cV": 3.0 / end**2, "dV": 1.0 / end**3}
    text = " ".join(f'{name}="{value}"' for name, value in numbers.items())
    return road_of(geometry(f'<paramPoly3 pRange="{kind}" {text}/>', length), length=length)


def along(q: float) -> float:
    """Return the length of that curve from its begin to q."""
    return quad(lambda p: np.hypot(20.0, 6 * p + 3 * p * p), 0, q, epsabs=1e-12)[0]


@pytest.mark.parametrize("kind", ["arcLength", "normalized"])
def test_param_poly3_runs_over_arc_length(only_road, kind: str) -> None:
    length = along(1.0)
    road = cubic(only_road, kind, length if kind == "arcLength" else 1.0, length)
    for s in (0.0, 5.0, 13.0, length):
        x, y, _, heading = (float(v) for v in road_pose(road, s, 0.0))
        q = x / 20
        assert along(q) == pytest.approx(s, abs=1e-9)
        assert y == pytest.approx(3 * q**2 + q**3, abs=1e-9)
        assert np.tan(heading) == pytest.approx((6 * q + 3 * q**2) / 20, abs=1e-9)


def test_param_poly3_shorter_than_it_says_goes_straight_on(only_road) -> None:
    road = cubic(only_road, "normalized", 1.0, 30.0)
    x, y, _, heading = (float(v) for v in road_pose(road, 30.0, 0.0))
    beyond, turn = 30.0 - along(1.0), np.arctan(9.0 / 20.0)
    assert heading == pytest.approx(turn, abs=1e-12)
    assert [x, y] == pytest.approx(
        [20.0 + beyond * np.cos(turn), 4.0 + beyond * np.sin(turn)], abs=1e-9
    )


def test_param_poly3_of_no_length_is_refused(only_road) -> None:
    nothing = " ".join(f'{x}{axis}="0"' for axis in "UV" for x in "abcd")
    with pytest.raises(InputError, match="road 1, <paramPoly3>: its curve has no length"):
        only_road(geometry(f"<paramPoly3 {nothing}/>", 20.0), length=20.0)


def test_lane_heading_is_the_direction_of_its_middle(only_road) -> None:
    road = only_road(
        geometry('<arc curvature="0.04"/>', 40),
        length=40,
        offset='<laneOffset s="0" a="0.5" b="0.05" c="0.002" d="0"/>',
        lane='<width sOffset="0" a="3" b="0.03" c="0" d="0.0001"/>',
        elevation='<elevation s="0" a="1" b="0.05" c="0.001" d="0"/>',
    )
    section = road.sections[0]
    s, step = np.linspace(2, 38, 15), 1e-4
    before, after = (np.array(lane_pose(road, section, -1, s + d)[:3]) for d in (-step, step))
    way = after - before
    _, _, z, heading, slope = lane_pose(road, section, -1, s)
    assert np.allclose(np.angle(np.exp(1j * (np.arctan2(way[1], way[0]) - heading))), 0, atol=1e-6)
    assert np.allclose(z, 1 + 0.05 * s + 0.001 * s**2)
    rise = np.arctan2(way[2], np.hypot(way[0], way[1]))
    assert np.allclose(rise, slope, atol=2e-3)


def test_a_lane_beyond_the_middle_of_a_curve_keeps_its_direction(only_road) -> None:
    # CARLA's client gives a lane the heading of its reference line.
    road = only_road(geometry('<arc curvature="-0.5"/>', 3), length=3, lane=WIDE)
    _, _, _, heading, _ = lane_pose(road, road.sections[0], -1, np.array([1.0, 2.0]))
    assert heading == pytest.approx([-0.5, -1.0])


def test_superelevation_lifts_the_left_side(only_road) -> None:
    road = only_road(lateral='<superelevation s="0" a="0.1" b="0" c="0" d="0"/>')
    x, y, z, _ = road_pose(road, 10.0, np.array([4.0, -4.0]))
    assert np.allclose(y, [4 * np.cos(0.1), -4 * np.cos(0.1)])
    assert np.allclose(z, [4 * np.sin(0.1), -4 * np.sin(0.1)])
    assert np.allclose(x, 10.0)


def test_borders_state_the_outer_edge_itself(only_road) -> None:
    road = only_road(lane='<border sOffset="0" a="-4" b="-0.01" c="0" d="0"/>')
    _, y, _, heading, _ = lane_pose(road, road.sections[0], -1, 50.0)
    assert y == pytest.approx(-(4 + 0.5) / 2)
    assert heading == pytest.approx(np.arctan(-0.005))
