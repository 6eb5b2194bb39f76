from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from carla_nurec_bridge.opendrive import OpenDriveMap
from carla_nurec_bridge.opendrive.heights import levels_below
from carla_nurec_bridge.rendering.rays import cast
from carla_nurec_bridge.rendering.scene import RenderScene
from carla_nurec_bridge.town.street import build_street
from carla_nurec_bridge.town.street.parts import Label

BRIDGE_M = 6.0


@pytest.fixture(scope="module")
def crossing(make_road: Callable[..., str], make_map: Callable[..., OpenDriveMap]) -> OpenDriveMap:
    """Return a road along x, 3.5 m and a 2 m sidewalk wide, and one along y that bridges it."""
    bridge = make_road(
        '<geometry s="0" x="50" y="-50" hdg="1.5707963267948966" length="100"><line/></geometry>',
        road_id=2,
        elevation=f'<elevation s="0" a="{BRIDGE_M}" b="0" c="0" d="0"/>',
    )
    return make_map(make_road(), bridge)


def test_levels_are_told_downwards(crossing: OpenDriveMap) -> None:
    points = np.array([(51.5, -1.5), (20.0, -1.5), (51.5, 20.0), (0.0, 80.0)])
    found, heights = levels_below(crossing, points, [BRIDGE_M, 0.0, BRIDGE_M, 0.0])
    assert found.tolist() == [0]
    assert heights == pytest.approx(np.array([[0.0]]))
    found, heights = levels_below(crossing, points, np.full(4, np.inf))
    assert found.tolist() == [0, 1, 2]
    assert heights[0] == pytest.approx([BRIDGE_M, 0.0])
    assert heights[1:, 0] == pytest.approx([0.0, BRIDGE_M])


def test_both_roads_are_drawn_with_walls_below_the_bridge(crossing: OpenDriveMap) -> None:
    scene = RenderScene(build_street(crossing).mesh)

    def seen(origin: tuple[float, ...], way: tuple[float, ...]) -> tuple[float, int]:
        hits = cast(scene, np.array([origin]), np.array([way]), 40.0)
        return float(hits.range_m[0]), int(hits.tag[0])

    down, up = (0.0, 0.0, -1.0), (0.0, 0.0, 1.0)
    for origin, way, range_m in (
        ((51.5, -1.5, 20.0), down, 20.0 - BRIDGE_M),
        ((51.5, -1.5, 2.0), down, 2.0),
        ((51.5, -1.5, 2.0), up, BRIDGE_M - 2.0),
    ):
        assert seen(origin, way) == pytest.approx((range_m, Label.ROADS), abs=0.01)
    # The lower road's edges are at y = 0 and, behind the sidewalk, at y = -5.5.
    for way, range_m in (((0.0, 1.0, 0.0), 1.5), ((0.0, -1.0, 0.0), 4.0)):
        assert seen((51.5, -1.5, 3.0), way) == pytest.approx((range_m, Label.WALLS), abs=0.01)
    # Nothing stands across either road.
    assert seen((35.0, -1.5, 3.0), (1.0, 0.0, 0.0))[0] > 39.0
    assert seen((51.5, -30.0, BRIDGE_M + 1.5), (0.0, 1.0, 0.0))[0] > 39.0
