"""The ground of physics where roads lie above each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from carla_nurec_bridge.opendrive import OpenDriveMap, lane_pose, parse
from carla_nurec_bridge.servers.carla.physics import columns as col
from carla_nurec_bridge.servers.carla.physics.fleet import Fleet
from carla_nurec_bridge.servers.carla.wire.structs import Transform
from carla_nurec_bridge.town.ground import PhysicsGround, build_ground
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue

BRIDGE_M = 6.0
RADIUS_M, CLIMB, TURNS = 15.0, 0.05, 2.5


def road(number: int, geometry: str, length: float, elevation: str, mph: int = 30) -> str:
    lanes = "".join(
        f'<lane id="{lane}" type="driving" level="false">'
        '<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>'
        for lane in (-1, -2)
    )
    return f"""<road name="" length="{length}" id="{number}" junction="-1">
      <type s="0" type="town"><speed max="{mph}" unit="mph"/></type>
      <planView><geometry s="0" {geometry}</geometry></planView>
      <elevationProfile>{elevation}</elevationProfile>
      <lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center>
      <right>{lanes}</right></laneSection></lanes></road>"""


def opened(*roads: str) -> OpenDriveMap:
    return parse(f'<OpenDRIVE><header revMajor="1" revMinor="4"/>{"".join(roads)}</OpenDRIVE>', "m")


@pytest.fixture(scope="module")
def crossing() -> PhysicsGround:
    """Return a road along x on the ground and one along y that bridges it at x = 50 m."""
    under = road(1, 'x="0" y="0" hdg="0" length="100"><line/>', 100.0, "")
    over = road(
        2,
        'x="46.5" y="-60" hdg="1.5707963267948966" length="120"><line/>',
        120.0,
        f'<elevation s="0" a="{BRIDGE_M}" b="0" c="0" d="0"/>',
        mph=60,
    )
    return build_ground(opened(under, over))


def lane_samples(opendrive: OpenDriveMap) -> Iterator[tuple[float, float, float]]:
    """Yield places on all lanes in CARLA's axes."""
    for one, section, lane in opendrive.drivable_lanes():
        s = np.arange(section.s + 1.0, section.s_end - 1.0, 1.3)
        x, y, z, *_ = lane_pose(one, section, lane.id, s)
        yield from zip(x.tolist(), (-y).tolist(), z.tolist(), strict=True)


def test_a_level_lane_is_level_to_its_edge() -> None:
    heading = 0.3
    geometry = f'x="0" y="0" hdg="{heading}" length="100"><line/>'
    ground = build_ground(opened(road(1, geometry, 100.0, "")))
    for s in np.arange(5.0, 95.0, 3.7):
        for t in (-0.05, -3.5, -6.5, -6.9, -6.97):
            x = s * math.cos(heading) - t * math.sin(heading)
            y = s * math.sin(heading) + t * math.cos(heading)
            assert ground.height(x, -y, 0.0) == pytest.approx(0.0, abs=1e-9)


def test_each_road_of_a_crossing_has_its_own_ground(crossing: PhysicsGround) -> None:
    for z in (-0.5, 0.0, 0.9, 4.0):
        assert crossing.height(50.0, 3.5, z) == pytest.approx(0.0, abs=0.01)
    for z in (5.2, BRIDGE_M, 20.0):
        assert crossing.height(50.0, 3.5, z) == pytest.approx(BRIDGE_M, abs=0.01)
    # A body that hangs over the kerb below the bridge stands on what is there.
    for y in (-0.6, -2.0, 7.3, 9.0):
        assert crossing.height(50.0, y, 0.0) == pytest.approx(0.0, abs=0.05)
    # Beside the bridge the lower road is the only ground.
    assert crossing.height(30.0, 3.5, 20.0) == pytest.approx(0.0, abs=0.01)


def test_each_road_of_a_crossing_has_its_own_limit(crossing: PhysicsGround) -> None:
    at = np.array([(50.0, 3.5, 0.0), (50.0, 3.5, BRIDGE_M), (20.0, 3.5, 0.0), (50.0, -40.0, 6.0)])
    assert crossing.limits_at(at) == pytest.approx(np.array([30, 60, 30, 60]) * 1.609344, abs=0.01)


def test_places_beyond_all_numbers_have_the_limit_at_the_edge(
    crossing: PhysicsGround, recwarn: pytest.WarningsRecorder
) -> None:
    far = np.array([(1e30, -1e30, 0.0), (1e4, -1e4, 0.0)])
    assert np.ptp(crossing.limits_at(far)) == 0.0
    assert not recwarn.list


def test_a_ramp_that_winds_over_itself_is_followed() -> None:
    length = TURNS * 2.0 * math.pi * RADIUS_M
    arc = f'x="0" y="0" hdg="0" length="{length}"><arc curvature="{1.0 / RADIUS_M}"/>'
    ramp = opened(road(1, arc, length, f'<elevation s="0" a="0" b="{CLIMB}" c="0" d="0"/>'))
    ground = build_ground(ramp)
    per_turn_m = CLIMB * 2.0 * math.pi * RADIUS_M
    assert per_turn_m > 4.0
    places = list(lane_samples(ramp))
    assert len(places) > 300
    for x, y, z in places:
        for above_m in (0.0, 0.5, 2.0):
            assert ground.height(x, y, z + above_m) == pytest.approx(z, abs=0.06)


@pytest.mark.parametrize(
    ("begin", "yaw_deg", "z"), [((5.0, 1.75), 0.0, 0.0), ((50.0, 50.0), -90.0, BRIDGE_M)]
)
def test_vehicles_keep_to_their_level(
    crossing: PhysicsGround, begin: tuple[float, float], yaw_deg: float, z: float
) -> None:
    fleet = Fleet()
    for number, kind in enumerate(("vehicle.tesla.model3", "vehicle.mitsubishi.fusorosa")):
        blueprint = load_catalogue()[kind]
        fleet.add(number, blueprint, Transform((*begin, z), (0.0, yaw_deg, 0.0)), sticky=True)
        fleet.set_constant_velocity(number, (15.0, 0.0, 0.0))
    seen = []
    for _ in range(100):
        fleet.advance(0.05, 0.01, crossing)
        seen.append(fleet.state[:, [col.Z, col.PITCH, col.ROLL]].copy())
    way = np.hypot(*(fleet.state[:, col.X : col.Y + 1] - begin).T)
    assert way == pytest.approx(75.0, abs=0.1)
    assert np.abs(np.array(seen) - (z, 0.0, 0.0)).max() < 0.02
