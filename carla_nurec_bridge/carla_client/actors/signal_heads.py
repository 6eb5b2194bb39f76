"""Where the heads of traffic lights and the plates of signs are, as the server draws them."""

from __future__ import annotations

import carla
import numpy as np

from ...opendrive.model import OpenDriveMap
from ...opendrive.stops import stop_lines
from ...world.fixtures import Fixture
from ...world.states import LightColour
from .level_objects import placed
from .signals import colour_of


def shown_fixtures(world: carla.World, opendrive: OpenDriveMap) -> list[Fixture]:
    """Return all heads of lights and all plates of signs of the world."""
    lines = stop_lines(opendrive)
    found = []
    for light in world.get_actors().filter("traffic.traffic_light"):
        signal_id = light.get_opendrive_id()
        headings = np.array([line.heading for line in lines.get(signal_id, ())])
        facing = None
        if len(headings):
            facing = -np.array([np.cos(headings).mean(), np.sin(headings).mean(), 0.0])
        for box in light.get_light_boxes():
            found.append(Fixture("light", signal_id, *placed(box), facing))
    for box in world.get_level_bbs(carla.CityObjectLabel.TrafficSigns):
        found.append(Fixture("sign", "", *placed(box), None))
    return found


def light_states(world: carla.World) -> dict[str, LightColour]:
    """Return red, yellow, green or off of every traffic light by OpenDRIVE's id, as of now."""
    lights = world.get_actors().filter("traffic.traffic_light")
    return {light.get_opendrive_id(): colour_of(light) for light in lights}
