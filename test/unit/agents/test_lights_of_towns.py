"""Every traffic light of real maps stops who comes to it, and the lights of others stop nobody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from carla_nurec_bridge.agents.shipped import AgentWish, build_agent
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.opendrive.model import TRAFFIC_LIGHT
from carla_nurec_bridge.opendrive.reading.files import read_opendrive
from carla_nurec_bridge.opendrive.reading.parser import parse
from carla_nurec_bridge.opendrive.signals import lane_light
from carla_nurec_bridge.opendrive.stops import StopLine, stop_lines
from carla_nurec_bridge.world.states import TrafficLight

from ...realdata import real
from .conftest import DT_S, Car

carla = pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.driving.paths import heading_at  # noqa: E402
from carla_nurec_bridge.carla_client.driving.route import walk  # noqa: E402
from carla_nurec_bridge.carla_client.session.transforms import matrix_of  # noqa: E402

_BEFORE, _BEYOND_M = 40, 25.0
_FRAMES = 400


class _Town:
    """The stop lines of a map's lights, and ways over them as CARLA's own library has its lanes."""

    def __init__(self, name: str) -> None:
        text = read_opendrive(real(f"opendrive/{name}.xodr.gz"))
        opendrive = parse(text, name)
        self._map = carla.Map(name, text)
        self.lines = [
            line
            for signal_id, lines in stop_lines(opendrive).items()
            if opendrive.signals[signal_id][1].type == TRAFFIC_LIGHT
            for line in lines
        ]
        self.lights = [lane_light(opendrive, line) for line in self.lines]

    def way_over(self, line: StopLine) -> np.ndarray:
        """Return a way (N, 3) in the map over a line, turning behind it as chance has it."""
        x, y, z = np.subtract(line.position, (np.cos(line.heading), np.sin(line.heading), 0.0))
        here = self._map.get_waypoint(carla.Location(x, -y, z))
        before = [here]
        while len(before) < _BEFORE and (behind := before[-1].previous(1.0)):
            before.append(behind[0])
        beyond = walk(here, _BEYOND_M, np.random.default_rng(int(line.signal_id)))
        came = [matrix_of(waypoint.transform)[:3, 3] for waypoint in before[:0:-1]]
        return np.array([*came, *beyond.points])


def _shown(lights: list[TrafficLight], line: StopLine, own: str) -> list[TrafficLight]:
    """Return all lights within 80 m of a line red, but those at it."""
    lights = [one for one in lights if np.linalg.norm(one.stop - line.position) < 80.0]

    def shows(light: TrafficLight) -> str:
        return own if np.linalg.norm(light.stop - line.position) < 1.0 else "red"

    return [replace(light, shows=shows(light)) for light in lights]


@pytest.mark.parametrize("town", ["Town01", "Town10HD"])
@pytest.mark.parametrize("name", ["route_follower", "idm"])
def test_it_waits_before_the_line_until_its_own_light_opens_and_drives_on(
    car: Car, town: str, name: str
) -> None:
    ways = _Town(town)
    assert len(ways.lines) > 30
    for line in ways.lines[:: 8 if name == "route_follower" else 16]:
        way = ways.way_over(line)
        driver = build_agent(AgentWish(name, 9.0, "lane", 0, DT_S), way, car.info)
        car.x, car.y, car.speed_mps, car.lag_s = way[0, 0], way[0, 1], 6.0, 0.3
        car.yaw = heading_at(way, 0)
        line_from_map = np.linalg.inv(matrix_from_xyz_rpy(line.position, (0, 0, line.heading)))
        shown = {own: _shown(ways.lights, line, own) for own in ("red", "green")}
        own, rows = "red", []
        for _ in range(_FRAMES):
            car.move(driver.step(car.world(lights=shown[own])))
            front = car.map_from_base @ (car.info.front_m, 0.0, 0.0, 1.0)
            over_m = float((line_from_map @ front)[0])
            assert own == "green" or over_m <= 0.0, line
            if car.speed_mps < 0.05:
                own = "green"
            rows.append((own, over_m))
            if np.hypot(*front[:2] - line.position[:2]) > 12.0 and own == "green":
                break
        else:
            pytest.fail(f"it never drives on from {line}")
        stood_m = max(over_m for own, over_m in rows if own == "red")
        assert stood_m > -2.5, line
