"""Doors and steered wheels, seen by cameras and a lidar."""

from __future__ import annotations

import queue
from typing import Any

import carla
import numpy as np
from common import Stage, beside, leave, straight_spawn

WIDTH, HEIGHT = 320, 180
DRIVER = carla.VehicleDoor.FL
LEFT = carla.VehicleWheelLocation.FL_Wheel

stage = Stage()
world = stage.world
start = straight_spawn(stage)
car = stage.vehicle("vehicle.lincoln.mkz_2020", start)
car.apply_control(carla.VehicleControl(brake=1.0))
world.freeze_all_traffic_lights(True)
stage.ticks(20)
facts: dict[str, Any] = {"half_width": car.bounding_box.extent.y}


def seen(heard: queue.Queue[Any], frame: int) -> Any:
    """Return a sensor's data of a frame."""
    while (data := heard.get(timeout=250)).frame != frame:
        pass
    return data


def pixels(heard: queue.Queue[Any], frame: int) -> np.ndarray:
    """Return the picture (H, W, 4) of a frame."""
    picture = seen(heard, frame)
    return np.frombuffer(picture.raw_data, np.uint8).reshape(HEIGHT, WIDTH, 4).copy()


# Ahead of the car on its left, looking back at it; the lidar hangs beside it.
back = carla.Rotation(yaw=start.rotation.yaw + 145.0)
eye = carla.Transform(beside(start, 6.0, -4.0, 1.5).location, back)
size = {"image_size_x": WIDTH, "image_size_y": HEIGHT}
rgb, pictures = stage.sensor("sensor.camera.rgb", None, eye, **size)
tags, labels = stage.sensor("sensor.camera.instance_segmentation", None, eye, **size)
lidar, sweeps = stage.sensor(
    "sensor.lidar.ray_cast_semantic",
    car,
    carla.Transform(carla.Location(x=-0.2, y=-2.5, z=0.9)),
    points_per_second=200000,
    channels=32,
    rotation_frequency=20,
    range=10,
    upper_fov=10,
    lower_fov=-10,
)


def look() -> dict[str, Any]:
    """Tick, and return the picture, the car's pixels and how far left of it the lidar hits it."""
    frame = world.tick()
    label = pixels(labels, frame)
    number = label[..., 1].astype(int) + 256 * label[..., 0].astype(int)
    points = [p for p in seen(sweeps, frame) if p.object_idx == car.id]
    return {
        "rgb": pixels(pictures, frame),
        "mine": (number == car.id % 65536) & (label[..., 2] == 14),
        "left_m": max(2.5 - p.point.y for p in points),
    }


def compared(one: dict[str, Any], other: dict[str, Any]) -> list[float]:
    """Return how many pixels differ, how many are newly the car's, and the lidar's reach."""
    differ = np.any(one["rgb"] != other["rgb"], axis=-1)
    return [int(differ.sum()), int((other["mine"] & ~one["mine"]).sum()), other["left_m"]]


shut = look()
facts["shut"] = compared(shut, shut)
car.open_door(DRIVER)
stage.ticks(9)
facts["half_open"] = compared(shut, look())
stage.ticks(11)
facts["open"] = compared(shut, look())
car.close_door(DRIVER)
stage.ticks(21)
facts["closed"] = compared(shut, look())
car.open_door(carla.VehicleDoor.All)
stage.ticks(21)
facts["all"] = compared(shut, look())
car.close_door(carla.VehicleDoor.All)
stage.ticks(21)

car.apply_control(carla.VehicleControl(brake=1.0, steer=-0.5))
stage.ticks(20)
steered = look()
facts["angle"] = car.get_wheel_steer_angle(LEFT)
facts["steered"] = compared(shut, steered)
for wheel in (LEFT, carla.VehicleWheelLocation.FR_Wheel):
    car.set_wheel_steer_direction(wheel, 0.0)
facts["straight_for_show"] = compared(shut, look())
leave(facts, (rgb, tags, lidar))
