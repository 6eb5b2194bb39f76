"""Traffic lights: their cycle, their times, freezing, and what a vehicle before them is told."""

from __future__ import annotations

from typing import Any

import carla
import numpy as np
from common import Stage, leave


def ahead(car: carla.Vehicle, light: carla.TrafficLight) -> tuple[float, bool, bool]:
    """Return the angle to the middle of a light's volume as ``BasicAgent`` takes it, and more."""
    volume = light.get_transform().transform(light.trigger_volume.location)
    goal, pose = stage.map.get_waypoint(volume), car.get_transform()
    way = np.array(
        [goal.transform.location.x - pose.location.x, goal.transform.location.y - pose.location.y]
    )
    forward = pose.get_forward_vector()
    cosine = np.dot([forward.x, forward.y], way) / np.linalg.norm(way)
    angle_deg = float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
    same_road = stage.map.get_waypoint(pose.location).road_id == goal.road_id
    return angle_deg, same_road, goal.is_junction


stage = Stage()
world = stage.world
lights = list(world.get_actors().filter("traffic.traffic_light"))
facts: dict[str, Any] = {"count": len(lights)}
group = lights[0].get_group_traffic_lights()
facts["group"] = len(group)
landmarks = stage.map.get_all_landmarks_of_type("1000001")
facts["ids"] = [
    sorted(light.get_opendrive_id() for light in lights),
    sorted({mark.id for mark in landmarks}),
]
facts["by_landmark"] = sum(world.get_traffic_light(mark) is not None for mark in landmarks)
world.reset_all_traffic_lights()
history = []
for _ in range(40 * 20):
    world.tick()
    history.append("".join(str(light.state)[0] for light in group))
facts["history"] = history
times = [group[0].get_green_time(), group[0].get_yellow_time(), group[0].get_red_time()]
facts["times"] = times
group[0].set_green_time(4.0)
world.tick()
facts["green_time"] = group[0].get_green_time()
world.freeze_all_traffic_lights(True)
world.tick()
frozen = [str(light.state) for light in group]
stage.ticks(20 * 20)
facts["frozen"] = [frozen == [str(light.state) for light in group], group[0].is_frozen()]
for light in group:
    light.set_state(carla.TrafficLightState.Red)
world.tick()
facts["set"] = sorted({str(light.state) for light in group})

stops = lights[0].get_stop_waypoints()
facts["stops"] = len(stops)
facts["told"], facts["ahead"] = [], []
for light in lights:
    for place in [p.transform for w in light.get_affected_lane_waypoints() for p in w.previous(6)]:
        place.location.z += 0.3
        car = world.try_spawn_actor(stage.library.find("vehicle.tesla.model3"), place)
        if car is None:
            continue
        stage.ticks(4)
        near = car.get_traffic_light()
        facts["told"].append(
            [
                car.is_at_traffic_light(),
                str(car.get_traffic_light_state()),
                near.get_opendrive_id() if near else None,
                light.get_opendrive_id(),
            ]
        )
        stage.ticks(10)
        facts["ahead"].append(ahead(car, light))
        car.destroy()
        world.tick()
leave(facts)
