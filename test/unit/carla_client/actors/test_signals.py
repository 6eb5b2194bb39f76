from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.opendrive import parse

carla = pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.actors.signals import lights_of  # noqa: E402

MAP = """<OpenDRIVE><header revMajor="1" revMinor="4"/>
<road name="" length="100" id="1" junction="-1">
  <planView><geometry s="0" x="0" y="0" hdg="0" length="100"><line/></geometry></planView>
  <elevationProfile><elevation s="0" a="2" b="0.1" c="0" d="0"/></elevationProfile>
  <lanes><laneSection s="0">
    <left><lane id="1" type="driving"><width sOffset="0" a="3" b="0" c="0" d="0"/></lane></left>
    <center><lane id="0" type="none"/></center>
    <right><lane id="-1" type="driving"><width sOffset="0" a="4" b="0" c="0" d="0"/></lane></right>
  </laneSection></lanes>
  <signals>
    <signal s="50" t="-5" id="8" orientation="+" type="1000001"/>
    <signal s="20" t="5" id="9" orientation="-" type="1000001"/>
    <signal s="70" t="5" id="10" orientation="-" type="1000001">
      <validity fromLane="0" toLane="0"/></signal>
    <signal s="90" t="5" id="11" orientation="-" type="1000001"/>
    <signal s="30" t="-5" id="12" orientation="+" type="274"/>
  </signals>
</road></OpenDRIVE>"""


class Light:
    """A traffic light's actor, where CARLA would have it."""

    def __init__(self, actor_id: int, signal_id: str, x: float, y: float) -> None:
        self.id, self.state = actor_id, "Yellow"
        self._signal_id = signal_id
        self._place = carla.Transform(carla.Location(x, y, 2.0 + 0.1 * x))

    def get_opendrive_id(self) -> str:
        return self._signal_id

    def get_transform(self) -> Any:
        return self._place


def test_areas_come_from_the_map_and_every_light_is_placed_or_named() -> None:
    lights = [
        Light(31, "8", 50.25, 5.0),
        Light(32, "", 20.3, -5.0),
        Light(33, "10", 70.0, -5.0),
        Light(34, "77", 10.0, 5.0),
        Light(35, "8", 50.0, 5.0),
    ]
    world: Any = SimpleNamespace(get_actors=lambda: SimpleNamespace(filter=lambda _: lights))
    found = lights_of(world, parse(MAP, "made"))
    assert [(found.posts[x.signal_id].id, x.signal_id, x.lane) for x in found.areas] == [
        (31, "8", "1.-1"),
        (32, "9", "1.1"),
    ]
    right, left = found.areas
    assert (right.size_m[1], left.size_m[1]) == pytest.approx((4.0, 3.0))
    assert (right.shows, right.stops_traffic) == ("off", False)
    shown = found.shown()
    assert [(x.shows, x.stops_traffic) for x in shown] == [("yellow", True)] * 2
    # Each ends at its line, on the road that rises by a tenth, on the driver's own lane.
    up = np.hypot(1.0, 0.1)
    assert right.map_from_area[:3, 0] == pytest.approx(np.array([1.0, 0.0, 0.1]) / up)
    assert left.map_from_area[:3, 0] == pytest.approx(np.array([-1.0, 0.0, -0.1]) / up)
    assert right.stop[:2] == pytest.approx((50.0, -2.0), abs=0.03)
    assert left.stop[:2] == pytest.approx((20.0, 1.5), abs=0.03)
    assert right.map_from_area[0, 3] < 49.3
    assert left.map_from_area[0, 3] > 20.7
    no_lane, no_actor, *strangers = found.without_place
    assert "light 10 holds for no lane" in no_lane
    assert "light 11 of the map has no actor" in no_actor
    assert [text.split(",")[0] for text in strangers] == ["actor 34", "actor 35"]
