"""Sensors that feel motion: a box led along known curves, noise by seed, lane marks crossed."""

from __future__ import annotations

import math
from typing import Any

import carla
import numpy as np
from common import DELTA_S, Stage, beside, leave, straight_spawn, xyz

SPEED, RADIUS, PUSH = 10.0, 25.0, 3.0

stage = Stage()
world = stage.world
facts: dict[str, Any] = {}
start = straight_spawn(stage)
box = world.spawn_actor(stage.library.find("static.prop.box01"), beside(start, 0, 0, 1.0))
centre = carla.Transform()
imu_actor, imu = stage.sensor("sensor.other.imu", box, centre)
gnss_actor, gnss = stage.sensor("sensor.other.gnss", box, centre)
world.tick()


def heard_at(queue: Any, frame: int) -> Any:
    """Return what a sensor said of a frame."""
    item = queue.get(timeout=250)
    while item.frame < frame:
        item = queue.get(timeout=250)
    return item


def lead(x: float, y: float, yaw: float, z: float = 30.0) -> Any:
    """Put the box somewhere and tick; return what the IMU feels."""
    box.set_transform(carla.Transform(carla.Location(x, y, z), carla.Rotation(yaw=yaw)))
    return heard_at(imu, world.tick())


def felt(item: Any) -> list[Any]:
    """Return acceleration, turn rate and compass."""
    return [xyz(item.accelerometer), xyz(item.gyroscope), item.compass]


# A turn to the right, clockwise seen from above: CARLA's yaw grows.
for step in range(8):
    angle = SPEED / RADIUS * step * DELTA_S
    item = lead(RADIUS * math.sin(angle), RADIUS * (1 - math.cos(angle)), math.degrees(angle))
facts["right_turn"] = [*felt(item), angle]
for step in range(6):
    item = lead(0.5 * PUSH * (step * DELTA_S) ** 2, 0.0, 0.0)
facts["push"] = felt(item)
for step in range(6):
    item = lead(0.0, 0.0, 0.0, 30.0 + 0.5 * PUSH * (step * DELTA_S) ** 2)
facts["lift"] = felt(item)
here = heard_at(gnss, lead(0.0, 0.0, 0.0).frame)
east = heard_at(gnss, lead(50.0, 0.0, 0.0).frame)
south = heard_at(gnss, lead(0.0, 50.0, 0.0, 37.0).frame)
facts["gnss"] = [[p.latitude, p.longitude, p.altitude] for p in (here, east, south)]

# Noise: two of each with the same seed, one with another.
wild = {"noise_accel_stddev_x": 0.5, "noise_gyro_stddev_z": 0.2, "noise_gyro_bias_y": 0.7}
lost = {"noise_alt_stddev": 2.0, "noise_alt_bias": 5.0, "noise_lat_bias": 0.001}
noisy = {
    name: stage.sensor(f"sensor.other.{kind}", box, centre, noise_seed=seed, **noise)
    for name, kind, seed, noise in (
        ("imu one", "imu", 3, wild),
        ("imu same", "imu", 3, wild),
        ("imu other", "imu", 4, wild),
        ("gnss one", "gnss", 3, lost),
        ("gnss same", "gnss", 3, lost),
    )
}
series: dict[str, list[Any]] = {name: [] for name in noisy}
for _ in range(300):
    world.tick()
    for name, (_, queue) in noisy.items():
        item = queue.get(timeout=250)
        series[name].append(
            [item.accelerometer.x, item.gyroscope.z, item.gyroscope.y]
            if name.startswith("imu")
            else [item.altitude, item.latitude]
        )
drawn = {name: np.array(rows[5:]) for name, rows in series.items()}
one, satellite = drawn["imu one"], drawn["gnss one"]
facts["imu_noise"] = [one.std(axis=0).tolist(), one.mean(axis=0).tolist()]
facts["gnss_noise"] = [float(satellite[:, 0].std()), satellite.mean(axis=0).tolist()]
facts["seeds"] = [
    bool(np.array_equal(drawn["imu one"], drawn["imu same"])),
    bool(np.array_equal(drawn["imu one"], drawn["imu other"])),
    bool(np.array_equal(drawn["gnss one"], drawn["gnss same"])),
]

# Crossing the middle of the road and coming back.
car = stage.vehicle("vehicle.tesla.model3", start)
marks_actor, marks = stage.sensor("sensor.other.lane_invasion", car, carla.Transform())
car.set_simulate_physics(False)
world.tick()
crossed = []
for step in range(20):
    car.set_transform(beside(start, 20.0 + 0.2 * step, -0.2 * step, 0.0))
    world.tick()
crossed.append(marks.get(timeout=250))
while not marks.empty():
    crossed.append(marks.get())
facts["crossed"] = [[str(m.type) for m in event.crossed_lane_markings] for event in crossed]
left = stage.map.get_waypoint(start.location).left_lane_marking
facts["left_mark"] = str(left.type)
leave(facts, (imu_actor, gnss_actor, marks_actor, *(actor for actor, _ in noisy.values())))
