"""Traffic lights: their cycle, their times, freezing, and what a vehicle before them is told."""

from __future__ import annotations

from typing import Any

import carla
from common import Stage, leave

stage = Stage()
world = stage.world
lights = list(world.get_actors().filter("traffic.traffic_light"))
facts: dict[str, Any] = {"count": len(lights)}
group = lights[0].get_group_traffic_lights()
facts["group"] = len(group)
landmarks = stage.map.get_all_landmarks_of_type("1000001")
facts["ids"] = [sorted(light.get_opendrive_id() for light in lights),
                sorted({mark.id for mark in landmarks})]  # fmt: skip
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
facts["told"] = []
for light in lights:
    for place in [p.transform for w in light.get_affected_lane_waypoints() for p in w.previous(6)]:
        place.location.z += 0.3
        car = world.try_spawn_actor(stage.library.find("vehicle.tesla.model3"), place)
        if car is None:
            continue
        stage.ticks(4)
        near = car.get_traffic_light()
        facts["told"].append([
            car.is_at_traffic_light(), str(car.get_traffic_light_state()),
            near.get_opendrive_id() if near else None, light.get_opendrive_id(),
        ])  # fmt: skip
        car.destroy()
        world.tick()
leave(facts)
